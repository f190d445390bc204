"""What members are to each other."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from snappio.accounts.models import User
from snappio.accounts.names import is_well_formed, normalise_username
from snappio.accounts.queries import get_member
from snappio.core.clock import now
from snappio.core.pagination import Page, encode_cursor
from snappio.relationships import conditions
from snappio.relationships.models import Block, CloseFriend, Follow, Mute

# Suggestions look at so many of those whom a member follows, the newest first …
GUIDES = 100
# … and at nobody who follows more than this: who follows everybody tells nothing.
GUIDE_FOLLOWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """What a member is to the viewer; the fields are the names that clients know."""

    following: bool
    followed_by: bool
    # The viewer has asked, or is asked, to be followed.
    requested: bool
    requested_by: bool
    blocking: bool
    muting: bool
    close_friend: bool


RELATIONSHIP = tuple(Relationship.__dataclass_fields__)


def relationship_columns(viewer: Any, member: str, *, at: Any) -> dict[str, Q]:
    """Return what to annotate with, to read `Relationship`s along with members.

    The parameters are as in `conditions`.
    """
    return {
        "following": conditions.followed_by(viewer, member),
        "followed_by": conditions.following(viewer, member),
        "requested": conditions.asked_by(viewer, member),
        "requested_by": conditions.asking(viewer, member),
        "blocking": conditions.blocked_by(viewer, member),
        "muting": conditions.muted_by(viewer, member, at=at),
        "close_friend": conditions.close_to(viewer, member),
    }


def relationships_among(
    viewer: User, usernames: Collection[str]
) -> Sequence[tuple[str, Relationship]]:
    """Return what those of these names are to the viewer of whom they may know. One query.

    In order of the names; each is written exactly as the member does.
    """
    names = {written for name in usernames if is_well_formed(written := normalise_username(name))}
    members = User.objects.active().filter(conditions.known_to(viewer.pk, "pk"), username__in=names)
    columns = relationship_columns(viewer.pk, "pk", at=now())
    rows = members.annotate(**columns).order_by("username").values_list("username", *RELATIONSHIP)
    return [
        (name, Relationship(**dict(zip(RELATIONSHIP, values, strict=True))))
        for name, *values in rows
    ]


def get_visible_member(username: str, *, viewer: User | None) -> User:
    """Return the active member of this name, or raise `UnknownMember`.

    Whoever blocks the viewer or is blocked by them looks absent. One query.
    """
    return get_member(username, ~conditions.blocked_with(viewer.pk if viewer else None, "pk"))


def get_known_member(username: str, *, viewer: User) -> User:
    """Return likewise a member whom the viewer may block or unblock: also who is blocked."""
    return get_member(username, conditions.known_to(viewer.pk, "pk"))


def get_open_member(username: str, *, viewer: User | None) -> User:
    """Return likewise a member whose things the viewer may see: not of who is private."""
    return get_member(username, conditions.shown_to(viewer.pk if viewer else None, "pk"))


def blocked_between(viewer_id: int, member_ids: Collection[int]) -> set[int]:
    """Return those of the members who block the viewer or are blocked by them. One query."""
    made = Block.objects.filter(blocker=viewer_id, blocked__in=member_ids)
    suffered = Block.objects.filter(blocker__in=member_ids, blocked=viewer_id)
    # Together in one statement.
    found = made.values_list("blocked").union(suffered.values_list("blocker"), all=True)
    return {member_id for (member_id,) in found}


def is_blocked_between(one_id: int, other_id: int) -> bool:
    """Say whether either of the two blocks the other. One query."""
    return Block.objects.either_way(one_id, other_id).exists()


def blocked_pairs_among(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those pairs of which one blocks the other. One query."""
    members = {member for pair in pairs for member in pair}
    blocks = Block.objects.filter(blocker__in=members, blocked__in=members)
    found = set(blocks.values_list("blocker", "blocked"))
    return {(one, other) for one, other in pairs if {(one, other), (other, one)} & found}


def followed_ids(follower_id: int) -> "QuerySet[Follow, int]":
    """Return the ids of those whom a member follows, to be used inside another query."""
    return Follow.objects.accepted().filter(follower=follower_id).values_list("followed", flat=True)


