"""JSON of the instance about itself, and what all apps share."""

from typing import Any

from django.http import QueryDict
from rest_framework import serializers


class StrictBooleanField(serializers.BooleanField):
    """True or false and nothing that might mean it; in a form, which has texts only, the words."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the boolean, or refuse what is none."""
        is_form = isinstance(getattr(self.root, "initial_data", None), QueryDict)
        if is_form and data in ("true", "false"):
            return bool(data == "true")
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class InstanceOutput(serializers.Serializer[Any]):
    """What a client must know before anybody signs in."""

    name = serializers.CharField()
    version = serializers.CharField()
    registration = serializers.ChoiceField(
        choices=["open", "approval", "invitation", "closed"],
        help_text="Whether everybody may join, waits for the staff, or needs a code.",
    )
    rules = serializers.ListField(child=serializers.CharField())
    terms = serializers.CharField()
    contact = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())
    guest_rooms = serializers.BooleanField()
    features = serializers.ListField(child=serializers.CharField())
    limits = serializers.DictField(
        help_text="Sizes in bytes, times in seconds, texts in characters; "
        "a rate allows `count` in `seconds` and `burst` at once (0: as many as `count`)."
    )


class EntityOutput(serializers.Serializer[Any]):
    """A part of a text that means something."""

    type = serializers.ChoiceField(choices=["mention", "hashtag", "link"])
    start = serializers.IntegerField(help_text="In code points, from 0.")
    end = serializers.IntegerField(help_text="The first that is not part of it.")
    value = serializers.CharField(help_text="The username, the tag or the address.")
