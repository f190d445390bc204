"""Following, asking to follow, and answering.

locked      both members, in id order, then the rows of `Follow`, then the counts
decided     by the rows: who finds none changes no count
"""

from collections import Counter
from collections.abc import Sequence

from django.db import transaction

from snappio.accounts.models import User
from snappio.core import rates
from snappio.core.clock import now
from snappio.core.limits import current_limits
from snappio.relationships.errors import FollowsTooMany, RequestNotFound
from snappio.relationships.models import Follow, FollowQuerySet
from snappio.relationships.queries import get_visible_member
from snappio.relationships.services.counts import begin_counting, count, in_batches
from snappio.relationships.services.pairs import locked_visible_pair


@transaction.atomic
def follow_member(*, follower: User, username: str) -> Follow:
    """Follow a member, or ask one who is private; doing it again changes nothing.

    Raises `UnknownMember` also across a block, `NotYourself`, `FollowsTooMany`, and
    `TooMany` for yet another one today.
    """
    followed = get_visible_member(username, viewer=follower)
    follower, followed = locked_visible_pair(follower, followed)
    earlier = Follow.objects.filter(follower=follower, followed=followed).first()
    if earlier is not None:
        return earlier
    limits = current_limits()
    if Follow.objects.filter(follower=follower).count() >= limits.followed_members:
        raise FollowsTooMany(limits.followed_members)
    rates.take("follows", str(follower.pk), limits.follows_member)

    at = now()
    accepted_at = None if followed.is_private else at
    begin_counting(follower.pk, followed.pk)
    follow = Follow.objects.create(
        follower=follower, followed=followed, created_at=at, accepted_at=accepted_at
    )
    if accepted_at:
        count(1, followers_of={followed.pk: 1}, following_of={follower.pk: 1})
    return follow


@transaction.atomic
def unfollow_member(*, follower: User, username: str) -> None:
    """Follow a member no more, or ask no more; who does neither changes nothing."""
    followed = get_visible_member(username, viewer=follower)
    locked_visible_pair(follower, followed)

    end_follows(Follow.objects.filter(follower=follower, followed=followed))


@transaction.atomic
def accept_request(*, followed: User, username: str) -> None:
    """Let somebody follow who has asked; who does already stays so.

    Raises `RequestNotFound` for who has not asked.
    """
    follower = get_visible_member(username, viewer=followed)
    locked_visible_pair(followed, follower)
    asked = Follow.objects.filter(follower=follower, followed=followed)
    if not asked.exists():
        raise RequestNotFound

    _accept(asked)


@transaction.atomic
def refuse_request(*, followed: User, username: str) -> None:
    """Have a request gone, of which the other is told nothing; none is none."""
    follower = get_visible_member(username, viewer=followed)
    locked_visible_pair(followed, follower)

    Follow.objects.requested().filter(follower=follower, followed=followed).delete()


def accept_all_requests(followed: User) -> None:
    """Let all follow who wait, in the transaction in which the member becomes public.

    The caller holds the lock on the member's row.
    """
    _accept(Follow.objects.filter(followed=followed))


def end_follows(follows: FollowQuerySet) -> None:
    """Delete follows and requests, in the caller's transaction, and count what held."""
    rows = _locked(follows)
    for batch in in_batches([row.pk for row in rows]):
        Follow.objects.filter(pk__in=batch).delete()
    _count(-1, [row for row in rows if row.accepted_at])


def _accept(follows: FollowQuerySet) -> None:
    # Those that still wait under the lock: another device may have answered.
    rows = _locked(follows.requested())
    at = now()
    for batch in in_batches([row.pk for row in rows]):
        Follow.objects.filter(pk__in=batch).update(accepted_at=at)
    _count(1, rows)


def _locked(follows: FollowQuerySet) -> list[Follow]:
    return list(follows.order_by("pk").select_for_update())


def _count(by: int, follows: Sequence[Follow]) -> None:
    followers_of = Counter(row.followed_id for row in follows)
    following_of = Counter(row.follower_id for row in follows)
    count(by, followers_of=followers_of, following_of=following_of)
