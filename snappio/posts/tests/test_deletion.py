"""What goes with a post, and what goes with an account."""

import pytest

from snappio.accounts.tests.factories import client_of
from snappio.posts import models
from snappio.posts.models import Comment, CommentLike, Post
from snappio.posts.services import comments, reactions
from snappio.posts.tests.factories import make_comment, make_post

PARTS = ("Like", "Bookmark", "Comment", "CommentLike", "PostTag", "PostMention", "PostRevision",
         "PostImage")  # fmt: skip


@pytest.fixture
def busy(alice, bob, carol):
    """A post of alice's and one of carol's on which all three have done all there is to do."""
    posts = [make_post(author, "@bob at the #sea") for author in (alice, carol)]
    for post in posts:
        client_of(post.author).patch(f"/api/v1/posts/{post.pk}/", {"content": "@bob #sea later"})
        thread = make_comment(post, carol)
        for member in (alice, bob, carol):
            reactions.like_post(post_id=post.pk, member=member)
            reactions.keep_post(post_id=post.pk, member=member)
            own = make_comment(post, member)
            make_comment(post, member, parent=thread)
            make_comment(post, carol, parent=own)
            comments.like_comment(comment_id=thread.pk, member=member)
            comments.like_comment(comment_id=own.pk, member=carol)
    return posts


def counted():
    """What the counters say, and what there is."""
    said = [(post.likes_count, post.comments_count) for post in Post.objects.order_by("pk")]
    there = [(post.likes.count(), post.comments.count()) for post in Post.objects.order_by("pk")]
    said += [(one.likes_count, one.answers_count) for one in Comment.objects.order_by("pk")]
    there += [(one.likes.count(), one.answers.count()) for one in Comment.objects.order_by("pk")]
    return said, there


def test_all_that_hangs_on_a_post_goes_with_it(alice, busy):
    mine, other = busy
    kept = {part: getattr(models, part).objects.count() // 2 for part in PARTS}
    assert all(kept.values())

    assert client_of(alice).delete(f"/api/v1/posts/{mine.pk}/").status_code == 204

    assert list(Post.objects.all()) == [other]
    assert {part: getattr(models, part).objects.count() for part in PARTS} == kept
    said, there = counted()
    assert said == there


def test_all_that_a_member_did_goes_with_the_account(bob, busy):
    assert client_of(bob).delete("/api/v1/users/profile/").status_code == 204

    assert Post.objects.count() == 2
    # Of each post two likes; the thread with two answers, two comments with one each.
    said, there = counted()
    assert said == there
    assert said[:2] == [(2, 7), (2, 7)]
    assert not Comment.objects.filter(author=bob).exists()
    assert not CommentLike.objects.filter(member=bob).exists()
    for part in ("Like", "Bookmark", "PostMention"):
        assert not getattr(models, part).objects.filter(member=bob).exists()


def test_the_posts_of_an_account_go_with_what_others_did_there(alice, busy):
    assert client_of(alice).delete("/api/v1/users/profile/").status_code == 204

    said, there = counted()
    assert said == there
    assert Post.objects.count() == 1
