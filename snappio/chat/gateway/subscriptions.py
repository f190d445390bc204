"""Which conversations a socket hears of: joining them, resuming, letting go.

Joined first and read then: what is committed in between is held in the outbox, and
whoever lost the right to read in between is not answered. That the member came into a
conversation or out of one is heard on the member's own topic, and looked up then.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from typing import NamedTuple

from snappio.accounts.models import User
from snappio.accounts.services.sessions import live_member
from snappio.chat.errors import ConversationNotFound, TooManySubscriptions
from snappio.chat.gateway.asking import Arrival, Resumption, found_for, told_to
from snappio.chat.gateway.encoder import ConversationEncoder
from snappio.chat.gateway.frames import Membership, Removed
from snappio.chat.gateway.missed import Heard
from snappio.chat.gateway.places import Asked, Listing, Place, ids_among, places_among
from snappio.chat.gateway.watching import Watching
from snappio.chat.keys import inbox_topic
from snappio.chat.updates import InboxChange, Switches, read_update
from snappio.core.limits import current_limits
from snappio.realtime.connections import held
from snappio.realtime.gateway.frames import Hello, time_text
from snappio.realtime.gateway.session import Part, Session
from snappio.realtime.runtime import current_runtime
from snappio.realtime.updates import Position, Update

# So many are told of at a time, lest one who is far behind fill the memory.
TOLD_TOGETHER = 50
# Why somebody is out who was not told.
REMOVED = "removed"


class Subscription(NamedTuple):
    """A conversation that a socket hears of."""

    topic: str
    encoder: ConversationEncoder


@dataclass(slots=True)
class _News:
    """What was heard of the member's places, and is to be looked up."""

    # Whether the member was added, by conversation.
    changed: dict[str, bool] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    # The last revision heard of conversations that the hub has dropped.
    dropped: dict[str, int] = field(default_factory=dict)
    # Something was missed: all may have changed.
    is_all: bool = False
    switches: Switches | None = None


