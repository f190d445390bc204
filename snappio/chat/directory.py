"""Finding rooms, and what moderators look up about one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from snappio.accounts.models import User
from snappio.chat.models import Ban, Conversation, Invite, Participant
from snappio.chat.queries import room_among
from snappio.core.clock import now
from snappio.core.pagination import Page, decode_numbers, encode_cursor, page_of


@dataclass(frozen=True, slots=True)
class RoomEntry:
    """A room as a member sees it who may not be in it."""

    conversation: Conversation
    # None for who is not in it.
    role: str | None


def get_known_room(room_id: str, *, viewer: User) -> Conversation:
    """Return a room that the viewer is in or may join, or raise `ConversationNotFound`."""
    return room_among(Conversation.objects.known_to(viewer), room_id)


def entry_of(room: Conversation, *, viewer: User) -> RoomEntry:
    """Return a room as the viewer sees it. One query."""
    return RoomEntry(room, _roles_of(viewer, [room]).get(room.pk))


def rooms_for(
    viewer: User, *, mine: bool, search: str, cursor: str | None, limit: int
) -> Page[RoomEntry]:
    """Return the viewer's rooms, or else those to discover; the largest first. Two queries.

    ``search`` is part of a name, in any letter case.
    """
    if mine:
        rooms = Conversation.objects.of(viewer).rooms()
    else:
        rooms = Conversation.objects.known_to(viewer).to_discover()
    if search:
        rooms = rooms.filter(name__icontains=search)
    if cursor:
        members, pk = decode_numbers(cursor, count=2)
        rooms = rooms.filter(Q(members_count__lt=members) | Q(members_count=members, pk__lt=pk))
    rows = list(rooms.order_by("-members_count", "-pk")[: limit + 1])
    shown = rows[:limit]
    roles = _roles_of(viewer, shown)
    last = shown[-1] if len(rows) > limit else None
    return Page(
        [RoomEntry(row, roles.get(row.pk)) for row in shown],
        encode_cursor(last.members_count, last.pk) if last else None,
    )


def _roles_of(viewer: User, rooms: Sequence[Conversation]) -> Mapping[int, str]:
    places = Participant.objects.filter(user=viewer, conversation__in=[room.pk for room in rooms])
    return dict(places.values_list("conversation", "role"))


def bans_in(conversation: Conversation, *, cursor: int | None, limit: int) -> Page[Ban]:
    """Return the bans in force, the latest first. One query."""
    bans = Ban.objects.in_force(at=now()).filter(conversation=conversation).order_by("-pk")
    if cursor is not None:
        bans = bans.filter(pk__lt=cursor)
    return page_of(bans.select_related("user", "by"), limit)


def invites_to(conversation: Conversation) -> list[Invite]:
    """Return the invites that still open the room, the latest first. One query.

    Their number is limited.
    """
    return list(usable_invites().filter(conversation=conversation).order_by("-pk"))


def usable_invites() -> QuerySet[Invite]:
    """Return the invites that are neither expired nor used up."""
    has_uses = Q(uses_left=None) | Q(uses_left__gt=0)
    return Invite.objects.filter(has_uses, expires_at__gt=now()).select_related("by")
