"""Who may say what, asked inside the transaction that stores it."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.chat.errors import (
    ConversationNotFound,
    GuestsNotWelcome,
    NobodyToTalkTo,
    NotAParticipant,
    NotYourMessage,
    RoleTooLow,
    Silenced,
    SlowMode,
)
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message, Participant, Role
from snappio.core.limits import current_limits


def require_can_write(
    key: ConversationKey, *, sender_id: int | None, active_members: Collection[int]
) -> None:
    """Raise unless the sender may write there; ``active_members`` are those who still exist."""
    if key.kind == keys.PRIVATE:
        is_party = sender_id in key.member_ids
        if not is_party or any(member not in active_members for member in key.member_ids):
            raise NobodyToTalkTo
    elif sender_id is None:
        require_guests_welcome()


def require_place(
    conversation: Conversation, place: Participant | None, *, is_banned: bool, at: datetime
) -> None:
    """Raise unless whoever has this place in a group or room may send a message there now."""
    require_can_enter(conversation, place, is_banned=is_banned)
    require_not_silenced(place, at=at)
    if place is None:
        return
    if place.role == Role.MEMBER and place.wrote_at is not None:
        free_at = place.wrote_at + timedelta(seconds=conversation.slow_mode_seconds)
        if free_at > at:
            raise SlowMode(retry_after=(free_at - at).total_seconds())


def require_can_enter(
    conversation: Conversation, place: Participant | None, *, is_banned: bool
) -> None:
    """Raise unless whoever has this place in a group or room may look into it.

    Whoever is banned, or has no place where one is needed, is told that there is
    no such conversation, as they are when they look.
    """
    if is_banned or (place is None and not conversation.is_open):
        raise ConversationNotFound


def require_not_silenced(place: Participant | None, *, at: datetime) -> None:
    """Raise while a moderator's word holds that this member may read and not write."""
    if place is not None and place.is_silenced(at=at):
        raise Silenced


def may_moderate(place: Participant | None) -> bool:
    """Say whether whoever has this place looks after the group or room."""
    return place is not None and place.role in {Role.OWNER, Role.MODERATOR}


def require_can_pin(conversation: Conversation, place: Participant | None) -> None:
    """Raise unless whoever has this place may pin: in a private chat both may."""
    if conversation.kind != keys.PRIVATE:
        require_moderator(conversation, place)


def require_can_delete(member: User, message: Message, place: Participant | None) -> None:
    """Raise unless the message is the member's own, or theirs to moderate."""
    if not may_moderate(place):
        require_is_sender(member, message)


def require_participant(conversation: Conversation, place: Participant | None) -> Participant:
    """Return the place, or raise: where one may look on there is none to keep."""
    if place is None:
        raise NotAParticipant if conversation.is_open else ConversationNotFound
    return place


def require_moderator(conversation: Conversation, place: Participant | None) -> Participant:
    """Return the place of a moderator or the owner, or raise."""
    held = require_participant(conversation, place)
    if not may_moderate(held):
        raise RoleTooLow
    return held


def require_owner(conversation: Conversation, place: Participant | None) -> Participant:
    """Return the place of the owner, or raise."""
    held = require_participant(conversation, place)
    if held.role != Role.OWNER:
        raise RoleTooLow
    return held


_RANKS = {Role.MEMBER: 0, Role.MODERATOR: 1, Role.OWNER: 2}


def require_above(actor: Participant, other: Participant) -> None:
    """Raise unless the actor's role is above the other's: nobody acts upon an equal."""
    if _RANKS[Role(actor.role)] <= _RANKS[Role(other.role)]:
        raise RoleTooLow


def require_guests_welcome() -> None:
    """Raise unless this instance lets guests into open rooms."""
    if not settings.GUEST_ROOMS:
        raise GuestsNotWelcome


def require_is_sender(member: User, message: Message) -> None:
    """Raise unless the message is the member's own."""
    if message.sender_id != member.pk:
        raise NotYourMessage


def tells_markers(conversation: Conversation) -> bool:
    """Say whether those in a conversation are told how far each of them has read.

    In larger ones every reader would be a frame to everybody. A stranger is told
    nothing before the chat is accepted.
    """
    if conversation.kind == keys.GROUP:
        return conversation.members_count <= current_limits().receipts_members
    return conversation.kind == keys.PRIVATE and not conversation.is_request


def tells_typing(conversation: Conversation, place: Participant, *, at: datetime) -> bool:
    """Say whether those in a conversation are told that somebody writes, or raise `Silenced`.

    Who is asked by a stranger is not shown to them. Open rooms are not told: nobody
    counts those who look on.
    """
    if place.is_silenced(at=at):
        raise Silenced
    is_small = conversation.members_count <= current_limits().receipts_members
    return is_small and not conversation.is_open and not place.is_request
