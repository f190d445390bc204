"""The home feed."""

import random
from datetime import timedelta

import pytest
from django.db.models import Q

from snappio.accounts.models import User
from snappio.accounts.tests.factories import client_of, make_member
from snappio.core.clock import now
from snappio.feeds.models import TagFollow
from snappio.feeds.queries.home import home_page
from snappio.posts.models import Post
from snappio.posts.services.publishing import Options
from snappio.posts.tests.factories import make_close_friend, make_follower, make_post
from snappio.relationships.models import Block, Follow, Mute

FEED = "/api/v1/feed/"
POSITION = "/api/v1/feed/position/"


def contents(client, **query):
    answer = client.get(FEED, query)
    assert answer.status_code == 200
    return [post["content"] for post in answer.json()]


def test_shows_those_one_follows_and_oneself_newest_first(as_alice, alice, bob, carol):
    make_follower(alice, bob)
    for author, text in ((alice, "mine"), (bob, "bob's"), (carol, "stranger's"), (alice, "too")):
        make_post(author, text)

    assert contents(as_alice) == ["too", "bob's", "mine"]
    listed = as_alice.get("/api/v1/posts/?username=bob").json()
    assert as_alice.get(FEED).json()[1:2] == listed


def test_shows_what_each_post_is_for(as_alice, alice, bob, carol):
    for author in (bob, carol):
        make_follower(alice, author)
        for visibility in ("public", "followers", "close_friends"):
            make_post(author, f"{author.username}: {visibility}", Options(visibility=visibility))
    make_close_friend(bob, alice)
    make_post(alice, "mine", Options(visibility="close_friends"))

    assert contents(as_alice) == [
        "mine", "carol: followers", "carol: public",
        "bob: close_friends", "bob: followers", "bob: public",
    ]  # fmt: skip


def test_close_friends_of_whom_one_does_not_follow_are_not_in_the_feed(as_alice, alice, bob):
    make_close_friend(bob, alice)
    make_post(bob, "close", Options(visibility="close_friends"))

    assert contents(as_alice) == []


def test_a_request_shows_nothing(as_alice, alice, bob):
    User.objects.filter(pk=bob.pk).update(is_private=True)
    Follow.objects.create(follower=alice, followed=bob)
    make_post(bob)

    assert contents(as_alice) == []
    Follow.objects.update(accepted_at=now())
    assert contents(as_alice) == ["At the sea"]


def test_leaves_out_the_muted_until_the_mute_is_over(as_alice, alice, bob, carol):
    for author in (bob, carol):
        make_follower(alice, author)
        make_post(author, author.username)
        make_post(author, f"{author.username} #tea")
    TagFollow.objects.create(member=alice, tag="tea")
    Mute.objects.create(muter=alice, muted=bob)
    Mute.objects.create(muter=alice, muted=carol, until=now() - timedelta(seconds=1))
    # Who mutes her does not matter to her.
    Mute.objects.create(muter=carol, muted=alice)

    assert contents(as_alice) == ["carol #tea", "carol"]


def test_shows_public_posts_of_tags_one_follows(as_alice, alice, bob, carol, mallory):
    TagFollow.objects.create(member=alice, tag="tea")
    make_post(bob, "more #Tea")
    make_post(bob, "for followers #tea", Options(visibility="followers"))
    make_post(bob, "#coffee")
    Block.objects.create(blocker=mallory, blocked=alice)
    make_post(mallory, "blocked #tea")
    User.objects.filter(pk=carol.pk).update(is_private=True)
    make_post(carol, "private #tea")

    assert contents(as_alice) == ["more #Tea"]


def test_shows_a_post_once_for_however_many_reasons(as_alice, alice, bob):
    make_follower(alice, bob)
    for tag in ("tea", "cup"):
        TagFollow.objects.create(member=alice, tag=tag)
    make_post(bob, "#tea in a #cup")

    assert contents(as_alice) == ["#tea in a #cup"]


