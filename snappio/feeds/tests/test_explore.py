"""Looking around: recent posts, ranked."""

from datetime import UTC, datetime, timedelta

import pytest

from snappio.accounts.models import User
from snappio.accounts.tests.factories import client_of, make_member
from snappio.feeds.queries.explore import Candidate, ranked
from snappio.posts.models import Post
from snappio.posts.services.publishing import Options
from snappio.posts.services.reactions import like_post
from snappio.posts.tests.factories import make_comment, make_follower, make_post
from snappio.relationships.models import Block, Mute

EXPLORE = "/api/v1/explore/"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def contents(client, **query):
    answer = client.get(EXPLORE, query)
    assert answer.status_code == 200
    return [post["content"] for post in answer.json()]


def candidate(number, *, hours_old=0.0, likes=0, author=None, own=False):
    created_at = NOON - timedelta(hours=hours_old)
    return Candidate(number, author or number, likes, created_at, own)


def order(*candidates):
    return [place.id for place in ranked(candidates)]


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        # The newer; of the same moment the later.
        ([candidate(1, hours_old=1), candidate(2)], [2, 1]),
        ([candidate(1), candidate(2)], [2, 1]),
        # Three likes are two doublings: a day.
        ([candidate(1, hours_old=23, likes=3), candidate(2)], [1, 2]),
        ([candidate(1, hours_old=25, likes=3), candidate(2)], [2, 1]),
        # The author's own like is none.
        ([candidate(1, likes=1, own=True), candidate(2)], [2, 1]),
        # One author's posts fall behind each other.
        (
            [candidate(1, author=7), candidate(2, author=7), candidate(3, hours_old=5),
             candidate(4, hours_old=13)],
            [2, 3, 1, 4],
        ),
        ([], []),
    ],
)  # fmt: skip
def test_ranks_by_time_and_likes(candidates, expected):
    assert order(*candidates) == expected


def test_lists_the_best_ranked_first(anonymous, alice, bob, carol):
    liked = make_post(alice, "liked")
    make_comment(make_post(bob, "talked about"), carol)
    make_post(carol, "newer")
    like_post(post_id=liked.pk, member=bob)

    assert contents(anonymous) == ["liked", "newer", "talked about"]


def test_shows_public_posts_of_whom_strangers_may_come_across(anonymous, alice, bob, carol):
    make_post(alice, "public")
    make_post(alice, "for followers", Options(visibility="followers"))
    User.objects.filter(pk=bob.pk).update(is_private=True)
    make_post(bob, "private")
    User.objects.filter(pk=carol.pk).update(is_discoverable=False)
    make_post(carol, "not to be come across")
    reader = make_member("reader")
    make_follower(reader, alice)
    make_follower(reader, bob)

    assert contents(anonymous) == ["public"]
    assert contents(client_of(reader)) == ["public"]


def test_leaves_out_the_blocked_the_muted_and_oneself(as_alice, alice, bob, carol, mallory):
    blocking = make_member("blocking")
    for author in (alice, bob, carol, mallory, blocking):
        make_post(author, author.username)
    Mute.objects.create(muter=alice, muted=bob)
    Block.objects.create(blocker=alice, blocked=mallory)
    Block.objects.create(blocker=blocking, blocked=alice)

    assert contents(as_alice) == ["carol"]


def test_later_pages_rank_the_posts_of_the_first(anonymous, db):
    authors = [make_member(f"author{n}") for n in range(5)]
    for author in authors:
        make_post(author, author.username)

    first = anonymous.get(EXPLORE, {"limit": 2})
    make_post(authors[0], "added meanwhile")
    address, found = first["Link"].partition("<")[2].partition(">")[0], first.json()
    for _ in range(2):
        page = anonymous.get(address)
        found += page.json()
        address = page.get("Link", "").partition("<")[2].partition(">")[0]

    assert [post["content"] for post in found] == [f"author{n}" for n in (4, 3, 2, 1, 0)]
    assert address == ""


@pytest.mark.parametrize("limit", [1, 3])
def test_takes_as_many_queries_however_long(as_alice, alice, limit, django_assert_num_queries):
    for n in range(3):
        make_post(make_member(f"author{n}"))

    with django_assert_num_queries(3):  # session, candidates, posts
        assert len(contents(as_alice, limit=limit)) == limit


@pytest.mark.parametrize("cursor", ["x", "MQ", "LTE", "MS4yLjMuNA"])
def test_refuses_a_forged_cursor(anonymous, db, cursor):
    assert anonymous.get(EXPLORE, {"cursor": cursor}).json()["code"] == "bad_cursor"


def test_looks_at_a_bounded_number_of_posts(anonymous, alice, monkeypatch):
    post = make_post(alice, "beyond")
    Post.objects.filter(pk=post.pk).update(likes_count=1_000_000)
    from snappio.feeds.queries import explore

    monkeypatch.setattr(explore, "WINDOW", 2)
    explore._recent.cache_clear()
    for n in range(2):
        make_post(make_member(f"author{n}"), str(n))

    assert contents(anonymous) == ["1", "0"]
    explore._recent.cache_clear()
