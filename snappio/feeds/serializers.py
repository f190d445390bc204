"""JSON of timelines, besides posts."""

from typing import Any

from rest_framework import serializers

from snappio.core.pagination import LARGEST_ID


class PositionInput(serializers.Serializer[Any]):
    """How far a member has seen the home feed."""

    post = serializers.IntegerField(
        min_value=0, max_value=LARGEST_ID, help_text="The id of the newest post seen."
    )


class PositionOutput(serializers.Serializer[Any]):
    """How far a member has seen the home feed, on whichever device."""

    post = serializers.IntegerField(help_text="The id of the newest post seen; 0 for none.")
