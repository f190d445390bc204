"""Two members under their locks, for whatever one becomes to the other."""

from snappio.accounts.errors import UnknownMember
from snappio.accounts.models import User
from snappio.core.errors import NotAuthenticated
from snappio.relationships.errors import NotYourself
from snappio.relationships.queries import is_blocked_between


def locked_pair(actor: User, other: User) -> tuple[User, User]:
    """Lock two members in the caller's transaction and return them as they are now.

    In id order, so that two who act upon each other never wait in a circle. Raises
    `NotYourself`, `NotAuthenticated` if the actor is gone meanwhile, `UnknownMember` if
    the other is.
    """
    if actor.pk == other.pk:
        raise NotYourself
    rows = User.objects.active().filter(pk__in=[actor.pk, other.pk]).order_by("pk").locked()
    members = {row.pk: row for row in rows}
    if actor.pk not in members:
        raise NotAuthenticated
    if other.pk not in members:
        raise UnknownMember
    return members[actor.pk], members[other.pk]


def locked_visible_pair(actor: User, other: User) -> tuple[User, User]:
    """Lock likewise; raise `UnknownMember` also if one of the two blocks the other."""
    members = locked_pair(actor, other)
    if is_blocked_between(actor.pk, other.pk):
        raise UnknownMember
    return members
