"""A post that the viewer may not see is absent everywhere."""

import pytest

from snappio.accounts.models import User
from snappio.accounts.tests.factories import client_of
from snappio.posts.models import Like
from snappio.posts.services.publishing import Options
from snappio.posts.tests.factories import (
    make_close_friend,
    make_comment,
    make_follower,
    make_post,
)
from snappio.relationships.models import Block, Follow

POSTS = "/api/v1/posts/"
NO_POST = {"detail": "No Post matches the given query.", "code": "not_found"}
NO_COMMENT = {"detail": "No such comment.", "code": "comment_not_found"}

PUBLIC, FOLLOWERS, CLOSE = "public", "followers", "close_friends"
# Who sees what of alice's.
SEEN = {
    "anonymous": {PUBLIC},
    "stranger": {PUBLIC},
    "asking": {PUBLIC},
    "follower": {PUBLIC, FOLLOWERS},
    "followed": {PUBLIC},
    "close": {PUBLIC, CLOSE},
    "blocked": set(),
    "blocking": set(),
    "alice": {PUBLIC, FOLLOWERS, CLOSE},
}
SEEN_WHEN_PRIVATE = {
    **SEEN,
    "anonymous": set(),
    "stranger": set(),
    "asking": set(),
    "followed": set(),
    "close": {CLOSE},
}


@pytest.fixture
def viewers(anonymous, alice):
    """Everybody there may be to alice, signed in."""
    from snappio.accounts.tests.factories import make_member

    names = SEEN.keys() - {"anonymous", "alice"}
    members = {name: make_member(name) for name in names}
    make_follower(members["follower"], alice)
    make_follower(alice, members["followed"])
    Follow.objects.create(follower=members["asking"], followed=alice)
    make_close_friend(alice, members["close"])
    Block.objects.create(blocker=alice, blocked=members["blocked"])
    Block.objects.create(blocker=members["blocking"], blocked=alice)
    return {
        "anonymous": anonymous,
        "alice": client_of(alice),
        **{name: client_of(member) for name, member in members.items()},
    }


@pytest.fixture
def posts(alice):
    return {
        visibility: make_post(alice, visibility, Options(visibility=visibility))
        for visibility in (PUBLIC, FOLLOWERS, CLOSE)
    }


@pytest.mark.parametrize("is_private", [False, True])
def test_lists_and_shows_what_each_may_see(viewers, posts, alice, is_private):
    User.objects.filter(pk=alice.pk).update(is_private=is_private)

    for name, client in viewers.items():
        expected = (SEEN_WHEN_PRIVATE if is_private else SEEN)[name]
        for query in ("", "?username=alice"):
            listed = {post["content"] for post in client.get(f"{POSTS}{query}").json()}
            assert listed == expected, (name, query)
        for visibility, post in posts.items():
            answer = client.get(f"{POSTS}{post.pk}/")
            assert (answer.status_code == 200) == (visibility in expected), (name, visibility)
            assert answer.status_code == 200 or answer.json() == NO_POST


# Every address below a post or a comment, with what is asked of it.
ADDRESSES = [
    ("get", "posts/{post}/"),
    ("patch", "posts/{post}/"),
    ("put", "posts/{post}/"),
    ("delete", "posts/{post}/"),
    ("get", "posts/{post}/history/"),
    ("get", "posts/{post}/likes/"),
    ("put", "posts/{post}/like/"),
    ("delete", "posts/{post}/like/"),
    ("put", "posts/{post}/bookmark/"),
    ("delete", "posts/{post}/bookmark/"),
    ("get", "posts/{post}/comments/"),
    ("post", "posts/{post}/comments/"),
    ("get", "comments/{comment}/"),
    ("patch", "comments/{comment}/"),
    ("delete", "comments/{comment}/"),
    ("put", "comments/{comment}/like/"),
    ("delete", "comments/{comment}/like/"),
]


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_hidden_and_absent_are_alike_at_every_address(viewers, posts, alice, method, path):
    post = posts[FOLLOWERS]
    comment = make_comment(post, alice)

    def ask(client, post_id, comment_id):
        address = "/api/v1/" + path.format(post=post_id, comment=comment_id)
        body = None if method == "get" else {"content": "x"}
        return getattr(client, method)(address, body, format="json")

    for name, client in viewers.items():
        if FOLLOWERS in SEEN[name] or (name == "anonymous" and method != "get"):
            continue
        hidden = ask(client, post.pk, comment.pk)
        absent = ask(client, post.pk + 1000, comment.pk + 1000)
        assert (hidden.status_code, hidden.content) == (404, absent.content), name
        assert hidden.json() == (NO_POST if path.startswith("posts") else NO_COMMENT)


