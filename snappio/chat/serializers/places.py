"""A member's own place in a conversation as JSON."""

from typing import Any

from rest_framework import serializers

from snappio.chat.models import FOR_EVER, Participant
from snappio.chat.serializers.messages import time_json
from snappio.chat.services.places import Progress
from snappio.core.clock import now
from snappio.core.limits import current_limits
from snappio.core.pagination import LARGEST_ID


class MarkerInput(serializers.Serializer[Any]):
    """How far one has come."""

    seq = serializers.IntegerField(min_value=0, max_value=LARGEST_ID)


class ProgressOutput(serializers.Serializer[Progress]):
    """How far one is, and how much is left."""

    read_seq = serializers.IntegerField()
    delivered_seq = serializers.IntegerField()
    unread = serializers.IntegerField()


class MuteInput(serializers.Serializer[Any]):
    """For how long."""

    seconds = serializers.IntegerField(
        min_value=1,
        max_value=current_limits().mute_longest,
        allow_null=True,
        help_text="null is for ever.",
    )


def progress_json(progress: Progress) -> dict[str, Any]:
    """Return how far one is as `ProgressOutput` documents it."""
    return {
        "read_seq": progress.read_seq,
        "delivered_seq": progress.delivered_seq,
        "unread": progress.unread,
    }


def place_json(place: Participant | None) -> dict[str, Any]:
    """Return what `ConversationOutput` documents of the member's own place.

    Who only looks on in an open room has none, which reads as one who has read nothing.
    """
    if place is None:
        place = Participant()
    is_muted = place.is_muted(at=now())
    has_end = is_muted and place.muted_until != FOR_EVER
    return {
        "read_seq": place.read_seq,
        "delivered_seq": max(place.read_seq, place.delivered_seq),
        "muted": is_muted,
        "muted_until": time_json(place.muted_until) if has_end else None,
        "is_request": place.is_request,
    }
