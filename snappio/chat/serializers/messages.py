"""Messages as JSON."""

from datetime import datetime
from typing import Any

import msgspec
import orjson
from rest_framework import serializers

from snappio.chat.updates import AttachmentState, MessageState, NoticeState, ReactionState
from snappio.core.limits import current_limits
from snappio.core.pagination import LARGEST_ID
from snappio.core.serializers import EntityOutput

CLIENT_ID_LENGTH = 64


class ReactionOutput(serializers.Serializer[ReactionState]):
    """An emoji under a message."""

    emoji = serializers.CharField()
    count = serializers.IntegerField()
    usernames = serializers.ListField(
        child=serializers.CharField(), help_text="Who put it there; the first hundred."
    )


class AttachmentOutput(serializers.Serializer[AttachmentState]):
    """An upload that a message shows."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["image", "file"])
    name = serializers.CharField()
    content_type = serializers.CharField()
    bytes = serializers.IntegerField()
    url = serializers.CharField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    blurhash = serializers.CharField(allow_null=True)
    alt = serializers.CharField()


class NoticeOutput(serializers.Serializer[NoticeState]):
    """What the server tells."""

    event = serializers.CharField()
    username = serializers.CharField(allow_null=True, help_text="To whom it happened.")
    by = serializers.CharField(allow_null=True, help_text="Who did it.")


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
    # Any value, null too: `allow_null` would be described as one or the other.
    raw = serializers.JSONField(help_text="The value as an old socket sent it, else null.")
    sent_at = serializers.DateTimeField()
    reply_to = serializers.IntegerField(allow_null=True, help_text="The `seq` it answers.")
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted = serializers.BooleanField(help_text="Then it is empty, and keeps its place.")
    pinned = serializers.BooleanField()
    entities = EntityOutput(many=True)
    attachments = AttachmentOutput(many=True)
    reactions = ReactionOutput(many=True)
    notice = NoticeOutput(allow_null=True, help_text="Of a `notice`: what happened.")


class SendMessageInput(serializers.Serializer[Any]):
    """What to say; ``client_id`` makes it safe to say it again."""

    text = serializers.CharField(
        max_length=current_limits().message_length,
        trim_whitespace=False,
        allow_blank=True,
        required=False,
        help_text="May be left out where there are attachments.",
    )
    attachments = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID),
        max_length=current_limits().attachments,
        required=False,
        help_text="Ids of one's own uploads that nothing else uses (`POST media/`).",
    )
    client_id = serializers.CharField(
        max_length=CLIENT_ID_LENGTH,
        required=False,
        help_text="Sent again, it is the same message. `Idempotency-Key` does as well.",
    )
    reply_to = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a message without anything in it."""
        if not attrs.get("attachments"):
            refusal = {"": "This field may not be blank.", None: "This field is required."}
            if (said := attrs.get("text")) in refusal:
                raise serializers.ValidationError({"text": [refusal[said]]})
        return attrs


class EditMessageInput(serializers.Serializer[Any]):
    """What it says now; may be empty where something is attached."""

    text = serializers.CharField(
        max_length=current_limits().message_length, trim_whitespace=False, allow_blank=True
    )


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
        "sent_at": time_json(message.sent_at),
        "reply_to": message.reply_to,
        "edited_at": time_json(message.edited_at),
        "deleted": message.deleted,
        "pinned": message.pinned,
        "entities": orjson.Fragment(message.entities) if message.entities else [],
        "attachments": list(map(msgspec.structs.asdict, message.attachments)),
        "reactions": list(map(msgspec.structs.asdict, message.reactions)),
        "notice": msgspec.structs.asdict(message.notice) if message.notice else None,
    }


def time_json(at: datetime | None) -> str | None:
    """Return a time as clients parse it, or None."""
    # Always with microseconds, as clients parse it.
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at else None
