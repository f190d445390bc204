"""Close friends: who sees what is not for all followers. They are not told."""

from django.db import transaction

from snappio.accounts.models import User
from snappio.core.limits import current_limits
from snappio.relationships.errors import TooManyCloseFriends
from snappio.relationships.models import CloseFriend
from snappio.relationships.queries import get_visible_member
from snappio.relationships.services.pairs import locked_visible_pair


@transaction.atomic
def add_close_friend(*, owner: User, username: str) -> None:
    """Count a member among the owner's close friends; one who is stays so.

    Raises `UnknownMember` also across a block, `NotYourself`, `TooManyCloseFriends`.
    """
    friend = get_visible_member(username, viewer=owner)
    locked_visible_pair(owner, friend)
    mine = CloseFriend.objects.filter(owner=owner)
    if mine.filter(friend=friend).exists():
        return
    limit = current_limits().close_friends
    if mine.count() >= limit:
        raise TooManyCloseFriends(limit)

    CloseFriend.objects.create(owner=owner, friend=friend)


@transaction.atomic
def remove_close_friend(*, owner: User, username: str) -> None:
    """Count a member among them no more; one who is not stays so."""
    friend = get_visible_member(username, viewer=owner)
    locked_visible_pair(owner, friend)

    CloseFriend.objects.filter(owner=owner, friend=friend).delete()