def test_shows_nothing_of_who_is_gone(as_alice, alice, bob):
    make_follower(alice, bob)
    make_post(bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert contents(as_alice) == []


def expected_ids(member):
    """The same by the plainest query there is."""
    followed = Follow.objects.accepted().filter(follower=member).values("followed")
    muted = Mute.objects.in_force(at=now()).filter(muter=member).values("muted")
    tags = TagFollow.objects.filter(member=member).values("tag")
    held = Q(visibility="close_friends", author__close_friends__friend=member)
    followed_posts = Q(author__in=followed) & (~Q(visibility="close_friends") | held)
    tagged = Q(tags__tag__in=tags, visibility="public", author__is_private=False)
    heard = (followed_posts | tagged) & ~Q(author__in=muted)
    posts = Post.objects.filter(heard | Q(author=member), author__is_active=True)
    return list(posts.order_by("-pk").values_list("pk", flat=True).distinct())


@pytest.mark.parametrize("seed", range(3))
def test_pages_hold_exactly_what_the_plainest_query_finds(alice, seed):
    chance = random.Random(seed)
    authors = [alice, *(make_member(f"author{n}") for n in range(8))]
    for author in authors[1:]:
        if chance.random() < 0.7:
            make_follower(alice, author)
        if chance.random() < 0.4:
            make_close_friend(author, alice)
        if chance.random() < 0.2:
            Mute.objects.create(muter=alice, muted=author)
    TagFollow.objects.create(member=alice, tag="tea")
    for _ in range(60):
        visibility = chance.choice(["public", "public", "followers", "close_friends"])
        # Some post often and some hardly ever.
        author = authors[min(int(chance.expovariate(0.5)), 8)]
        make_post(author, chance.choice(["x", "#tea"]), Options(visibility=visibility))

    found, before = [], None
    for _ in range(60):
        page = home_page(alice, limit=4, before=before)
        found += [post.id for post in page.rows]
        if page.next_cursor is None:
            break
        assert len(page.rows) == 4
        before = found[-1]

    assert found == expected_ids(alice)


def test_pages(alice, bob, django_assert_num_queries):
    make_follower(alice, bob)
    for n in range(3):
        make_post(bob, str(n))
    client = client_of(alice)

    first = client.get(f"{FEED}?limit=2")
    second = client.get(first["Link"].partition("<")[2].partition(">")[0])

    assert [post["content"] for post in first.json() + second.json()] == ["2", "1", "0"]
    assert "Link" not in second
    for limit in (1, 3):
        with django_assert_num_queries(3):  # session, which posts, posts
            assert len(client.get(f"{FEED}?limit={limit}").json()) == limit


@pytest.mark.parametrize("path", [FEED, POSITION, "/api/v1/tags/"])
def test_is_for_members(anonymous, db, path):
    assert anonymous.get(path).status_code == 401


def test_refuses_a_forged_cursor(as_alice):
    assert as_alice.get(f"{FEED}?cursor=x").json()["code"] == "bad_cursor"


# --- How far one has seen it -----------------------------------------------------


def test_the_position_moves_forward_only_and_to_the_newest_at_most(as_alice, alice, bob):
    first, second = make_post(bob), make_post(bob)
    other_device = client_of(alice)

    assert as_alice.get(POSITION).json() == {"post": 0}
    for given, seen in ((second.pk, second.pk), (first.pk, second.pk), (2**63 - 1, second.pk)):
        answer = as_alice.put(POSITION, {"post": given}, format="json")
        assert (answer.status_code, answer.json()) == (200, {"post": seen})
        assert other_device.get(POSITION).json() == {"post": seen}
    assert client_of(bob).get(POSITION).json() == {"post": 0}


@pytest.mark.parametrize("post", [None, "x", -1, 2**63, 1.5, [1]])
def test_refuses_what_is_no_position(as_alice, post):
    answer = as_alice.put(POSITION, {"post": post}, format="json")

    assert (answer.status_code, set(answer.json())) == (400, {"post"})
