"""What is searched for."""

from typing import Any

from rest_framework import serializers

from snappio.core.limits import current_limits


class SearchInput(serializers.Serializer[Any]):
    """The words, and where to look for them."""

    type = serializers.ChoiceField(choices=["messages"])
    q = serializers.CharField(
        max_length=current_limits().search_length, help_text="Words; signs mean nothing."
    )
    conversation = serializers.CharField(
        max_length=20, required=False, help_text="Only in this conversation."
    )
