"""What one member has posted."""

import pytest

from snappio.accounts.models import User
from snappio.accounts.tests.factories import client_of
from snappio.posts.services.publishing import Options
from snappio.posts.tests.factories import make_follower, make_post
from snappio.relationships.models import Block

POSTS = "/api/v1/users/alice/posts/"


@pytest.fixture
def posts(alice, bob):
    make_post(bob, "another's")
    for visibility in ("public", "followers", "close_friends"):
        make_post(alice, visibility, Options(visibility=visibility))


def contents(client):
    answer = client.get(POSTS)
    assert answer.status_code == 200
    return [post["content"] for post in answer.json()]


def test_lists_what_the_viewer_may_see(anonymous, as_alice, posts, alice, carol):
    make_follower(carol, alice)

    assert contents(anonymous) == ["public"]
    assert contents(client_of(carol)) == ["followers", "public"]
    assert contents(as_alice) == ["close_friends", "followers", "public"]


def test_blocked_gone_and_unknown_are_alike(anonymous, posts, alice, bob, carol):
    Block.objects.create(blocker=alice, blocked=bob)
    Block.objects.create(blocker=carol, blocked=alice)
    unknown = anonymous.get("/api/v1/users/nobody/posts/")

    for member in (bob, carol):
        answer = client_of(member).get(POSTS)
        assert (answer.status_code, answer.content) == (404, unknown.content)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert anonymous.get(POSTS).content == unknown.content
    assert unknown.status_code == 404


@pytest.mark.parametrize("name", ["a%00b", "x" * 51, "%20", "ALICE"])
def test_finds_nobody_by_nonsense(anonymous, alice, name):
    assert anonymous.get(f"/api/v1/users/{name}/posts/").status_code == 404


@pytest.mark.parametrize("limit", [1, 3])
def test_lists_with_two_queries(anonymous, alice, limit, django_assert_num_queries):
    for _ in range(3):
        make_post(alice)

    with django_assert_num_queries(2):
        assert len(anonymous.get(POSTS, {"limit": limit}).json()) == limit
