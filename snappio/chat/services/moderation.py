"""What moderators do to keep the peace: silences and bans."""

from datetime import timedelta

from django.db import transaction

from snappio.accounts.models import User
from snappio.chat import keys, policies
from snappio.chat.directory import bans_in
from snappio.chat.errors import NotInPrivateChats
from snappio.chat.models import Ban, Conversation, Participant
from snappio.chat.queries import partner_named
from snappio.chat.services.details import Event, record
from snappio.chat.services.inboxes import touch_inboxes
from snappio.chat.services.locking import is_banned, locked_place, place_of
from snappio.chat.services.membership import depart, place_named
from snappio.chat.updates import InboxChange
from snappio.core.clock import now
from snappio.core.pagination import Page


@transaction.atomic
def silence(*, by: User, conversation: Conversation, username: str, seconds: int) -> None:
    """Let somebody with a higher role allow a member to read only, for so many seconds."""
    _set_silence(by, conversation, username, seconds)


@transaction.atomic
def unsilence(*, by: User, conversation: Conversation, username: str) -> None:
    """Let the member speak again; one who may already is left alone."""
    _set_silence(by, conversation, username, None)


def _set_silence(by: User, conversation: Conversation, username: str, seconds: int | None) -> None:
    conversation, place = locked_place(conversation, by)
    actor = policies.require_moderator(conversation, place)
    other = place_named(conversation, username)
    policies.require_above(actor, other)
    if seconds is None and other.silenced_until is None:
        return

    other.silenced_until = None if seconds is None else now() + timedelta(seconds=seconds)
    other.save(update_fields=["silenced_until"])
    # The member's own business: nobody else is told.
    touch_inboxes([(other.user_id, InboxChange(str(conversation.pk), "changed"))])


@transaction.atomic
def ban(
    *,
    by: User,
    conversation: Conversation,
    username: str,
    seconds: int | None = None,
    reason: str = "",
) -> None:
    """Put somebody out and keep them out, for so many seconds or for ever.

    Also who is not in it, e.g. only looks into an open room. Banning again changes
    time and reason. Raises `NobodyToTalkTo` for who does not exist.
    """
    conversation, actor = _locked(by, conversation)
    target = partner_named(username)
    place = place_of(conversation, target)
    if place is not None:
        policies.require_above(actor, place)
    was_banned = is_banned(conversation, target)

    until = None if seconds is None else now() + timedelta(seconds=seconds)
    Ban.objects.update_or_create(
        conversation=conversation,
        user=target,
        defaults={"by": by, "reason": reason, "until": until},
    )
    if place is not None:
        depart(conversation, place)
    if place is not None or not was_banned:
        record(conversation, [Event("banned", by, to=target, leaver=target)])
    # Also who only looks into an open room is told why that is over.
    if place is not None or (conversation.is_open and not was_banned):
        touch_inboxes([(target.pk, InboxChange(str(conversation.pk), "removed", "banned"))])


@transaction.atomic
def unban(*, by: User, conversation: Conversation, username: str) -> None:
    """Let somebody come back; one who is not banned is left alone."""
    conversation, _ = _locked(by, conversation)
    target = partner_named(username)
    bans = Ban.objects.in_force(at=now()).filter(conversation=conversation, user=target)
    if bans.exists():
        bans.delete()
        record(conversation, [Event("unbanned", by, to=target)])


@transaction.atomic
def list_bans(*, by: User, conversation: Conversation, cursor: int | None, limit: int) -> Page[Ban]:
    """Return the bans in force, to a moderator."""
    policies.require_moderator(conversation, place_of(conversation, by))
    return bans_in(conversation, cursor=cursor, limit=limit)


def _locked(by: User, conversation: Conversation) -> tuple[Conversation, Participant]:
    locked, place = locked_place(conversation, by)
    if locked.kind == keys.PRIVATE:
        raise NotInPrivateChats
    return locked, policies.require_moderator(locked, place)
