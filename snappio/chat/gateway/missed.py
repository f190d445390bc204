"""What a socket is told of conversations that it has just joined.

Everything here runs in database threads, and asks as often for one conversation as
for five hundred, of one member or of many, but where there is much to tell.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from django.db.models import F, Q, QuerySet
from msgspec import Raw

from snappio.chat.gateway.encoder import message_text
from snappio.chat.gateway.frames import Subscribed
from snappio.chat.gateway.places import Place
from snappio.chat.models import Message
from snappio.chat.queries import Seat, entries_at, states_of
from snappio.chat.serializers.conversations import conversation_json
from snappio.chat.updates import MessageState
from snappio.core.limits import current_limits
from snappio.realtime.updates import Position

# More than this is not told one by one; the client pages back.
MOST_MISSED = current_limits().history_page_max
# Of conversations with a few changes each, so many changes are read by one query …
READ_TOGETHER = 1_000
# … of so many conversations: SQLite takes no expressions that are deeper than a thousand.
NAMED_TOGETHER = 200


@dataclass(frozen=True, slots=True)
class Heard:
    """From where on a conversation's updates are heard.

    ``since`` is the last revision that the client has; None if it has nothing.
    """

    position: Position
    since: int | None

    @property
    def is_beyond(self) -> bool:
        """Whether the client has seen what is not there."""
        return self.since is not None and self.since > self.position.revision

    @property
    def behind(self) -> int:
        """How many changes the client has missed; more than are told if nothing is certain."""
        if self.is_beyond:
            return MOST_MISSED + 1
        return self.position.revision - (self.since or 0)


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """A conversation that was joined, as it is now."""

    place: Place
    heard: Heard

    @property
    def pk(self) -> int:
        """The conversation's id."""
        return self.place.conversation.pk

    def may_tell(self, state: MessageState) -> bool:
        """Say whether a message of the conversation is among what is told."""
        since = 0 if self.heard.is_beyond else self.heard.since or 0
        is_there = self.place.first_seq <= state.seq <= self.heard.position.seq
        return is_there and state.revision > since


@dataclass(frozen=True, slots=True)
class _Missed:
    messages: Sequence[MessageState] = ()
    is_all: bool = True


NOTHING = _Missed()


def subscribed_of(joined: Sequence[Joined]) -> list[Subscribed]:
    """Return what to tell of conversations that were just joined, by any members.

    At most seven queries where little was missed, and two more for each that much was
    missed of.
    """
    changed = [each for each in joined if each.heard.since != each.heard.position.revision]
    missed = _missed(changed)
    details = _details_of(changed)
    return [_subscribed(each, missed.get(each, NOTHING), details.get(each)) for each in joined]


def _details_of(joined: Sequence[Joined]) -> Mapping[Joined, Raw]:
    if not joined:
        return {}
    places = [each.place for each in joined]
    seats = [Seat(place.conversation, place.member_id, place.participant) for place in places]
    return {
        each: Raw(orjson.dumps(conversation_json(entry)))
        for each, entry in zip(joined, entries_at(seats), strict=True)
    }


def _subscribed(joined: Joined, missed: _Missed, details: Raw | None) -> Subscribed:
    place, position = joined.place, joined.heard.position
    return Subscribed(
        conversation=place.id,
        revision=position.revision,
        last_seq=position.seq,
        first_seq=place.first_seq,
        read_seq=place.read_seq,
        delivered_seq=place.delivered_seq,
        unread=place.unread(position.seq),
        complete=missed.is_all,
        messages=[message_text(state) for state in missed.messages],
        details=details,
    )


def _missed(joined: Sequence[Joined]) -> Mapping[Joined, _Missed]:
    """Return what is new or changed of each."""
    found = _last_of([each for each in joined if each.heard.since is None])
    named = [each for each in joined if each.heard.since is not None]
    for group in _groups([each for each in named if each.heard.behind <= MOST_MISSED]):
        states = _by_conversation(_changes(group).order_by("conversation", "seq"))
        for each in group:
            told = [state for state in states[each.pk] if each.may_tell(state)]
            found[each] = _Missed(told)
    for each in named:
        if each.heard.behind > MOST_MISSED:
            found[each] = _newest_of(each)
    return found


def _last_of(joined: Sequence[Joined]) -> dict[Joined, _Missed]:
    """Return the last message of each, as of its position; one query more if some are beyond.

    A client that has a newer one would take for old what comes live before it.
    """
    if not joined:
        return {}
    newest = _by_conversation(
        Message.objects.filter(
            conversation__in={each.pk for each in joined}, seq=F("conversation__last_seq")
        )
    )
    beyond = [
        each
        for each in joined
        if any(state.seq > each.heard.position.seq for state in newest[each.pk])
    ]
    for start in range(0, len(beyond), NAMED_TOGETHER):
        wanted = Q()
        for each in beyond[start : start + NAMED_TOGETHER]:
            wanted |= Q(conversation=each.pk, seq=each.heard.position.seq)
        for state in states_of(Message.objects.filter(wanted)):
            newest[int(state.conversation)].append(state)
    return {each: _Missed(_at_position(each, newest[each.pk])) for each in joined}


def _at_position(joined: Joined, states: Sequence[MessageState]) -> Sequence[MessageState]:
    last_seq = joined.heard.position.seq
    told = {state.seq: state for state in states if joined.may_tell(state)}
    return [told[last_seq]] if last_seq in told else []


def _newest_of(joined: Joined) -> _Missed:
    newest = states_of(_changes([joined]).order_by("-seq")[: MOST_MISSED + 1])
    is_all = len(newest) <= MOST_MISSED and not joined.heard.is_beyond
    return _Missed(newest[:MOST_MISSED][::-1], is_all)


def _by_conversation(messages: QuerySet[Message]) -> defaultdict[int, list[MessageState]]:
    found: defaultdict[int, list[MessageState]] = defaultdict(list)
    for state in states_of(messages):
        found[int(state.conversation)].append(state)
    return found


def _groups(joined: Sequence[Joined]) -> list[list[Joined]]:
    """Put together what may be read by one query."""
    groups: list[list[Joined]] = []
    room = 0
    for each in joined:
        behind = each.heard.behind
        if behind == 0:
            continue
        if not groups or behind > room or len(groups[-1]) == NAMED_TOGETHER:
            groups.append([])
            room = READ_TOGETHER
        groups[-1].append(each)
        room -= behind
    return groups


def _changes(joined: Sequence[Joined]) -> QuerySet[Message]:
    # None that are newer than the position: those are told live, and follow. Older ones
    # that were changed since are told here, and live again: left out, they would be
    # missing from what claims to be all.
    wanted = Q()
    for each in joined:
        wanted |= Q(
            conversation=each.pk,
            revision__gt=0 if each.heard.is_beyond else each.heard.since or 0,
            seq__gte=each.place.first_seq,
            seq__lte=each.heard.position.seq,
        )
    return Message.objects.filter(wanted)
