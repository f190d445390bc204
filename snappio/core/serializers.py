"""JSON of the instance about itself."""

from typing import Any

from rest_framework import serializers


class InstanceOutput(serializers.Serializer[Any]):
    """What a client must know before anybody signs in."""

    name = serializers.CharField()
    version = serializers.CharField()
    registration = serializers.ChoiceField(choices=["open"])
    guest_rooms = serializers.BooleanField()
    features = serializers.ListField(child=serializers.CharField())
    limits = serializers.DictField(
        help_text="Sizes in bytes, times in seconds, texts in characters; "
        "a rate allows `count` in `seconds` and `burst` at once (0: as many as `count`)."
    )
