"""Two connections at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from django.db import connection, transaction

from snappio.accounts.models import User
from snappio.accounts.services.members import close_account
from snappio.core.errors import DomainError
from snappio.relationships.models import Block, Follow, FollowCounts
from snappio.relationships.services.blocks import block
from snappio.relationships.services.departures import end_all_of
from snappio.relationships.services.follows import (
    accept_request,
    follow_member,
    unfollow_member,
)

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 10


def at_once(*deeds: Callable[[], object]) -> None:
    """Run each on a connection of its own; raise what one raises that is no refusal."""
    barrier = Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> None:
        barrier.wait(10)
        try:
            with suppress(DomainError):
                deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        list(pool.map(run, deeds))


def require_exact_counts() -> None:
    held = Follow.objects.accepted()
    for member in User.objects.all():
        row = FollowCounts.objects.get_or_create(member=member)[0]
        assert row.followers == held.filter(followed=member).count()
        assert row.following == held.filter(follower=member).count()


def test_following_and_unfollowing_each_other_counts_exactly(alice, bob):
    for _ in range(ROUNDS):
        at_once(
            lambda: follow_member(follower=alice, username="bob"),
            lambda: follow_member(follower=bob, username="alice"),
            lambda: follow_member(follower=alice, username="bob"),
            lambda: unfollow_member(follower=alice, username="bob"),
        )

        require_exact_counts()


def test_a_request_accepted_twice_counts_once(alice, bob):
    User.objects.filter(pk=bob.pk).update(is_private=True)
    for _ in range(ROUNDS):
        follow_member(follower=alice, username="bob")
        at_once(
            lambda: accept_request(followed=bob, username="alice"),
            lambda: accept_request(followed=bob, username="alice"),
        )

        assert FollowCounts.objects.get(member=bob).followers == 1
        unfollow_member(follower=alice, username="bob")


def test_no_follow_stands_behind_a_block(alice, bob):
    for _ in range(ROUNDS):
        at_once(
            lambda: block(blocker=bob, blocked=alice),
            lambda: follow_member(follower=alice, username="bob"),
            lambda: follow_member(follower=bob, username="alice"),
        )

        assert not Follow.objects.exists()
        require_exact_counts()
        Block.objects.all().delete()


def test_two_who_block_each_other_do_not_wait_in_a_circle(alice, bob):
    for _ in range(ROUNDS):
        at_once(
            lambda: block(blocker=bob, blocked=alice),
            lambda: block(blocker=alice, blocked=bob),
        )

        assert Block.objects.count() == 1
        Block.objects.all().delete()


def test_nobody_follows_an_account_that_is_closed_at_this_moment(alice, bob):
    def close() -> None:
        with transaction.atomic():
            close_account(bob)
            end_all_of(bob)

    at_once(close, lambda: follow_member(follower=alice, username="bob"))

    assert not Follow.objects.exists()
    require_exact_counts()
