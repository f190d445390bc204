"""JSON of members.

Answers are made from plain rows; the `…Output` classes describe them, and a test holds
the two equal.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from django.core.validators import URLValidator
from rest_framework import serializers

from snappio.core.limits import current_limits
from snappio.core.serializers import StrictBooleanField
from snappio.media.serializers import ImageOutput, UploadField
from snappio.media.shapes import image_json
from snappio.profiles.queries import OwnProfile, PublicProfile, ShownMember, Suggestion
from snappio.relationships.queries import Relationship

_LIMITS = current_limits()


# --- In -----------------------------------------------------------------------


class MemberInput(serializers.Serializer[Any]):
    """What members say of themselves."""

    username = serializers.CharField(max_length=_LIMITS.username_length)
    email = serializers.EmailField(max_length=_LIMITS.email_length)
    name = serializers.CharField(max_length=_LIMITS.name_length)
    password = serializers.CharField(max_length=_LIMITS.password_length)


class SignUpInput(MemberInput):
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


class OptionalFlagField(StrictBooleanField):
    """A switch that stays as it is where it is left out, in a form, too.

    A browser's form leaves out what is not ticked; ours are not made by browsers, and
    what the existing app sends knows nothing of these switches.
    """

    default_empty_html = serializers.empty

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)


def require_plain_address(url: str) -> None:
    """Refuse an address that shows another host than it leads to."""
    if urlsplit(url).username is not None:
        raise serializers.ValidationError("Enter a valid URL.", code="invalid")


class LinkInput(serializers.Serializer[Any]):
    """An address that a member shows, https alone."""

    label = serializers.CharField(max_length=_LIMITS.link_label_length)  # type: ignore[assignment]
    url = serializers.CharField(
        max_length=_LIMITS.link_length,
        validators=[URLValidator(schemes=["https"]), require_plain_address],
    )


class OwnProfileInput(MemberInput):
    """What members say of themselves later; what may be left out stays as it is."""

    bio = serializers.CharField(
        max_length=_LIMITS.bio_length, required=False, allow_blank=True, help_text="May be empty."
    )
    links: Any = serializers.ListSerializer(
        child=LinkInput(), required=False, max_length=_LIMITS.profile_links
    )
    is_private = OptionalFlagField(
        help_text="Who wants to follow has to ask. Turned off, all who wait may follow."
    )
    is_discoverable = OptionalFlagField(
        help_text="Be in the directory and among suggestions; one who writes the name finds it."
    )


class MembersInput(serializers.Serializer[Any]):
    """Which members to list."""

    search = serializers.CharField(
        max_length=_LIMITS.username_length,
        required=False,
        allow_blank=True,
        default="",
        help_text="How the username begins, in any letter case. Without it those are listed "
        "who want to be found.",
    )


class PictureFileInput(serializers.Serializer[Any]):
    """A new picture."""

    file = UploadField(help_text="One image: JPEG, PNG, WebP, GIF, AVIF or HEIC.")


class PictureChoiceInput(serializers.Serializer[Any]):
    """A picture that was uploaded to `media/` and is not used yet."""

    media = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class MuteMemberInput(serializers.Serializer[Any]):
    """For how long."""

    seconds = serializers.IntegerField(
        min_value=1,
        max_value=_LIMITS.mute_longest,
        allow_null=True,
        default=None,
        help_text="null is for ever.",
    )


# --- Out ----------------------------------------------------------------------


class LinkOutput(serializers.Serializer[Any]):
    """An address that a member shows."""

    label = serializers.CharField()  # type: ignore[assignment]
    url = serializers.CharField()


class RelationshipOutput(serializers.Serializer[Any]):
    """What a member is to the caller."""

    following = serializers.BooleanField(help_text="The caller follows them.")
    followed_by = serializers.BooleanField(help_text="They follow the caller.")
    requested = serializers.BooleanField(help_text="The caller has asked to follow them.")
    requested_by = serializers.BooleanField(help_text="They have asked to follow the caller.")
    blocking = serializers.BooleanField()
    muting = serializers.BooleanField()
    close_friend = serializers.BooleanField()


class NamedRelationshipOutput(RelationshipOutput):
    """The same, with whose it is."""

    username = serializers.CharField()


class MemberOutput(serializers.Serializer[Any]):
    """A member in a list."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    avatar = ImageOutput(allow_null=True)
    bio = serializers.CharField()
    is_private = serializers.BooleanField()
    relationship = RelationshipOutput(
        allow_null=True, help_text="null for the caller, and for who is not signed in."
    )