def close_friend_ids(owner_id: int) -> "QuerySet[CloseFriend, int]":
    """Return the ids of a member's close friends, to be used inside another query."""
    return CloseFriend.objects.filter(owner=owner_id).values_list("friend", flat=True)


# --- Lists: the members' ids, the newest row first. One query each. -------------


def followers_of(member: User, *, viewer: User | None, before: int | None, limit: int) -> Page[int]:
    """Return who follows a member; without whom a block hides from the viewer."""
    follows = Follow.objects.accepted().filter(followed=member)
    return _page(follows, "follower", viewer=viewer, before=before, limit=limit)


def followed_by(member: User, *, viewer: User | None, before: int | None, limit: int) -> Page[int]:
    """Return whom a member follows; without whom a block hides from the viewer."""
    follows = Follow.objects.accepted().filter(follower=member)
    return _page(follows, "followed", viewer=viewer, before=before, limit=limit)


def requests_to(member: User, *, before: int | None, limit: int) -> Page[int]:
    """Return who waits for the member's answer."""
    requests = Follow.objects.requested().filter(followed=member)
    return _page(requests, "follower", viewer=member, before=before, limit=limit)


def close_friends_of(owner: User, *, before: int | None, limit: int) -> Page[int]:
    """Return a member's close friends."""
    rows = CloseFriend.objects.filter(owner=owner)
    return _page(rows, "friend", viewer=owner, before=before, limit=limit)


def muted_of(muter: User, *, before: int | None, limit: int) -> Page[int]:
    """Return of whom a member does not want to hear now."""
    mutes = Mute.objects.in_force(at=now()).filter(muter=muter)
    return _page(mutes, "muted", viewer=muter, before=before, limit=limit)


def blocked_of(blocker: User, *, before: int | None, limit: int) -> Page[int]:
    """Return whom a member blocks."""
    blocks = Block.objects.filter(blocker=blocker)
    # Nobody is hidden here: these are the very ones.
    return _page(blocks, "blocked", viewer=None, before=before, limit=limit)


def _page(
    rows: QuerySet[Any], column: str, *, viewer: User | None, before: int | None, limit: int
) -> Page[int]:
    shown = rows.filter(**{f"{column}__is_active": True})
    if viewer is not None:
        shown = shown.exclude(conditions.blocked_with(viewer.pk, column))
    if before is not None:
        shown = shown.filter(pk__lt=before)
    # One more than asked for tells whether there is a next page.
    found = list(shown.order_by("-pk").values_list("pk", column)[: limit + 1])
    has_more = len(found) > limit
    return Page(
        [member_id for _, member_id in found[:limit]],
        encode_cursor(found[limit - 1][0]) if has_more else None,
    )


def suggestions_for(member: User, *, limit: int) -> Sequence[tuple[int, int]]:
    """Return ids of members to follow, and how many of those followed follow them; most first.

    They are followed by those whom the member follows, and are neither followed nor asked,
    blocked, muted, disabled, nor kept out of the directory. Looks at 100,000 follows at
    most. One query.
    """
    guides = Follow.objects.accepted().filter(
        follower=member, followed__follow_counts__following__lte=GUIDE_FOLLOWS
    )
    newest = guides.order_by("-pk").values("followed")[:GUIDES]
    found = (
        Follow.objects.accepted()
        .filter(follower__in=newest, followed__is_active=True, followed__is_discoverable=True)
        .exclude(followed=member)
        # Few, and the same for each row: the database makes each list once.
        .exclude(followed__in=Follow.objects.filter(follower=member).values("followed"))
        .exclude(followed__in=Block.objects.filter(blocker=member).values("blocked"))
        .exclude(followed__in=Block.objects.filter(blocked=member).values("blocker"))
        .exclude(followed__in=Mute.objects.in_force(at=now()).filter(muter=member).values("muted"))
    )
    counted = found.values("followed").annotate(mutuals=Count("pk"))
    return list(
        counted.order_by("-mutuals", "-followed").values_list("followed", "mutuals")[:limit]
    )
