"""Chat as JSON.

The functions make what is sent, the serializers document it; a test holds the two
equal.
"""

from datetime import datetime
from typing import Any

import orjson
from rest_framework import serializers

from snappio.chat import keys
from snappio.chat.queries import InboxEntry
from snappio.chat.updates import MessageState, ReactionState
from snappio.core.limits import current_limits
from snappio.core.pagination import LARGEST_ID

CLIENT_ID_LENGTH = 64


class ReactionOutput(serializers.Serializer[ReactionState]):
    """An emoji under a message."""

    emoji = serializers.CharField()
    count = serializers.IntegerField()
    usernames = serializers.ListField(
        child=serializers.CharField(), help_text="Who put it there; the first hundred."
    )


class MessageOutput(serializers.Serializer[MessageState]):
    """A message."""

    conversation = serializers.CharField()
    seq = serializers.IntegerField()
    revision = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["message", "notice"])
    sender = serializers.CharField(allow_null=True)
    sender_name = serializers.CharField()
    sender_kind = serializers.ChoiceField(choices=["member", "guest", "deleted"])
    client_id = serializers.CharField()
    text = serializers.CharField()
    raw = serializers.JSONField(
        allow_null=True, help_text="The value as an old socket sent it, else null."
    )
    sent_at = serializers.DateTimeField()
    reply_to = serializers.IntegerField(allow_null=True, help_text="The `seq` it answers.")
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted = serializers.BooleanField(help_text="Then it is empty, and keeps its place.")
    reactions = ReactionOutput(many=True)


class ConversationOutput(serializers.Serializer[InboxEntry]):
    """A conversation in the list of its member."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=[keys.PRIVATE, keys.ROOM])
    name = serializers.CharField(help_text="The room's name, or the other member's.")
    username = serializers.CharField(
        allow_null=True, help_text="The other member of a private chat; null if gone, and in rooms."
    )
    members_count = serializers.IntegerField()
    last_seq = serializers.IntegerField()
    revision = serializers.IntegerField()
    read_seq = serializers.IntegerField()
    unread = serializers.IntegerField(help_text="last_seq - read_seq")
    last_message = MessageOutput(allow_null=True)


class OpenConversationInput(serializers.Serializer[Any]):
    """With whom to talk."""

    username = serializers.CharField(max_length=50)


class SendMessageInput(serializers.Serializer[Any]):
    """What to say; ``client_id`` makes it safe to say it again."""

    text = serializers.CharField(max_length=current_limits().message_length, trim_whitespace=False)
    client_id = serializers.CharField(
        max_length=CLIENT_ID_LENGTH,
        required=False,
        help_text="Sent again, it is the same message. `Idempotency-Key` does as well.",
    )
    reply_to = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)


class EditMessageInput(serializers.Serializer[Any]):
    """What it says now."""

    text = serializers.CharField(max_length=current_limits().message_length, trim_whitespace=False)


class ReadInput(serializers.Serializer[Any]):
    """How far one has read."""

    seq = serializers.IntegerField(min_value=0, max_value=LARGEST_ID)


class ReadOutput(serializers.Serializer[Any]):
    """How far one is, and how much is left."""

    read_seq = serializers.IntegerField()
    unread = serializers.IntegerField()


def message_json(message: MessageState) -> dict[str, Any]:
    """Return a message as `MessageOutput` documents it."""
    return {
        "conversation": message.conversation,
        "seq": message.seq,
        "revision": message.revision,
        "kind": message.kind,
        "sender": message.sender,
        "sender_name": message.sender_name,
        "sender_kind": message.sender_kind,
        "client_id": message.client_id,
        "text": message.text,
        # Written into the answer as it is: big integers and key order survive.
        "raw": orjson.Fragment(message.raw) if message.raw else None,
        "sent_at": _time(message.sent_at),
        "reply_to": message.reply_to,
        "edited_at": _time(message.edited_at),
        "deleted": message.deleted,
        "reactions": [
            {"emoji": each.emoji, "count": each.count, "usernames": each.usernames}
            for each in message.reactions
        ],
    }


def _time(at: datetime | None) -> str | None:
    # Always with microseconds, as clients parse it.
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at else None


def conversation_json(entry: InboxEntry) -> dict[str, Any]:
    """Return a conversation as `ConversationOutput` documents it."""
    conversation, partner = entry.conversation, entry.partner
    is_there = partner is not None and partner.deleted_at is None
    return {
        "id": str(conversation.pk),
        "kind": conversation.kind,
        "name": partner.name if partner else conversation.name,
        "username": partner.username if partner and is_there else None,
        "members_count": entry.members_count,
        "last_seq": conversation.last_seq,
        "revision": conversation.revision,
        "read_seq": entry.read_seq,
        "unread": entry.unread,
        "last_message": message_json(entry.last_message) if entry.last_message else None,
    }
