"""Codes by which members come into a room."""

from datetime import timedelta

from django.db import transaction

from snappio.accounts.models import User
from snappio.chat import keys, policies
from snappio.chat.directory import invites_to, usable_invites
from snappio.chat.errors import ConversationNotFound, InviteNotFound, TooManyInvites
from snappio.chat.models import Conversation, Invite
from snappio.chat.services.locking import locked_place, place_of
from snappio.core.clock import now
from snappio.core.limits import current_limits


@transaction.atomic
def make_invite(
    *, by: User, room: Conversation, expires_in: int | None = None, max_uses: int | None = None
) -> Invite:
    """Let a moderator make a code that works for ``expires_in`` seconds, ``max_uses`` times.

    A week and any number, unless given. Raises `TooManyInvites`.
    """
    room = _locked_room(room, by)
    usable = usable_invites().filter(conversation=room)
    # Those that open nothing any more are of no use to anybody.
    Invite.objects.filter(conversation=room).exclude(pk__in=usable.values("pk")).delete()
    limits = current_limits()
    if usable.count() >= limits.invites_per_room:
        raise TooManyInvites
    seconds = limits.invite_lifetime if expires_in is None else expires_in
    return Invite.objects.create(
        conversation=room,
        by=by,
        expires_at=now() + timedelta(seconds=seconds),
        uses_left=max_uses,
    )


@transaction.atomic
def list_invites(*, by: User, room: Conversation) -> list[Invite]:
    """Return the codes that still work, to a moderator."""
    policies.require_moderator(room, place_of(room, by))
    return invites_to(room)


@transaction.atomic
def revoke_invite(*, by: User, room: Conversation, code: str) -> None:
    """Let a moderator end a code, or raise `InviteNotFound`."""
    room = _locked_room(room, by)
    invites = usable_invites().filter(conversation=room)
    found = None if "\0" in code else invites.filter(code=code).first()
    if found is None:
        raise InviteNotFound
    found.delete()


def _locked_room(room: Conversation, by: User) -> Conversation:
    locked, place = locked_place(room, by)
    if locked.kind != keys.ROOM:
        raise ConversationNotFound
    policies.require_moderator(locked, place)
    return locked