@pytest.mark.parametrize(("method", "path"), [one for one in ADDRESSES if one[0] != "get"])
def test_the_anonymous_change_nothing_not_even_what_is_absent(anonymous, db, method, path):
    answer = getattr(anonymous, method)("/api/v1/" + path.format(post=1, comment=1))

    assert answer.status_code == 401


@pytest.mark.parametrize("number", ["0", "-1", str(2**63), str(2**64), "1e3", "abc", "9" * 400])
@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_finds_nothing_by_nonsense(as_alice, method, path, number):
    address = "/api/v1/" + path.format(post=number, comment=number)

    assert getattr(as_alice, method)(address, {"content": "x"}).status_code == 404


def test_members_across_a_block_see_nothing_of_each_other_under_others_posts(
    anonymous, alice, bob, carol
):
    as_alice, as_bob, post = client_of(alice), client_of(bob), make_post(carol)
    make_comment(post, alice, "from alice")
    comment = make_comment(post, bob, "from bob")
    for client in (as_alice, as_bob):
        client.put(f"{POSTS}{post.pk}/like/")
    Block.objects.create(blocker=alice, blocked=bob)

    def seen(client):
        comments = client.get(f"{POSTS}{post.pk}/comments/").json()
        likes = client.get(f"{POSTS}{post.pk}/likes/").json()
        return ({one["user"] for one in comments}, {one["username"] for one in likes})

    assert seen(as_alice) == ({"alice"}, {"alice"})
    assert seen(as_bob) == ({"bob"}, {"bob"})
    assert seen(anonymous) == ({"alice", "bob"}, {"alice", "bob"})
    assert as_alice.get(f"/api/v1/comments/{comment.pk}/").json() == NO_COMMENT
    assert as_alice.put(f"/api/v1/comments/{comment.pk}/like/").json() == NO_COMMENT
    body = {"content": "x", "parent": comment.pk}
    assert as_alice.post(f"{POSTS}{post.pk}/comments/", body).json() == NO_COMMENT


def test_a_bookmark_of_what_is_hidden_by_now_is_not_shown(as_bob, alice, bob):
    kept, hidden = make_post(alice), make_post(alice)
    for post in (kept, hidden):
        as_bob.put(f"{POSTS}{post.pk}/bookmark/")
    client_of(alice).patch(f"{POSTS}{hidden.pk}/", {"visibility": "followers"})

    assert [post["id"] for post in as_bob.get("/api/v1/bookmarks/").json()] == [kept.pk]


def test_a_members_likes_and_comments_go_unseen_while_disabled(anonymous, as_bob, alice, bob):
    post = make_post(alice)
    as_bob.put(f"{POSTS}{post.pk}/like/")
    make_comment(post, bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert anonymous.get(f"{POSTS}{post.pk}/likes/").json() == []
    assert anonymous.get(f"{POSTS}{post.pk}/comments/").json() == []
    assert Like.objects.count() == 1


@pytest.mark.parametrize("name", ["stranger", "blocked", "anonymous"])
def test_finding_nothing_costs_the_same_for_hidden_and_absent(viewers, posts, capture, name):
    client, post = viewers[name], posts[CLOSE]
    counts = {
        capture(lambda number=number: client.get(f"{POSTS}{number}/likes/"))
        for number in (post.pk, post.pk + 1000)
    }

    assert len(counts) == 1
