"""Rooms and their invites as JSON."""

from typing import Any

from rest_framework import serializers

from snappio.chat.directory import RoomEntry
from snappio.chat.keys import room_id_of
from snappio.chat.models import Invite, Role, Visibility
from snappio.chat.serializers.members import username_json
from snappio.chat.serializers.messages import time_json
from snappio.core.limits import current_limits
from snappio.core.serializers import StrictBooleanField


class RoomOutput(serializers.Serializer[RoomEntry]):
    """A room as a member sees it who may not be in it."""

    id = serializers.CharField(help_text="The name of an open room; of others, made by us.")
    name = serializers.CharField()
    description = serializers.CharField()
    conversation = serializers.CharField(help_text="The id of its conversation.")
    visibility = serializers.ChoiceField(choices=Visibility.choices)
    role = serializers.ChoiceField(
        choices=Role.choices, allow_null=True, help_text="One's own; null for who is not in it."
    )
    members_count = serializers.IntegerField()
    slow_mode_seconds = serializers.IntegerField()
    history_for_newcomers = serializers.BooleanField()


class MakeRoomInput(serializers.Serializer[Any]):
    """What the room is to be."""

    name = serializers.CharField(max_length=current_limits().room_name_length)
    description = serializers.CharField(
        max_length=current_limits().description_length, required=False, allow_blank=True
    )
    visibility = serializers.ChoiceField(
        choices=Visibility.choices,
        required=False,
        help_text=(
            "open: everybody, and the name is its id. members: any member who joins (the "
            "default). private: who is added or invited; nobody else knows of it."
        ),
    )
    slow_mode_seconds = serializers.IntegerField(
        min_value=0, max_value=current_limits().slow_mode_max, required=False
    )
    history_for_newcomers = StrictBooleanField(
        required=False, help_text="Whether newcomers may read what was said before them."
    )


class RoomsQuery(serializers.Serializer[Any]):
    """Which rooms to list."""

    mine = serializers.BooleanField(required=False, default=False)
    search = serializers.CharField(
        max_length=current_limits().room_name_length, required=False, default="", allow_blank=True
    )


class JoinInput(serializers.Serializer[Any]):
    """How one comes in."""

    code = serializers.CharField(
        max_length=100, required=False, help_text="Of an invite; needed for private rooms."
    )


class CodeInput(serializers.Serializer[Any]):
    """The code of an invite."""

    code = serializers.CharField(max_length=100)


class InviteOutput(serializers.Serializer[Invite]):
    """A code by which members come into a room."""

    code = serializers.CharField()
    by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    uses_left = serializers.IntegerField(allow_null=True, help_text="null is any number.")


class InviteInput(serializers.Serializer[Any]):
    """How long, and how often, the code is to work."""

    expires_in = serializers.IntegerField(
        min_value=60,
        max_value=current_limits().invite_lifetime_max,
        required=False,
        help_text="In seconds; a week unless given.",
    )
    max_uses = serializers.IntegerField(
        min_value=1, max_value=current_limits().room_members, required=False, allow_null=True
    )


def room_json(entry: RoomEntry) -> dict[str, Any]:
    """Return a room as `RoomOutput` documents it."""
    room = entry.conversation
    return {
        "id": room_id_of(room.key),
        "name": room.name,
        "description": room.description,
        "conversation": str(room.pk),
        "visibility": room.visibility,
        "role": entry.role,
        "members_count": room.members_count,
        "slow_mode_seconds": room.slow_mode_seconds,
        "history_for_newcomers": room.history_for_newcomers,
    }


def invite_json(invite: Invite) -> dict[str, Any]:
    """Return an invite as `InviteOutput` documents it."""
    return {
        "code": invite.code,
        "by": username_json(invite.by),
        "created_at": time_json(invite.created_at),
        "expires_at": time_json(invite.expires_at),
        "uses_left": invite.uses_left,
    }