class Subscriptions(Part):
    """The conversations of one socket, by their id."""

    __slots__ = (
        "_by_id",
        "_changing",
        "_is_looking",
        "_left",
        "_news",
        "_session",
        "_typed",
        "switches",
    )

    def __init__(self, session: Session) -> None:
        self._session = session
        self._by_id: dict[str, Subscription] = {}
        self._switches = Switches()
        # Each made when first needed. What the client wants to hear no more of:
        self._left: set[str] | None = None
        self._news: _News | None = None
        self._typed: dict[tuple[str, bool], float] | None = None
        self._is_looking = False
        # One change at a time, in the order in which they were asked for.
        self._changing: asyncio.Lock | None = None
        session.outbox.on_dropped = self._note_dropped

    def close(self) -> None:
        """Leave all topics."""
        self._session.outbox.on_dropped = None
        current_runtime().hub.unfollow(inbox_topic(self._session.user_id), self)
        for conversation_id in tuple(self._by_id):
            self._leave(conversation_id)

    def of(self, conversation_id: str) -> Subscription | None:
        """Return a subscription, or None."""
        return self._by_id.get(conversation_id)

    def typed(self, conversation_id: str, *, on: bool, at: float) -> bool:
        """Say whether to tell that the member begins or stops writing there.

        Not if this socket told the same a moment ago. ``at`` is in `time.monotonic`'s
        seconds.
        """
        if self._typed is None:
            self._typed = {}
        told_at = self._typed.get((conversation_id, on), -inf)
        if at - told_at < current_limits().typing_interval:
            return False
        self._typed[conversation_id, on] = at
        return True

    def member(self) -> User:
        """Return the member, or raise `NotAuthenticated`; in a database thread. One query."""
        identity = self._session.identity
        return live_member(identity.session_id, user_id=identity.user_id)

    async def resume(self, since: Mapping[str, int]) -> None:
        """Join all of the member's conversations, and tell of each what was missed."""
        async with self._lock():
            await current_runtime().hub.follow(inbox_topic(self._session.user_id), self)
            found = await found_for(Arrival(self._session.identity, ids_among(since)))
            self._switch(found.switches)
            await self._join_and_tell(found.listings, since)

    async def subscribe(self, conversation_id: str, since: int | None) -> None:
        """Join one conversation that the member may read, and tell what was missed of it."""
        async with self._lock():
            places = await held(partial(self._among, [conversation_id]))
            if not places:
                raise ConversationNotFound
            if self._left is not None:
                self._left.discard(conversation_id)
            if conversation_id not in self._by_id:
                if len(self._by_id) >= current_limits().subscriptions:
                    raise TooManySubscriptions
                await self._tell_of(places, {} if since is None else {conversation_id: since})

    async def unsubscribe(self, conversation_id: str) -> None:
        """Hear no more of a conversation; nothing if it was not subscribed."""
        async with self._lock():
            if conversation_id in self._by_id:
                if self._left is None:
                    self._left = set()
                self._left.add(conversation_id)
                self._leave(conversation_id)

    # --- What changes meanwhile -----------------------------------------------

    def heard(self, updates: Sequence[Update]) -> None:
        """Take updates of the member's own topic (`realtime.hub.Follower`)."""
        news = self._news = self._news or _News()
        if not updates:
            news.is_all = True
        for update in updates:
            change = read_update(update)
            if isinstance(change, Switches):
                news.switches = change
            if isinstance(change, InboxChange):
                was_added = news.changed.get(change.conversation, False)
                news.changed[change.conversation] = was_added or change.event == "added"
                if change.reason:
                    news.reasons[change.conversation] = change.reason
        self._look_soon()

    def _note_dropped(self, topic: str, revision: int) -> None:
        for conversation_id, subscription in self._by_id.items():
            if subscription.topic == topic:
                news = self._news = self._news or _News()
                news.dropped[conversation_id] = revision
                news.changed.setdefault(conversation_id, False)
                self._look_soon()
                return

    def _look_soon(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self._session.spawn(self._look())

    async def _look(self) -> None:
        try:
            async with self._lock():
                while (news := self._news) is not None:
                    self._news = None
                    await self._take(news)
        finally:
            self._is_looking = False

    async def _take(self, news: _News) -> None:
        if news.switches is not None:
            self._switch(news.switches)
        if news.is_all:
            await self._expect_all(news)
        places = {place.id: place for place in await held(partial(self._among, news.changed))}
        if self._news is not None:
            # Why somebody is out may be told a moment after it shows.
            news.reasons.update(self._news.reasons)
        # Whoever gives up a place in an open room may look on, and does so by asking.
        places = {
            each.id: each
            for each in places.values()
            if each.participant is not None or each.id not in news.reasons
        }
        for conversation_id in news.changed.keys() - places.keys():
            self._tell_removed(conversation_id, news.reasons.get(conversation_id, REMOVED))
        for conversation_id in news.dropped.keys() & places.keys():
            # Out and in again: it goes on behind what was heard.
            self._leave(conversation_id)
        joinable = self._joinable(news, places)
        await self._tell_of(joinable, news.dropped)
        # Who shares no conversation any more may watch no more either.
        await self._session.part(Watching).look_again(self.member)
        for place in places.values():
            # Of those that were joined, `subscribed` has told it.
            if place not in joinable:
                self._tell_place(place)

    async def _expect_all(self, news: _News) -> None:
        found = await found_for(Arrival(self._session.identity, ()))
        self._switch(found.switches)
        for listing in found.listings:
            news.changed[listing.id] = True
        for conversation_id in self._by_id:
            news.changed.setdefault(conversation_id, False)

    def _tell_removed(self, conversation_id: str, reason: str) -> None:
        if conversation_id in self._by_id:
            self._leave(conversation_id)
            self._session.tell(Removed(conversation=conversation_id, reason=reason))

    def _switch(self, switches: Switches) -> None:
        self._session.part(Watching).switch(switches)
        if switches == self._switches:
            return
        self._switches = switches
        hub, outbox = current_runtime().hub, self._session.outbox
        for conversation_id, (topic, old) in tuple(self._by_id.items()):
            new = replace(old, hears_markers=switches.receipts, hears_typing=switches.typing)
            hub.recode(topic, outbox, old, new)
            self._by_id[conversation_id] = Subscription(topic, new)

    def _joinable(self, news: _News, places: Mapping[str, Place]) -> list[Place]:
        room = current_limits().subscriptions - len(self._by_id)
        wanted = [
            place
            for place in places.values()
            if place.id not in self._by_id
            and (news.changed[place.id] or place.id in news.dropped)
            and place.id not in (self._left or ())
        ]
        return wanted[: max(0, room)]

    def _tell_place(self, place: Place) -> None:
        participant = place.participant
        if participant is None:
            return
        muted_until = participant.muted_until
        self._session.tell(
            Membership(
                conversation=place.id,
                role=participant.role,
                muted_until=time_text(muted_until) if muted_until else None,
                read_seq=participant.read_seq,
                delivered_seq=participant.delivered_seq,
                unread=place.unread(place.conversation.last_seq),
            )
        )

    # --- Joining and leaving --------------------------------------------------

    def _lock(self) -> asyncio.Lock:
        if self._changing is None:
            self._changing = asyncio.Lock()
        return self._changing

    async def _tell_of(self, places: Sequence[Place], since: Mapping[str, int]) -> None:
        # What comes live of them follows what is told here.
        if not places:
            return
        with self._session.outbox.held_back():
            await self._join_and_tell([place.listing for place in places], since)

    async def _join_and_tell(self, listings: Sequence[Listing], since: Mapping[str, int]) -> None:
        positions = await self._join(listings, since)
        heard = {
            listing.pk: Heard(positions[listing.topic], since.get(listing.id))
            for listing in listings
        }
        ids = list(heard)
        for start in range(0, len(ids), TOLD_TOGETHER):
            await self._tell({pk: heard[pk] for pk in ids[start : start + TOLD_TOGETHER]})

    async def _join(
        self, listings: Sequence[Listing], since: Mapping[str, int]
    ) -> Mapping[str, Position]:
        hub, outbox = current_runtime().hub, self._session.outbox
        encoders = {}
        for listing in listings:
            encoder = ConversationEncoder(
                listing.id,
                listing.first_seq,
                hears_markers=self._switches.receipts,
                hears_typing=self._switches.typing,
            )
            encoders[listing.topic] = encoder
            self._by_id[listing.id] = Subscription(listing.topic, encoder)
        # A revision that never was must not have the hub look for it.
        seen = {each.topic: min(since.get(each.id, 0), each.revision) for each in listings}
        return await hub.join_many(encoders, outbox, seen=seen)

    async def _tell(self, heard: Mapping[int, Heard]) -> None:
        frames = await told_to(Resumption(self._session.identity, heard))
        gone = set(map(str, heard)) - {each.conversation for each in frames}
        for conversation_id in gone:
            self._leave(conversation_id)
        if gone and self._session.outbox.has_held:
            # Some of it may be of those that are gone, and nobody was told of them: the
            # client comes back and resumes. Who is put out within these milliseconds is rare.
            self._session.outbox.abort()
        for frame in frames:
            await self._session.tell_patiently(frame)

    def _leave(self, conversation_id: str) -> None:
        if self._typed is not None:
            for on in (True, False):
                self._typed.pop((conversation_id, on), None)
        subscription = self._by_id.pop(conversation_id, None)
        if subscription is not None:
            hub, outbox = current_runtime().hub, self._session.outbox
            hub.leave(subscription.topic, outbox, subscription.encoder)

    # --- In database threads --------------------------------------------------

    def _among(self, conversation_ids: Iterable[str]) -> list[Place]:
        (places,) = places_among([Asked(self.member(), ids_among(conversation_ids))])
        return list(places.values())


async def enter(session: Session, hello: Hello) -> None:
    """Subscribe a socket that says `hello` (`realtime.gateway.registry.Entrance`)."""
    subscriptions, watching = Subscriptions(session), Watching(session)
    session.add(subscriptions)
    session.add(watching)
    await subscriptions.resume(hello.since)
