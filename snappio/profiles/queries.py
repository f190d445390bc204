"""What is shown of members."""

from collections.abc import Sequence
from dataclasses import dataclass

from snappio.accounts.models import User
from snappio.accounts.queries import get_member
from snappio.posts.queries import post_ids_of, posts_count


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnProfile:
    """What members see of themselves; ``posts`` are ids, newest first."""

    id: int
    username: str
    email: str
    email_verified: bool
    name: str
    posts: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicProfile:
    """What everybody sees."""

    id: int
    username: str
    name: str
    posts_count: int


def own_profile(member: User) -> OwnProfile:
    """Return what the member sees of themselves. One query."""
    return OwnProfile(
        id=member.pk,
        username=member.username,
        email=member.email,
        email_verified=member.email_verified_at is not None,
        name=member.name,
        posts=post_ids_of(member),
    )


def public_profile(username: str) -> PublicProfile:
    """Return what everybody sees of the member, or raise `UnknownMember`. Two queries."""
    member = get_member(username)
    return PublicProfile(
        id=member.pk,
        username=member.username,
        name=member.name,
        posts_count=posts_count(member),
    )
