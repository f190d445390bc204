"""What other apps filter by, plain and compiled."""

from datetime import timedelta

import pytest
from django.db.models import BigIntegerField, DateTimeField

from snappio.accounts.models import User
from snappio.core.clock import now
from snappio.core.compiled import compiled, parameter
from snappio.relationships.conditions import (
    blocked_with,
    followed_by,
    holding_close,
    muted_by,
    open_to,
    shown_to,
)
from snappio.relationships.models import Block, CloseFriend, Follow, Mute
from snappio.relationships.queries import blocked_between, is_blocked_between

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(alice, bob, carol, mallory):
    """Alice follows bob, asks carol, blocks mallory; bob and carol are private."""
    User.objects.filter(pk__in=[bob.pk, carol.pk]).update(is_private=True)
    Follow.objects.create(follower=alice, followed=bob, accepted_at=now())
    Follow.objects.create(follower=alice, followed=carol)
    Block.objects.create(blocker=alice, blocked=mallory)


def names(condition):
    return set(User.objects.filter(condition).values_list("username", flat=True))


def test_a_block_acts_both_ways(cast, alice, mallory):
    assert names(blocked_with(alice.pk, "pk")) == {"mallory"}
    assert names(blocked_with(mallory.pk, "pk")) == {"alice"}


def test_a_request_is_no_follow(cast, alice):
    assert names(followed_by(alice.pk, "pk")) == {"bob"}


def test_private_members_are_open_to_followers_and_themselves(cast, alice, bob, carol):
    assert names(open_to(alice.pk, "pk")) == {"alice", "bob", "mallory"}
    assert names(open_to(bob.pk, "pk")) == {"alice", "bob", "mallory"}
    assert names(open_to(carol.pk, "pk")) == {"alice", "carol", "mallory"}


def test_nothing_private_is_shown_to_who_is_not_signed_in(cast):
    assert names(shown_to(None, "pk")) == {"alice", "mallory"}


def test_nothing_is_shown_across_a_block(cast, alice, mallory):
    assert names(shown_to(alice.pk, "pk")) == {"alice", "bob"}
    assert names(shown_to(mallory.pk, "pk")) == {"mallory"}


def test_a_mute_ends_by_itself(alice, bob, carol):
    at = now()
    Mute.objects.create(muter=alice, muted=bob, until=at + timedelta(seconds=1))
    Mute.objects.create(muter=alice, muted=carol)

    assert names(muted_by(alice.pk, "pk", at=at)) == {"bob", "carol"}
    assert names(muted_by(alice.pk, "pk", at=at + timedelta(seconds=1))) == {"carol"}


def test_close_friends_are_those_who_are_held_close(alice, bob):
    CloseFriend.objects.create(owner=alice, friend=bob)

    assert names(holding_close(bob.pk, "pk")) == {"alice"}
    assert names(holding_close(alice.pk, "pk")) == set()


def test_conditions_can_be_compiled(cast, alice, mallory):
    Mute.objects.create(muter=alice, muted=User.objects.get(username="bob"))

    @compiled
    def shown():
        viewer = parameter("viewer", BigIntegerField())
        members = User.objects.filter(shown_to(viewer, "pk"))
        unmuted = members.exclude(muted_by(viewer, "pk", at=parameter("at", DateTimeField())))
        return unmuted.order_by("pk").values_list("username")

    assert shown().rows(viewer=alice.pk, at=now()) == [("alice",)]
    assert shown().rows(viewer=mallory.pk, at=now()) == [("mallory",)]
    assert shown().rows(viewer=None, at=now()) == [("alice",), ("mallory",)]


def test_blocked_between_gives_both_directions(alice, bob, carol, mallory):
    Block.objects.create(blocker=alice, blocked=bob)
    Block.objects.create(blocker=carol, blocked=alice)

    assert blocked_between(alice.pk, [bob.pk, carol.pk, mallory.pk]) == {bob.pk, carol.pk}
    assert blocked_between(mallory.pk, [alice.pk, bob.pk]) == set()
    assert is_blocked_between(alice.pk, carol.pk)
    assert not is_blocked_between(bob.pk, carol.pk)


def test_blocked_between_takes_one_query(alice, bob, carol, django_assert_num_queries):
    with django_assert_num_queries(1):
        blocked_between(alice.pk, [bob.pk, carol.pk])
