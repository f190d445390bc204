"""Deleting posts, and all that a member did with posts."""

from typing import Any

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from snappio.accounts.models import User
from snappio.media.models import Media
from snappio.media.services import discard
from snappio.posts import policies
from snappio.posts.models import (
    Bookmark,
    Comment,
    CommentLike,
    Like,
    Post,
    PostImage,
    PostMention,
    PostRevision,
    PostTag,
)
from snappio.posts.services.locking import locked_post

# What hangs on a post and nothing else hangs on.
_PARTS: tuple[Any, ...] = (Like, Bookmark, PostTag, PostMention, PostRevision, PostImage)


@transaction.atomic
def delete_post(*, post_id: int, remover: User) -> None:
    """Delete a post with all that hangs on it; its files go right after the commit."""
    post = locked_post(post_id, viewer=remover)
    policies.require_can_edit(remover, post)

    _delete(Post.objects.filter(pk=post.pk))


def delete_posts_of(author: User) -> None:
    """Delete all that a member posted and did with posts, in the caller's transaction.

    As many statements however much it is. The caller holds the lock on the member's
    row, so that nothing of theirs appears meanwhile.
    """
    _lock_posts_touched_by(author)
    _delete(Post.objects.filter(author=author))
    _take_back_likes(author)
    _take_back_comments(author)
    Bookmark.objects.filter(member=author).delete()
    PostMention.objects.filter(member=author).delete()


def _delete(posts: QuerySet[Post]) -> None:
    discard(Media.objects.filter(post_image__post__in=posts))
    CommentLike.objects.filter(comment__post__in=posts).delete()
    # Answers and what they answer in one statement: the database looks at its end.
    Comment.objects.filter(post__in=posts).delete()
    for part in _PARTS:
        part.objects.filter(post__in=posts).delete()
    posts.delete()


def _lock_posts_touched_by(member: User) -> None:
    # In one order, so that two accounts that close at once do not wait for each other.
    touched = Post.objects.filter(
        Q(author=member)
        | Q(pk__in=Like.objects.filter(member=member).values("post"))
        | Q(pk__in=Comment.objects.filter(author=member).values("post"))
        | Q(pk__in=CommentLike.objects.filter(member=member).values("comment__post"))
    )
    list(touched.order_by("pk").locked().values_list("pk", flat=True))


def _take_back_likes(member: User) -> None:
    likes = Like.objects.filter(member=member)
    Post.objects.filter(pk__in=likes.values("post")).update(likes_count=F("likes_count") - 1)
    likes.delete()
    likes_of_comments = CommentLike.objects.filter(member=member)
    liked = Comment.objects.filter(pk__in=likes_of_comments.values("comment"))
    liked.update(likes_count=F("likes_count") - 1)
    likes_of_comments.delete()


def _take_back_comments(member: User) -> None:
    # What answers them goes with them.
    gone = Comment.objects.filter(Q(author=member) | Q(parent__author=member))
    posts = Post.objects.filter(pk__in=gone.values("post"))
    posts.update(comments_count=F("comments_count") - _count(gone, "post"))
    answers = Comment.objects.filter(author=member, parent__isnull=False)
    answered = Comment.objects.filter(pk__in=answers.values("parent"))
    answered.update(answers_count=F("answers_count") - _count(answers, "parent"))
    CommentLike.objects.filter(comment__in=gone).delete()
    gone.delete()


def _count(comments: QuerySet[Comment], column: str) -> Subquery:
    of_one = comments.filter(**{column: OuterRef("pk")}).order_by().values(column)
    return Subquery(of_one.annotate(count=Count("pk")).values("count"))
