"""Conversations as JSON."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from snappio.chat import keys
from snappio.chat.keys import room_id_of
from snappio.chat.models import Role, Visibility
from snappio.chat.queries import InboxEntry, UnreadTotals
from snappio.chat.serializers.members import usernames_field
from snappio.chat.serializers.messages import MessageOutput, message_json
from snappio.chat.serializers.places import place_json
from snappio.core.limits import current_limits
from snappio.core.serializers import StrictBooleanField


class ConversationOutput(serializers.Serializer[InboxEntry]):
    """A conversation in the list of its member."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=[keys.PRIVATE, keys.GROUP, keys.ROOM])
    name = serializers.CharField(help_text="Its name, or the other member's.")
    description = serializers.CharField()
    visibility = serializers.ChoiceField(choices=Visibility.choices)
    username = serializers.CharField(
        allow_null=True,
        help_text="The other member of a private chat; null if gone, and in groups.",
    )
    room = serializers.CharField(allow_null=True, help_text="The id of the room, if it is one.")
    role = serializers.ChoiceField(
        choices=Role.choices, allow_null=True, help_text="One's own; null for who only looks on."
    )
    members_count = serializers.IntegerField()
    slow_mode_seconds = serializers.IntegerField()
    retention_seconds = serializers.IntegerField(
        allow_null=True, help_text="Messages disappear when they are this old; null keeps them."
    )
    history_for_newcomers = serializers.BooleanField()
    first_seq = serializers.IntegerField(help_text="The first message that one may see.")
    last_seq = serializers.IntegerField()
    revision = serializers.IntegerField()
    read_seq = serializers.IntegerField()
    delivered_seq = serializers.IntegerField()
    unread = serializers.IntegerField(help_text="last_seq - read_seq")
    muted = serializers.BooleanField(help_text="It notifies you of nothing.")
    muted_until = serializers.DateTimeField(
        allow_null=True, help_text="When that ends; null if it does not, and if not muted."
    )
    is_request = serializers.BooleanField(
        help_text="A stranger began it, and you have not accepted it yet."
    )
    last_message = MessageOutput(allow_null=True)


class UnreadOutput(serializers.Serializer[UnreadTotals]):
    """What is unread; what is muted, and what waits to be accepted, is not in the total."""

    total = serializers.IntegerField(help_text="Messages.")
    conversations = serializers.IntegerField(help_text="That they are in.")
    muted_total = serializers.IntegerField(help_text="Messages in muted conversations.")
    muted_conversations = serializers.IntegerField()
    requests = serializers.IntegerField(help_text="Chats that strangers began, read or not.")


class InboxQuery(serializers.Serializer[Any]):
    """Which list."""

    requests = serializers.BooleanField(
        default=False, help_text="Those that strangers began and you have not accepted."
    )


class OpenConversationInput(serializers.Serializer[Any]):
    """With whom to talk: ``username`` for a private chat, ``usernames`` for a group."""

    username = serializers.CharField(max_length=50, required=False)
    usernames = usernames_field(required=False)
    name = serializers.CharField(
        max_length=current_limits().room_name_length,
        required=False,
        allow_blank=True,
        help_text="Of a group.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse both and neither."""
        if ("username" in attrs) == ("usernames" in attrs):
            raise serializers.ValidationError("Give either a username or usernames.")
        return attrs


class ChangeConversationInput(serializers.Serializer[Any]):
    """What is to be otherwise; what is left out stays."""

    name = serializers.CharField(max_length=current_limits().room_name_length, required=False)
    description = serializers.CharField(
        max_length=current_limits().description_length, required=False, allow_blank=True
    )
    slow_mode_seconds = serializers.IntegerField(
        min_value=0, max_value=current_limits().slow_mode_max, required=False
    )
    history_for_newcomers = StrictBooleanField(required=False)
    retention_seconds = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=current_limits().retention_shortest,
        max_value=current_limits().retention_longest,
        help_text="Messages disappear when they are this old; in private chats either may say so.",
    )


def unread_json(totals: UnreadTotals) -> dict[str, Any]:
    """Return what is unread as `UnreadOutput` documents it."""
    return asdict(totals)


def conversation_json(entry: InboxEntry) -> dict[str, Any]:
    """Return a conversation as `ConversationOutput` documents it."""
    conversation, partner = entry.conversation, entry.partner
    is_there = partner is not None and partner.deleted_at is None
    return {
        "id": str(conversation.pk),
        "kind": conversation.kind,
        "name": partner.name if partner else conversation.name,
        "description": conversation.description,
        "visibility": conversation.visibility,
        "username": partner.username if partner and is_there else None,
        "room": room_id_of(conversation.key),
        "role": entry.place.role if entry.place else None,
        "members_count": conversation.members_count,
        "slow_mode_seconds": conversation.slow_mode_seconds,
        "retention_seconds": conversation.retention_seconds,
        "history_for_newcomers": conversation.history_for_newcomers,
        "first_seq": entry.first_seq,
        "last_seq": conversation.last_seq,
        "revision": conversation.revision,
        **place_json(entry.place),
        "unread": entry.unread,
        "last_message": message_json(entry.last_message) if entry.last_message else None,
    }
