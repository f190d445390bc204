"""Making groups, and changing what a conversation says of itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from snappio.accounts.models import User
from snappio.chat import keys, policies
from snappio.chat.errors import NotInPrivateChats, RuleOfOpenRooms
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Role
from snappio.chat.services.details import Event, record
from snappio.chat.services.inboxes import touch_inboxes
from snappio.chat.services.locking import locked_place
from snappio.chat.services.membership import enter, members_named
from snappio.chat.services.retention import set_retention
from snappio.chat.updates import InboxChange
from snappio.core import rates
from snappio.core.limits import current_limits


@transaction.atomic
def make_group(*, maker: User, usernames: Sequence[str], name: str = "") -> Conversation:
    """Make a group of the maker, who owns it, and of the members of these names.

    Raises `NobodyToTalkTo` if one of them is not there, or a block is between the two.
    """
    others = [member for member in members_named(usernames, by=maker) if member.pk != maker.pk]
    take_making(maker)
    group = Conversation.objects.create(
        key=str(ConversationKey.new_group()),
        kind=keys.GROUP,
        name=name,
        # What was said before somebody came was not said to them.
        history_for_newcomers=False,
    )
    enter(group, [maker], role=Role.OWNER)
    enter(group, others)
    record(group, [Event("created", maker)])
    added = InboxChange(str(group.pk), "added")
    touch_inboxes([(member.pk, added) for member in (maker, *others)])
    return group


def take_making(maker: User) -> None:
    """Spend one of the groups and rooms that a member may make in a day, or raise `TooMany`."""
    rates.take("conversations:made", str(maker.pk), current_limits().conversations_made)


@transaction.atomic
def change_conversation(
    *, by: User, conversation: Conversation, changes: Mapping[str, Any]
) -> Conversation:
    """Let a moderator change name, description, or rules; in a private chat only retention.

    ``changes`` names the fields of `Conversation` that are to be otherwise. The name of
    an open room is its address, and its history is everybody's: `RuleOfOpenRooms`.
    """
    changes = dict(changes)
    if "retention_seconds" in changes:
        seconds = changes.pop("retention_seconds")
        conversation = set_retention(member=by, conversation=conversation, seconds=seconds)
        if not changes:
            return conversation
    conversation, place = locked_place(conversation, by)
    if conversation.kind == keys.PRIVATE:
        raise NotInPrivateChats
    policies.require_moderator(conversation, place)
    fresh = {name: value for name, value in changes.items() if getattr(conversation, name) != value}
    if conversation.is_open and fresh.keys() & {"name", "history_for_newcomers"}:
        raise RuleOfOpenRooms
    if not fresh:
        return conversation

    for name, value in fresh.items():
        setattr(conversation, name, value)
    record(conversation, _events_of(by, fresh), *fresh)
    return conversation


def _events_of(by: User, fresh: Mapping[str, Any]) -> list[Event]:
    renamed = [Event("renamed", by, detail=fresh["name"])] if "name" in fresh else []
    changed = [Event("changed", by)] if fresh.keys() - {"name"} else []
    return renamed + changed
