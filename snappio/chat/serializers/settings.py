"""Private switches as JSON."""

from typing import Any

import msgspec
from rest_framework import serializers

from snappio.chat.updates import Switches
from snappio.core.serializers import StrictBooleanField


class ChatSettingsInput(serializers.Serializer[Any]):
    """Which switches to turn; what is left out stays as it is."""

    receipts = StrictBooleanField(
        required=False, help_text="Tell others how far you have read, and be told of them."
    )
    typing = StrictBooleanField(
        required=False, help_text="Tell others when you write, and be told of them."
    )
    presence = StrictBooleanField(
        required=False, help_text="Tell others whether you are there, and be told of them."
    )
    requests = StrictBooleanField(
        required=False, help_text="Keep chats that strangers begin apart until you accept them."
    )


class ChatSettingsOutput(serializers.Serializer[Switches]):
    """All switches, as they are now."""

    receipts = serializers.BooleanField()
    typing = serializers.BooleanField()
    presence = serializers.BooleanField()
    requests = serializers.BooleanField()


def switches_json(switches: Switches) -> dict[str, Any]:
    """Return the switches as `ChatSettingsOutput` documents them."""
    return msgspec.structs.asdict(switches)
