"""What is shown of members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from django.db.models import F, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce

from snappio.accounts.models import User
from snappio.accounts.queries import members_page
from snappio.core.clock import now
from snappio.core.compiled import JsonList
from snappio.core.pagination import Page
from snappio.media.models import ProfileImage
from snappio.posts.queries.posts import post_ids_of, posts_count
from snappio.relationships.conditions import blocked_with
from snappio.relationships.queries import (
    RELATIONSHIP,
    Relationship,
    get_visible_member,
    relationship_columns,
    suggestions_for,
)


class ShownImage(NamedTuple):
    """An avatar or a banner (`media.shapes.ShownImage`)."""

    alt: str
    width: int
    height: int
    blurhash: str
    renditions: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMember:
    """A member as others see them."""

    id: int
    username: str
    name: str
    bio: str
    links: Sequence[Mapping[str, str]]
    is_private: bool
    followers_count: int
    following_count: int
    # By kind; whichever there are.
    images: Mapping[str, ShownImage]
    # None for who is not signed in, and for oneself.
    relationship: Relationship | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicProfile:
    """One member, with what is counted for one alone."""

    member: ShownMember
    posts_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnProfile:
    """What members see of themselves; ``posts`` are ids, newest first."""

    member: ShownMember
    email: str
    is_discoverable: bool
    email_verified: bool
    posts: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A member to follow, and how many of those one follows do."""

    member: ShownMember
    mutuals: int


_OWN_COLUMNS = ("pk", "username", "name", "bio", "links", "is_private")
_IMAGE = ("kind", "alt", "width", "height", "blurhash", "renditions")


def own_profile(member: User) -> OwnProfile:
    """Return what the member sees of themselves. Two queries."""
    (shown,) = _shown(User.objects.filter(pk=member.pk), viewer=None)
    return OwnProfile(
        member=shown,
        email=member.email,
        is_discoverable=member.is_discoverable,
        email_verified=member.email_verified_at is not None,
        posts=post_ids_of(member),
    )


def public_profile(username: str, *, viewer: User | None) -> PublicProfile:
    """Return what the viewer sees of the member. Three queries.

    Raises `UnknownMember` also across a block, after as many queries.
    """
    member = get_visible_member(username, viewer=viewer)
    (shown,) = members_shown([member.pk], viewer=viewer)
    return PublicProfile(member=shown, posts_count=posts_count(member))


def directory_page(
    *, viewer: User | None, search: str, before: int | None, limit: int
) -> Page[ShownMember]:
    """Return members whose username begins with ``search``, or all who want to be found.

    Nobody between whom and the viewer is a block. Two queries.
    """
    visible = ~blocked_with(viewer.pk if viewer else None, "pk")
    page = members_page(visible, search=search, before=before, limit=limit)
    ids = [member.pk for member in page.rows]
    return Page(members_shown(ids, viewer=viewer), page.next_cursor)


def suggestions(member: User, *, limit: int) -> Sequence[Suggestion]:
    """Return whom the member may want to follow, the best first. Two queries."""
    found = dict(suggestions_for(member, limit=limit))
    shown = members_shown(list(found), viewer=member)
    return [Suggestion(member=each, mutuals=found[each.id]) for each in shown]


def members_shown(member_ids: Sequence[int], *, viewer: User | None) -> Sequence[ShownMember]:
    """Return members as the viewer sees them, in this order. One query.

    The ids come from a query that asked what the viewer may see.
    """
    if not member_ids:
        return []
    members = _shown(User.objects.active().filter(pk__in=member_ids), viewer=viewer)
    by_id = {member.id: member for member in members}
    # Somebody may have left between the two queries.
    return [by_id[member_id] for member_id in member_ids if member_id in by_id]


def _shown(members: QuerySet[User], *, viewer: User | None) -> list[ShownMember]:
    images = ProfileImage.objects.filter(member=OuterRef("pk"))
    columns: dict[str, Any] = {
        "followers_count": Coalesce(F("follow_counts__followers"), Value(0)),
        "following_count": Coalesce(F("follow_counts__following"), Value(0)),
        "images": JsonList(images, "kind", *(f"media__{name}" for name in _IMAGE[1:])),
    }
    if viewer is not None:
        columns |= relationship_columns(viewer.pk, "pk", at=now())
    return [_member_of(row, viewer) for row in members.values(*_OWN_COLUMNS, **columns)]


def _member_of(row: dict[str, Any], viewer: User | None) -> ShownMember:
    relationship = None
    if viewer is not None:
        is_to_viewer = {name: row.pop(name) for name in RELATIONSHIP}
        relationship = None if row["pk"] == viewer.pk else Relationship(**is_to_viewer)
    images = {kind: ShownImage(*image) for kind, *image in orjson.loads(row.pop("images") or "[]")}
    return ShownMember(id=row.pop("pk"), **row, images=images, relationship=relationship)
