"""Likes and bookmarks."""

import pytest
from django.db import connection

from snappio.accounts.tests.factories import client_of, make_member
from snappio.posts.models import Bookmark, Like, Post
from snappio.posts.services import reactions
from snappio.posts.tests.factories import make_post

POSTS = "/api/v1/posts/"
BOOKMARKS = "/api/v1/bookmarks/"


def shown(client, post):
    return client.get(f"{POSTS}{post.pk}/").json()


def test_a_like_is_counted_once_and_taken_back_once(anonymous, as_bob, alice):
    post = make_post(alice)

    for method, count in (("put", 1), ("put", 1), ("delete", 0), ("delete", 0), ("put", 1)):
        answer = getattr(as_bob, method)(f"{POSTS}{post.pk}/like/")
        assert (answer.status_code, answer.content) == (204, b"")
        assert shown(as_bob, post)["likes_count"] == count
        assert shown(as_bob, post)["liked"] is (count == 1)
        assert shown(anonymous, post)["likes_count"] == count
        assert shown(anonymous, post)["liked"] is False


def test_says_who_likes_a_post_the_latest_first(anonymous, alice, bob, carol):
    post = make_post(alice)
    for member in (bob, alice, carol):
        reactions.like_post(post_id=post.pk, member=member)

    first = anonymous.get(f"{POSTS}{post.pk}/likes/", {"limit": 2})
    rest = anonymous.get(first["Link"].partition("<")[2].partition(">")[0])

    assert [one["username"] for one in first.json() + rest.json()] == ["carol", "alice", "bob"]
    assert "Link" not in rest
    assert set(rest.json()[0]) == {"id", "username", "name", "liked_at"}


def test_a_bookmark_is_seen_by_its_member_alone(as_alice, as_bob, alice):
    post = make_post(alice)

    for _ in range(2):
        assert as_bob.put(f"{POSTS}{post.pk}/bookmark/").status_code == 204

    assert shown(as_bob, post)["bookmarked"] is True
    assert shown(as_alice, post)["bookmarked"] is False
    assert as_bob.get(BOOKMARKS).json() == [shown(as_bob, post)]
    assert as_alice.get(BOOKMARKS).json() == []
    for _ in range(2):
        assert as_bob.delete(f"{POSTS}{post.pk}/bookmark/").status_code == 204
    assert as_bob.get(BOOKMARKS).json() == []


def test_lists_bookmarks_the_latest_kept_first(as_bob, alice):
    one, two, three = (make_post(alice, text) for text in ("one", "two", "three"))
    for post in (two, three, one):
        as_bob.put(f"{POSTS}{post.pk}/bookmark/")

    first = as_bob.get(BOOKMARKS, {"limit": 2})
    rest = as_bob.get(first["Link"].partition("<")[2].partition(">")[0])

    assert [post["content"] for post in first.json() + rest.json()] == ["one", "three", "two"]


def test_bookmarks_have_an_end(as_bob, bob, alice, settings):
    from dataclasses import replace

    settings.LIMITS = replace(settings.LIMITS, bookmarks=1)
    kept, refused = make_post(alice), make_post(alice)
    as_bob.put(f"{POSTS}{kept.pk}/bookmark/")

    answer = as_bob.put(f"{POSTS}{refused.pk}/bookmark/")

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_bookmarks")
    assert as_bob.put(f"{POSTS}{kept.pk}/bookmark/").status_code == 204
    assert Bookmark.objects.count() == 1


def test_likes_have_a_rate(as_bob, alice, rate_limits, settings):
    from dataclasses import replace

    from snappio.core.limits import Rate

    settings.LIMITS = replace(settings.LIMITS, likes_member=Rate(1, 3600))
    post = make_post(alice)

    codes = [as_bob.put(f"{POSTS}{post.pk}/like/").status_code for _ in range(2)]

    assert codes == [204, 429]
    assert as_bob.delete(f"{POSTS}{post.pk}/like/").status_code == 204


@pytest.mark.parametrize(
    ("path", "queries"), [("posts/", 2), ("posts/{post}/likes/", 3), ("bookmarks/", 3)]
)
def test_lists_with_as_many_queries_however_long(alice, bob, path, queries, capture):
    as_alice, posts = client_of(alice), [make_post(bob) for _ in range(3)]
    members = [alice, *(make_member(f"fan{n}") for n in range(2))]
    for member in members:
        reactions.like_post(post_id=posts[0].pk, member=member)
    for post in posts:
        reactions.keep_post(post_id=post.pk, member=alice)
    address = "/api/v1/" + path.format(post=posts[0].pk)

    for limit in (1, 3):
        assert capture(lambda size=limit: as_alice.get(address, {"limit": size})) == queries
        assert len(as_alice.get(address, {"limit": limit}).json()) == limit


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_counts_likes_exactly_however_many_come_at_once(alice, at_once):
    post = make_post(alice)
    members = [make_member(f"fan{n}") for n in range(6)]
    clients = [client_of(member) for member in members for _ in range(2)]

    def toggle(client, number):
        for method in ("put", "delete", "put") if number % 3 else ("put", "delete"):
            answer = getattr(client, method)(f"{POSTS}{post.pk}/like/")
            assert answer.status_code == 204

    at_once(*(lambda c=client, n=n: toggle(c, n) for n, client in enumerate(clients)))

    post.refresh_from_db()
    assert post.likes_count == Like.objects.filter(post=post).count()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_a_like_while_the_post_is_deleted_leaves_nothing(alice, bob, at_once):
    for _ in range(5):
        post = make_post(alice)
        liking, deleting = client_of(bob), client_of(alice)

        codes = at_once(
            lambda c=liking, p=post: c.put(f"{POSTS}{p.pk}/like/").status_code,
            lambda c=deleting, p=post: c.delete(f"{POSTS}{p.pk}/").status_code,
        )

        assert codes[0] in {204, 404}
        assert codes[1] == 204
    assert not Post.objects.exists()
    assert not Like.objects.exists()