class SuggestionOutput(MemberOutput):
    """A member to follow."""

    mutuals = serializers.IntegerField(help_text="How many of those the caller follows do.")


class PublicProfileOutput(MemberOutput):
    """What everybody sees of a member."""

    banner = ImageOutput(allow_null=True)
    links = LinkOutput(many=True)
    followers_count = serializers.IntegerField()
    following_count = serializers.IntegerField()
    posts_count = serializers.IntegerField()


class OwnProfileOutput(serializers.Serializer[Any]):
    """What members see of themselves."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    email = serializers.CharField()
    email_verified = serializers.BooleanField()
    name = serializers.CharField()
    posts = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of the member's posts, newest first."
    )
    avatar = ImageOutput(allow_null=True)
    banner = ImageOutput(allow_null=True)
    bio = serializers.CharField()
    links = LinkOutput(many=True)
    is_private = serializers.BooleanField()
    is_discoverable = serializers.BooleanField()
    followers_count = serializers.IntegerField()
    following_count = serializers.IntegerField()


def members_json(members: Sequence[ShownMember], files: str) -> list[dict[str, Any]]:
    """Return what `MemberOutput` describes; ``files`` begins the addresses of pictures."""
    return [_member_json(member, files) for member in members]


def suggestions_json(found: Sequence[Suggestion], files: str) -> list[dict[str, Any]]:
    """Return what `SuggestionOutput` describes."""
    return [{**_member_json(one.member, files), "mutuals": one.mutuals} for one in found]


def relationship_json(username: str, relationship: Relationship) -> dict[str, Any]:
    """Return what `NamedRelationshipOutput` describes."""
    return {"username": username, **asdict(relationship)}


def profile_json(profile: PublicProfile, files: str) -> dict[str, Any]:
    """Return what `PublicProfileOutput` describes."""
    member = profile.member
    return {
        **_member_json(member, files),
        "banner": _picture_json(member, "banner", files),
        "links": member.links,
        "followers_count": member.followers_count,
        "following_count": member.following_count,
        "posts_count": profile.posts_count,
    }


def own_profile_json(profile: OwnProfile, files: str) -> dict[str, Any]:
    """Return what `OwnProfileOutput` describes."""
    member = profile.member
    return {
        "id": member.id,
        "username": member.username,
        "email": profile.email,
        "email_verified": profile.email_verified,
        "name": member.name,
        "posts": profile.posts,
        "avatar": _picture_json(member, "avatar", files),
        "banner": _picture_json(member, "banner", files),
        "bio": member.bio,
        "links": member.links,
        "is_private": member.is_private,
        "is_discoverable": profile.is_discoverable,
        "followers_count": member.followers_count,
        "following_count": member.following_count,
    }


def _member_json(member: ShownMember, files: str) -> dict[str, Any]:
    return {
        "id": member.id,
        "username": member.username,
        "name": member.name,
        "avatar": _picture_json(member, "avatar", files),
        "bio": member.bio,
        "is_private": member.is_private,
        "relationship": asdict(member.relationship) if member.relationship else None,
    }


def _picture_json(member: ShownMember, kind: str, files: str) -> dict[str, Any] | None:
    image = member.images.get(kind)
    return image_json(image, files) if image else None
