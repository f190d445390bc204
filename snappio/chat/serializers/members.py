"""Members of conversations as JSON."""

from typing import Any

from rest_framework import serializers

from snappio.accounts.models import User
from snappio.chat.models import Ban, Role
from snappio.chat.queries import MemberEntry
from snappio.chat.serializers.messages import time_json
from snappio.core.limits import current_limits


class ParticipantOutput(serializers.Serializer[MemberEntry]):
    """Somebody who is in a conversation."""

    username = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    joined_at = serializers.DateTimeField()
    silenced_until = serializers.DateTimeField(
        allow_null=True, help_text="Told to moderators and the owner; null to others."
    )


def usernames_field(*, required: bool) -> serializers.ListField:
    """Return the field that names several members."""
    limits = current_limits()
    return serializers.ListField(
        child=serializers.CharField(max_length=limits.username_length),
        min_length=1,
        max_length=limits.members_added,
        required=required,
    )


class AddMembersInput(serializers.Serializer[Any]):
    """Whom to bring in."""

    usernames = usernames_field(required=True)


class RoleInput(serializers.Serializer[Any]):
    """What a member is to be; to make somebody the owner hands the conversation over."""

    role = serializers.ChoiceField(choices=Role.choices)


class SilenceInput(serializers.Serializer[Any]):
    """For how long a member may only read."""

    seconds = serializers.IntegerField(min_value=1, max_value=current_limits().sanction_max)


class BanInput(serializers.Serializer[Any]):
    """For how long a member stays out, and why; without ``seconds`` for ever."""

    seconds = serializers.IntegerField(
        min_value=1, max_value=current_limits().sanction_max, required=False, allow_null=True
    )
    reason = serializers.CharField(
        max_length=current_limits().description_length, required=False, allow_blank=True
    )


class BanOutput(serializers.Serializer[Ban]):
    """Somebody who may not come back."""

    username = serializers.CharField(allow_null=True, help_text="null if gone.")
    by = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True, help_text="null is for ever.")
    created_at = serializers.DateTimeField()


def username_json(member: User) -> str | None:
    """Return how a member is referred to; None if gone."""
    return None if member.deleted_at else member.username


def ban_json(ban: Ban) -> dict[str, Any]:
    """Return a ban as `BanOutput` documents it."""
    return {
        "username": username_json(ban.user),
        "by": username_json(ban.by),
        "reason": ban.reason,
        "until": time_json(ban.until),
        "created_at": time_json(ban.created_at),
    }


def member_json(entry: MemberEntry) -> dict[str, Any]:
    """Return a member as `ParticipantOutput` documents it."""
    place = entry.place
    return {
        "username": place.user.username,
        "name": place.user.name,
        "role": place.role,
        "joined_at": time_json(place.joined_at),
        "silenced_until": time_json(entry.silenced_until),
    }
