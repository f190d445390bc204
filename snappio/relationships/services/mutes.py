"""Muting: one member hears nothing of another for a while, or for ever."""

from datetime import timedelta

from django.db import transaction

from snappio.accounts.models import User
from snappio.core.clock import now
from snappio.relationships.models import Mute
from snappio.relationships.queries import get_visible_member
from snappio.relationships.services.pairs import locked_visible_pair


@transaction.atomic
def mute_member(*, muter: User, username: str, seconds: int | None) -> None:
    """Mute a member for so long from now, None for ever; the last word holds.

    The other is told nothing. Raises `UnknownMember` also across a block, `NotYourself`.
    """
    muted = get_visible_member(username, viewer=muter)
    locked_visible_pair(muter, muted)

    until = None if seconds is None else now() + timedelta(seconds=seconds)
    Mute.objects.update_or_create(muter=muter, muted=muted, defaults={"until": until})


@transaction.atomic
def unmute_member(*, muter: User, username: str) -> None:
    """Mute a member no more; one who is not muted stays so."""
    muted = get_visible_member(username, viewer=muter)
    locked_visible_pair(muter, muted)

    Mute.objects.filter(muter=muter, muted=muted).delete()
