"""Tags: what is posted under them, and following them."""

from dataclasses import replace

import pytest

from snappio.accounts.tests.factories import client_of
from snappio.feeds.models import FeedPosition, TagFollow
from snappio.posts.services.publishing import Options
from snappio.posts.tests.factories import make_follower, make_post
from snappio.relationships.models import Block, Mute

TAGS = "/api/v1/tags/"
NO_TAG = {"detail": "No such tag.", "code": "tag_not_found"}


def contents(client, tag, **query):
    answer = client.get(f"{TAGS}{tag}/posts/", query)
    assert answer.status_code == 200
    return [post["content"] for post in answer.json()]


def test_lists_what_is_posted_under_a_tag_however_it_is_spelt(anonymous, alice, bob):
    for author, text in ((alice, "#Tea"), (bob, "no tea"), (bob, "#TEA #tea"), (bob, "#teas")):
        make_post(author, text)

    for tag in ("tea", "TEA", "Ｔea"):
        assert contents(anonymous, tag) == ["#TEA #tea", "#Tea"]
    assert contents(anonymous, "nothing") == []


def test_shows_what_the_viewer_may_see(anonymous, alice, bob, carol, mallory):
    as_alice = client_of(alice)
    make_follower(alice, bob)
    make_post(bob, "for followers #tea", Options(visibility="followers"))
    make_post(bob, "for friends #tea", Options(visibility="close_friends"))
    make_post(carol, "muted #tea")
    make_post(mallory, "blocked #tea")
    Mute.objects.create(muter=alice, muted=carol)
    Block.objects.create(blocker=alice, blocked=mallory)

    assert contents(as_alice, "tea") == ["for followers #tea"]
    assert contents(anonymous, "tea") == ["blocked #tea", "muted #tea"]


def test_pages_with_constant_queries(anonymous, alice, django_assert_num_queries):
    for n in range(3):
        make_post(alice, f"#tea {n}")

    first = anonymous.get(f"{TAGS}tea/posts/", {"limit": 2})
    rest = anonymous.get(first["Link"].partition("<")[2].partition(">")[0])

    assert [post["content"] for post in first.json() + rest.json()] == [
        "#tea 2",
        "#tea 1",
        "#tea 0",
    ]
    for limit in (1, 3):
        with django_assert_num_queries(2):
            assert len(contents(anonymous, "tea", limit=limit)) == limit


@pytest.mark.parametrize("tag", ["1", "a b", "a%00b", "x" * 101, "%20", "%ff", "a-b", "%23tea"])
def test_what_cannot_be_a_tag_is_not_there(as_alice, tag):
    for method, path in (("get", "posts"), ("put", "follow"), ("delete", "follow")):
        answer = getattr(as_alice, method)(f"{TAGS}{tag}/{path}/")
        assert (answer.status_code, answer.json()) == (404, NO_TAG)


def test_follows_a_tag_once_and_no_more(as_alice, alice):
    for method, path, followed in (
        ("put", "Tea", ["tea"]),
        ("put", "TEA", ["tea"]),
        ("put", "cup", ["cup", "tea"]),
        ("delete", "tea", ["cup"]),
        ("delete", "tea", ["cup"]),
    ):
        answer = getattr(as_alice, method)(f"{TAGS}{path}/follow/")
        assert (answer.status_code, answer.content) == (204, b"")
        assert as_alice.get(TAGS).json() == followed


# R24
def test_follows_a_bounded_number_of_tags(as_alice, settings):
    settings.LIMITS = replace(settings.LIMITS, tags_followed=1)
    as_alice.put(f"{TAGS}tea/follow/")

    answer = as_alice.put(f"{TAGS}cup/follow/")

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_tags")
    assert as_alice.put(f"{TAGS}tea/follow/").status_code == 204
    assert as_alice.get(TAGS).json() == ["tea"]


@pytest.mark.parametrize("method", ["put", "delete"])
def test_the_anonymous_follow_nothing(anonymous, db, method):
    for tag in ("tea", "1"):
        assert getattr(anonymous, method)(f"{TAGS}{tag}/follow/").status_code == 401


def test_what_a_member_follows_goes_with_the_account(alice, bob):
    for member in (alice, bob):
        client = client_of(member)
        client.put(f"{TAGS}tea/follow/")
        client.put("/api/v1/feed/position/", {"post": 1})

    client_of(alice).delete("/api/v1/users/profile/")

    for model in (TagFollow, FeedPosition):
        assert [row.member_id for row in model.objects.all()] == [bob.pk]
