"""What members may become to each other, and what they may not."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from snappio.accounts.errors import UnknownMember
from snappio.accounts.models import User
from snappio.accounts.services.members import close_account, disable_member
from snappio.core.errors import NotAuthenticated, TooMany
from snappio.core.limits import DAY, Rate
from snappio.relationships.errors import (
    FollowsTooMany,
    NotYourself,
    RequestNotFound,
    TooManyCloseFriends,
)
from snappio.relationships.models import Block, CloseFriend, Follow, FollowCounts, Mute
from snappio.relationships.services.blocks import block, unblock
from snappio.relationships.services.close_friends import add_close_friend, remove_close_friend
from snappio.relationships.services.departures import end_all_of
from snappio.relationships.services.follows import (
    accept_all_requests,
    accept_request,
    follow_member,
    refuse_request,
    unfollow_member,
)
from snappio.relationships.services.mutes import mute_member, unmute_member

pytestmark = pytest.mark.django_db


def counts_of(member: User) -> tuple[int, int]:
    """Return how many follow the member, and how many they follow."""
    found = FollowCounts.objects.filter(member=member).values_list("followers", "following")
    return found.first() or (0, 0)


@pytest.fixture
def private_bob(bob):
    User.objects.filter(pk=bob.pk).update(is_private=True)
    return bob


def test_following_twice_is_following_once(alice, bob):
    assert follow_member(follower=alice, username="bob").accepted_at is not None
    follow_member(follower=alice, username="bob")

    assert (counts_of(alice), counts_of(bob)) == ((0, 1), (1, 0))


def test_unfollowing_twice_counts_once(alice, bob, carol):
    follow_member(follower=alice, username="bob")
    follow_member(follower=carol, username="bob")
    for _ in range(2):
        unfollow_member(follower=alice, username="bob")

    assert (counts_of(alice), counts_of(bob)) == ((0, 0), (1, 0))


def test_following_a_private_member_only_asks(alice, private_bob):
    assert follow_member(follower=alice, username="bob").accepted_at is None

    assert (counts_of(alice), counts_of(private_bob)) == ((0, 0), (0, 0))


def test_an_accepted_request_is_a_follow(alice, private_bob):
    follow_member(follower=alice, username="bob")
    for _ in range(2):
        accept_request(followed=private_bob, username="alice")

    assert (counts_of(alice), counts_of(private_bob)) == ((0, 1), (1, 0))


def test_a_refused_request_is_gone_and_a_follow_stays(alice, carol, private_bob):
    follow_member(follower=alice, username="bob")
    follow_member(follower=carol, username="bob")
    accept_request(followed=private_bob, username="carol")
    for name in ("alice", "alice", "carol"):
        refuse_request(followed=private_bob, username=name)

    assert list(Follow.objects.values_list("follower__username", flat=True)) == ["carol"]
    with pytest.raises(RequestNotFound):
        accept_request(followed=private_bob, username="alice")


def test_a_withdrawn_request_counts_nothing(alice, private_bob):
    follow_member(follower=alice, username="bob")
    unfollow_member(follower=alice, username="bob")

    assert not Follow.objects.exists()
    assert counts_of(alice) == (0, 0)


def test_who_becomes_public_accepts_all_who_wait(alice, carol, private_bob):
    for member in (alice, carol):
        follow_member(follower=member, username="bob")
    accept_all_requests(private_bob)

    assert [counts_of(m) for m in (alice, carol, private_bob)] == [(0, 1), (0, 1), (2, 0)]


def test_nobody_does_it_to_themselves(alice):
    for deed in (
        lambda: follow_member(follower=alice, username="alice"),
        lambda: mute_member(muter=alice, username="alice", seconds=None),
        lambda: add_close_friend(owner=alice, username="alice"),
        lambda: block(blocker=alice, blocked=alice),
    ):
        with pytest.raises(NotYourself):
            deed()


@pytest.mark.parametrize("model", [Follow, Block, Mute, CloseFriend])
def test_the_database_itself_refuses_oneself(alice, model):
    one, other = [field.name for field in model._meta.fields if field.related_model is User]
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(**{one: alice, other: alice})


@pytest.mark.parametrize("leave", [disable_member, close_account])
def test_nobody_follows_who_is_gone(alice, bob, leave):
    leave(bob)

    with pytest.raises(UnknownMember):
        follow_member(follower=alice, username="bob")
    with pytest.raises(NotAuthenticated):
        follow_member(follower=bob, username="alice")


def test_a_block_ends_what_was_between_the_two_both_ways(alice, bob, carol):
    follow_member(follower=alice, username="bob")
    follow_member(follower=bob, username="alice")
    follow_member(follower=carol, username="bob")
    add_close_friend(owner=alice, username="bob")
    add_close_friend(owner=bob, username="alice")
    add_close_friend(owner=bob, username="carol")
    assert block(blocker=alice, blocked=bob)
    assert not block(blocker=alice, blocked=bob)

    assert list(Follow.objects.values_list("follower__username", flat=True)) == ["carol"]
    assert list(CloseFriend.objects.values_list("friend__username", flat=True)) == ["carol"]
    assert [counts_of(m) for m in (alice, bob, carol)] == [(0, 0), (1, 0), (0, 1)]


ACROSS = {
    "follow": lambda one, other: follow_member(follower=one, username=other.username),
    "unfollow": lambda one, other: unfollow_member(follower=one, username=other.username),
    "accept": lambda one, other: accept_request(followed=one, username=other.username),
    "refuse": lambda one, other: refuse_request(followed=one, username=other.username),
    "mute": lambda one, other: mute_member(muter=one, username=other.username, seconds=None),
    "unmute": lambda one, other: unmute_member(muter=one, username=other.username),
    "hold close": lambda one, other: add_close_friend(owner=one, username=other.username),
    "let go": lambda one, other: remove_close_friend(owner=one, username=other.username),
}


@pytest.mark.parametrize("deed", ACROSS.values(), ids=ACROSS)
def test_across_a_block_nobody_is_there(alice, bob, deed):
    block(blocker=alice, blocked=bob)

    for one, other in ((alice, bob), (bob, alice)):
        with pytest.raises(UnknownMember):
            deed(one, other)


def test_nobody_blocks_who_blocks_them(alice, bob):
    block(blocker=alice, blocked=bob)

    with pytest.raises(UnknownMember):
        block(blocker=bob, blocked=alice)


def test_unblocking_brings_nothing_back(alice, bob):
    follow_member(follower=bob, username="alice")
    block(blocker=alice, blocked=bob)
    for _ in range(2):
        unblock(blocker=alice, blocked=bob)

    assert not Block.objects.exists()
    assert not Follow.objects.exists()
    follow_member(follower=bob, username="alice")


def test_the_last_word_of_a_mute_holds(alice, bob):
    mute_member(muter=alice, username="bob", seconds=None)
    mute_member(muter=alice, username="bob", seconds=60)
    (mute,) = Mute.objects.all()
    assert 59 < (mute.until - mute.created_at).total_seconds() < 61

    for _ in range(2):
        unmute_member(muter=alice, username="bob")
    assert not Mute.objects.exists()


def test_close_friends_are_limited(alice, bob, carol, settings):
    settings.LIMITS = replace(settings.LIMITS, close_friends=1)
    for _ in range(2):
        add_close_friend(owner=alice, username="bob")

    with pytest.raises(TooManyCloseFriends):
        add_close_friend(owner=alice, username="carol")
    for _ in range(2):
        remove_close_friend(owner=alice, username="bob")
    assert not CloseFriend.objects.exists()


def test_requests_count_among_those_who_are_followed(alice, private_bob, carol, settings):
    settings.LIMITS = replace(settings.LIMITS, followed_members=1)
    follow_member(follower=alice, username="bob")

    with pytest.raises(FollowsTooMany):
        follow_member(follower=alice, username="carol")


def test_only_new_follows_are_counted_against_the_day(alice, bob, carol, settings, rate_limits):
    settings.LIMITS = replace(settings.LIMITS, follows_member=Rate(1, DAY))
    for _ in range(3):
        follow_member(follower=alice, username="bob")

    with pytest.raises(TooMany):
        follow_member(follower=alice, username="carol")
    assert counts_of(carol) == (0, 0)


def test_closing_an_account_ends_all(alice, bob, carol, mallory):
    for one, other in ((alice, "bob"), (bob, "alice"), (carol, "alice"), (carol, "bob")):
        follow_member(follower=one, username=other)
    add_close_friend(owner=bob, username="alice")
    mute_member(muter=bob, username="alice", seconds=None)
    block(blocker=mallory, blocked=alice)
    end_all_of(alice)

    assert list(Follow.objects.values_list("follower__username", flat=True)) == ["carol"]
    assert [counts_of(m) for m in (bob, carol)] == [(1, 0), (0, 1)]
    for model in (Block, Mute, CloseFriend):
        assert not model.objects.exists()
    assert not FollowCounts.objects.filter(member=alice).exists()
