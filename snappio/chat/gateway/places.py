"""Which conversations a member's socket may hear of, and the member's place in each.

Everything here runs in database threads, and asks as often for one member and one
conversation as for many.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from snappio.accounts.models import User
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Participant
from snappio.core.pagination import LARGEST_ID


class Listing(NamedTuple):
    """What one must know of a conversation to join it."""

    pk: int
    key: str
    revision: int
    # The first message that is the member's to see.
    first_seq: int

    @property
    def id(self) -> str:
        """The conversation's id, as clients know it."""
        return str(self.pk)

    @property
    def topic(self) -> str:
        """The conversation's live topic."""
        return ConversationKey.parse(self.key).topic


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation that a member may read, and the member's place in it.

    None is somebody who looks on in an open room.
    """

    conversation: Conversation
    member_id: int
    participant: Participant | None

    @property
    def id(self) -> str:
        """The conversation's id, as clients know it."""
        return str(self.conversation.pk)

    @property
    def listing(self) -> Listing:
        """What is needed to join it."""
        found = self.conversation
        return Listing(found.pk, found.key, found.revision, self.own_first_seq)

    @property
    def read_seq(self) -> int:
        """How far the member has read."""
        return self.participant.read_seq if self.participant else 0

    @property
    def delivered_seq(self) -> int:
        """How far a device of the member has received."""
        return self.participant.delivered_seq if self.participant else 0

    @property
    def own_first_seq(self) -> int:
        """The first message that is the member's to see."""
        return self.participant.first_seq if self.participant else 1

    @property
    def first_seq(self) -> int:
        """The first of them that is still there."""
        return max(self.conversation.first_seq, self.own_first_seq)

    def unread(self, last_seq: int) -> int:
        """Return how many messages up to ``last_seq`` are left to read."""
        return max(0, last_seq - max(self.read_seq, self.first_seq - 1))


class Asked(NamedTuple):
    """A member, and the conversations that are asked for."""

    member: User
    ids: Collection[int]


def listings_of(asked: Sequence[Asked], *, limit: int) -> list[list[Listing]]:
    """Return for each the own conversations, the latest message first, and open rooms asked for.

    One query, and one more for each who asks for what is not their own.
    """
    own = _own_listings({member.pk for member, _ in asked}, limit)
    found = []
    for member, ids in asked:
        listings = list(own.get(member.pk, ()))
        others = set(ids) - {listing.pk for listing in listings}
        if others and len(listings) < limit:
            rooms = Conversation.objects.visible_to(member).filter(pk__in=others)
            rows = rooms.values_list("pk", "key", "revision")[: limit - len(listings)]
            listings += [Listing(pk, key, revision, 1) for pk, key, revision in rows]
        found.append(listings)
    return found


def _own_listings(member_ids: Collection[int], limit: int) -> Mapping[int, Sequence[Listing]]:
    rank = Window(
        RowNumber(),
        partition_by="user",
        order_by=[F("conversation__last_message_at").desc(), F("conversation_id").desc()],
    )
    own = Participant.objects.filter(user__in=member_ids).annotate(rank=rank)
    rows = own.filter(rank__lte=limit).order_by("user", "rank")
    found: dict[int, list[Listing]] = {}
    columns = ("conversation", "conversation__key", "conversation__revision", "first_seq")
    for member_id, pk, key, revision, first_seq in rows.values_list("user", *columns):
        found.setdefault(member_id, []).append(Listing(pk, key, revision, first_seq))
    return found


def places_among(asked: Sequence[Asked]) -> list[dict[int, Place]]:
    """Return for each, by id, those of the conversations that the member may read now.

    One query, and one more for each who asks for what is not their own.
    """
    rows = Participant.objects.filter(
        user__in={member.pk for member, _ in asked},
        conversation__in={pk for _, ids in asked for pk in ids},
    ).select_related("conversation")
    own = {(row.user_id, row.conversation_id): row for row in rows}
    found = []
    for member, ids in asked:
        places = {
            pk: Place(row.conversation, member.pk, row)
            for pk in ids
            if (row := own.get((member.pk, pk))) is not None
        }
        if others := set(ids) - places.keys():
            rooms = Conversation.objects.visible_to(member).filter(pk__in=others)
            places.update((room.pk, Place(room, member.pk, None)) for room in rooms)
        found.append(places)
    return found


def id_of(conversation_id: str) -> int | None:
    """Return the number behind a conversation's id, or None for what can be none."""
    is_number = conversation_id.isascii() and conversation_id.isdecimal()
    if not is_number or len(conversation_id) >= len(str(LARGEST_ID)):
        return None
    return int(conversation_id)


def ids_among(named: Iterable[str]) -> set[int]:
    """Return the numbers behind those ids that can be any."""
    return {pk for pk in map(id_of, named) if pk is not None}
