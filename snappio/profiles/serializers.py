"""JSON of members."""

from typing import Any

from rest_framework import serializers

from snappio.core.limits import current_limits
from snappio.profiles.queries import OwnProfile, PublicProfile

_LIMITS = current_limits()


class OwnProfileInput(serializers.Serializer[Any]):
    """What members say of themselves, when they join and later."""

    username = serializers.CharField(max_length=_LIMITS.username_length)
    email = serializers.EmailField(max_length=_LIMITS.email_length)
    name = serializers.CharField(max_length=_LIMITS.name_length)
    password = serializers.CharField(max_length=_LIMITS.password_length)


class SignUpInput(OwnProfileInput):
    """What people say who join, and what this instance may want besides."""

    invite = serializers.CharField(
        max_length=100,
        required=False,
        allow_blank=True,
        default="",
        help_text="The code of an invitation, where `registration` is `invitation`.",
    )
    reason = serializers.CharField(
        max_length=_LIMITS.sign_up_reason_length,
        required=False,
        allow_blank=True,
        default="",
        help_text="What the staff read, where `registration` is `approval`.",
    )


class OwnProfileOutput(serializers.Serializer[OwnProfile]):
    """What members see of themselves."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    email = serializers.CharField()
    email_verified = serializers.BooleanField()
    name = serializers.CharField()
    posts = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of the member's posts, newest first."
    )


class PublicProfileOutput(serializers.Serializer[PublicProfile]):
    """What everybody sees of a member."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    posts_count = serializers.IntegerField()


class MembersInput(serializers.Serializer[Any]):
    """Which members to list."""

    search = serializers.CharField(
        max_length=_LIMITS.username_length,
        required=False,
        allow_blank=True,
        default="",
        help_text="How the username begins, in any letter case.",
    )


class MemberOutput(serializers.Serializer[Any]):
    """A member in a list."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
