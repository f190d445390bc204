"""Messages to be sent later, as JSON."""

from typing import Any

from rest_framework import serializers

from snappio.chat.models import ScheduledMessage
from snappio.chat.serializers.messages import CLIENT_ID_LENGTH, time_json
from snappio.core.limits import current_limits
from snappio.core.pagination import LARGEST_ID


class ScheduledMessageOutput(serializers.Serializer[ScheduledMessage]):
    """A message that waits for its time."""

    id = serializers.IntegerField()
    conversation = serializers.CharField()
    client_id = serializers.CharField(max_length=CLIENT_ID_LENGTH)
    text = serializers.CharField()
    reply_to = serializers.IntegerField(allow_null=True, help_text="The `seq` it answers.")
    send_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    refusal = serializers.CharField(
        allow_null=True, help_text="The code of the error by which it was not sent."
    )


class ScheduleMessageInput(serializers.Serializer[Any]):
    """What to say, and when."""

    text = serializers.CharField(max_length=current_limits().message_length, trim_whitespace=False)
    client_id = serializers.CharField(
        max_length=CLIENT_ID_LENGTH,
        required=False,
        help_text="Sent again, it is the same message. `Idempotency-Key` does as well.",
    )
    reply_to = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    send_at = serializers.DateTimeField()


class RescheduleMessageInput(serializers.Serializer[Any]):
    """What is to be different."""

    text = serializers.CharField(
        max_length=current_limits().message_length, trim_whitespace=False, required=False
    )
    send_at = serializers.DateTimeField(required=False)


def scheduled_message_json(row: ScheduledMessage) -> dict[str, Any]:
    """Return a message as `ScheduledMessageOutput` documents it."""
    return {
        "id": row.pk,
        "conversation": str(row.conversation_id),
        "client_id": row.client_id,
        "text": row.text,
        "reply_to": row.reply_to,
        "send_at": time_json(row.send_at),
        "created_at": time_json(row.created_at),
        "refusal": row.refusal or None,
    }
