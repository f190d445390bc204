"""One process's readers of live topics.

The hub hears hints from the broker and hands each update to its readers in the
order of revisions, each exactly once. A hint that comes again is dropped; one
that leaves a gap waits a moment for the missing one, which another process may
just be sending, and then the gap is read from the database. A lost *last* hint
leaves no gap to see, so positions are compared with the database every few
seconds, at once after every reconnection, and twice a second while the broker is
away: chat goes on without it, only slower.

A member whom an update bars hears that update and nothing after it. Where present
states were read in place of the updates, the source is asked who may still listen
before anybody hears them.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol, TypeVar

from snappio.realtime.broker import Broker, Hint
from snappio.realtime.database import AWAY, in_database
from snappio.realtime.protocol import text_frame
from snappio.realtime.updates import EPHEMERAL, Missed, Position, Update, kind_of, source_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Two processes' hints cross within milliseconds; waiting this long saves a query.
REORDER_SECONDS = 0.04
CHECK_SECONDS = 5.0
CHECK_SECONDS_WITHOUT_BROKER = 0.5
# A phone that reconnects at once finds its topic still open, without a query.
LINGER_SECONDS = 5.0
FILL_LIMIT = 500
FILLS_AT_ONCE = 8
POSITIONS_AT_ONCE = 2000
SWEEP_SECONDS = 2.0


START = Position(0, 0)


class Encoder(Protocol):
    """Writes updates as frames. Readers whose encoders are equal share what is written."""

    def update(self, update: Update, is_new: bool, /) -> bytes | None:  # noqa: FBT001
        """Return the text of one frame, or None where a reader hears nothing.

        ``is_new`` says that the update's item is new to those who have heard
        everything before it.
        """

    def gap(self, topic: str, after: int, reached: int, /) -> bytes | None:
        """Return the frame that says: the changes between two revisions follow as states.

        None for readers who know no revisions.
        """


class Reader(Protocol):
    """Who listens to topics; an `Outbox` is one."""

    # None for guests, who cannot be barred one by one.
    member_id: int | None

    def send(self, frames: bytes, /) -> None:
        """Take finished frames. Never waits, never raises."""

    def send_if_idle(self, frames: bytes, /) -> None:
        """Take frames that may be lost, and are if much lies unread."""

    def is_stalled(self, at: float, /) -> bool:
        """Say whether the reader has read nothing for too long."""

    def abort(self) -> None:
        """Drop the connection."""

    def dropped(self, topic: str, revision: int, /) -> None:
        """Hear that the topic is not delivered behind this revision: the member is barred."""


class Follower(Protocol):
    """Who hears a topic's updates themselves, to act on them."""

    def heard(self, updates: Sequence[Update], /) -> None:
        """Hear of updates in their order; of none, after a gap: then read everything anew."""


@dataclass(slots=True)
class _Topic:
    name: str
    # Opens it; None once it is open.
    opening: "asyncio.Task[None] | None" = None
    position: Position = START
    # Each made when the first comes: most topics of idle sockets need few of them.
    readers: dict[Encoder, set[Reader]] | None = None
    followers: set[Follower] | None = None
    # Updates that came before their predecessors, by revision.
    early: dict[int, Update] | None = None
    # Reads what was missed; says whether it could.
    filling: "asyncio.Task[bool] | None" = None
    gap_timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        return self.opening is None

    @property
    def has_listeners(self) -> bool:
        return bool(self.readers or self.followers)

    def keep_early(self, update: Update) -> None:
        if update.revision > self.position.revision:
            if self.early is None:
                self.early = {}
            self.early[update.revision] = update

    def forget_reached(self) -> None:
        revision = self.position.revision
        if self.early:
            self.early = {key: held for key, held in self.early.items() if key > revision} or None


class Hub:
    """The live topics that this process's sockets listen to. Lives in one event loop."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._topics: dict[str, _Topic] = {}
        # How many topics each reader has.
        self._readers: dict[Reader, int] = {}
        self._listeners: dict[str, Callable[[bytes], None]] = {}
        self._kinds: dict[str, Callable[[Hint], None]] = {}
        # Topics that wait to be opened together, and the task that will open them.
        self._unopened: list[_Topic] = []
        self._next_opening: asyncio.Task[None] | None = None
        self._opening_turn = asyncio.Lock()
        self._fills = asyncio.Semaphore(FILLS_AT_ONCE)
        self._check_now = asyncio.Event()
        self._followers = [self._check_now.set]
        self._tasks: set[asyncio.Task[Any]] = set()

    def listen(self, channel: str, listener: Callable[[bytes], None]) -> None:
        """Call ``listener`` for hints on a control channel; before `start`."""
        self._listeners[channel] = listener

    def listen_to_kind(self, kind: str, listener: Callable[[Hint], None]) -> None:
        """Call ``listener`` for hints on topics `kind:…` that nobody joins; before `start`."""
        self._kinds[kind] = listener

    def follow_broker(self, follower: Callable[[], None]) -> None:
        """Call ``follower`` after every connection to the broker and loss of it; before `start`."""
        self._followers.append(follower)

    async def start(self) -> None:
        """Connect to the broker and begin to watch positions."""
        await self._broker.subscribe(*self._listeners)
        await self._broker.start(self._hear, self._broker_changed)
        self._spawn(self._watch_positions())
        self._spawn(self._watch_readers())

    async def stop(self) -> None:
        """Stop watching; the broker sends what is unsent."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._broker.stop()

    async def join(
        self, topic_name: str, reader: Reader, encoder: Encoder, *, seen: int = 0, revision: int = 0
    ) -> Position:
        """Begin to deliver a topic to a reader; return the position that live delivery follows.

        ``seen`` is the number of the last item that the reader has from another
        process, ``revision`` the last change: if this one is behind, it catches up
        first, lest the reader hear things twice. Waits while the database is away: a
        handshake is held, not refused.
        """
        topic = await self._opened(topic_name)
        while topic.position.seq < seen or topic.position.revision < revision:
            if await self._caught_up(topic):
                break
        # Nobody read it yet, so it may have been dropped while we waited: begin again.
        if self._topics.get(topic_name) is not topic:
            return await self.join(topic_name, reader, encoder, seen=seen, revision=revision)
        self._add(topic, reader, encoder)
        return topic.position

    async def join_many(
        self, encoders: Mapping[str, Encoder], reader: Reader, *, seen: Mapping[str, int]
    ) -> dict[str, Position]:
        """Join all these topics, opening those that are not open with one question.

        ``seen`` are the revisions that the reader has, by topic; see `join`.
        """
        self._begin([name for name in encoders if name not in self._topics])
        return {
            name: await self.join(name, reader, encoder, revision=seen.get(name, 0))
            for name, encoder in encoders.items()
        }

    def leave(self, topic_name: str, reader: Reader, encoder: Encoder) -> None:
        """Stop delivering; the topic stays open for a moment. Nothing if it was not joined."""
        topic = self._topics.get(topic_name)
        if topic is None or topic.readers is None:
            return
        group = topic.readers.get(encoder)
        if group is None or reader not in group:
            return
        group.discard(reader)
        self._forget(reader)
        if not group:
            del topic.readers[encoder]
        self._linger(topic)

    def recode(self, topic_name: str, reader: Reader, old: Encoder, new: Encoder) -> None:
        """Write a topic's updates another way for a reader, from now on."""
        topic = self._topics.get(topic_name)
        if topic is not None and topic.readers and reader in topic.readers.get(old, ()):
            self._add(topic, reader, new)
            self.leave(topic_name, reader, old)

    async def follow(self, topic_name: str, follower: Follower) -> Position:
        """Hand a topic's updates to ``follower`` from the returned position on."""
        topic = await self._opened(topic_name)
        if self._topics.get(topic_name) is not topic:
            return await self.follow(topic_name, follower)
        if topic.followers is None:
            topic.followers = set()
        topic.followers.add(follower)
        return topic.position

    def unfollow(self, topic_name: str, follower: Follower) -> None:
        """Stop following."""
        topic = self._topics.get(topic_name)
        if topic is not None and topic.followers is not None:
            topic.followers.discard(follower)
            self._linger(topic)

    def _add(self, topic: _Topic, reader: Reader, encoder: Encoder) -> None:
        if topic.readers is None:
            topic.readers = {}
        group = topic.readers.setdefault(encoder, set())
        if reader not in group:
            group.add(reader)
            self._readers[reader] = self._readers.get(reader, 0) + 1

    def _forget(self, reader: Reader) -> None:
        left = self._readers.get(reader, 0) - 1
        if left > 0:
            self._readers[reader] = left
        else:
            self._readers.pop(reader, None)

    def _linger(self, topic: _Topic) -> None:
        if not topic.has_listeners:
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._drop_if_unread, topic)

    def _drop_if_unread(self, topic: _Topic) -> None:
        is_current = self._topics.get(topic.name) is topic
        if is_current and not topic.has_listeners:
            del self._topics[topic.name]
            self._broker.unsubscribe([topic.name])

    # --- Hearing ------------------------------------------------------------

    def _hear(self, hints: Sequence[Hint]) -> None:
        for channel, group in groupby(hints, key=_channel_of):
            if listener := self._listeners.get(channel):
                for _, payload in group:
                    listener(payload)
            elif topic := self._topics.get(channel):
                self._take(topic, map(Update.from_hint, group))
            elif take := self._kinds.get(kind_of(channel)):
                for hint in group:
                    take(hint)

    def _take(self, topic: _Topic, updates: Iterable[Update]) -> None:
        for update in updates:
            if update.revision == EPHEMERAL:
                self._deliver_ephemeral(topic, update)
            else:
                topic.keep_early(update)
        if topic.is_open:
            self._deliver_early(topic)

    def _deliver_early(self, topic: _Topic) -> None:
        ready: list[Update] = []
        revision = topic.position.revision
        while topic.early and (update := topic.early.pop(revision + 1, None)):
            ready.append(update)
            revision += 1
        if ready:
            # A change that is told twice may know of fewer items than we do.
            last_seq = max(topic.position.seq, ready[-1].seq)
            self._deliver(topic, ready, Position(revision, last_seq))
        if topic.early and topic.gap_timer is None:
            loop = asyncio.get_running_loop()
            topic.gap_timer = loop.call_later(REORDER_SECONDS, self._gap_remains, topic)

    def _gap_remains(self, topic: _Topic) -> None:
        topic.gap_timer = None
        if topic.early:
            self._fill(topic)

    def _deliver(self, topic: _Topic, updates: Sequence[Update], reached: Position) -> None:
        # Encoded once and written once for each reader, however many updates one
        # commit brought; and before the position moves, since what cannot be read
        # must not take the place of what the database has there.
        for run in _runs(updates):
            is_last = run[-1] is updates[-1]
            seq = max(topic.position.seq, *(update.item for update in run))
            after = reached if is_last else Position(run[-1].revision, seq)
            written = [
                (readers, _frames_of(run, encoder, topic.position.seq))
                for encoder, readers in (topic.readers or {}).items()
            ]
            topic.position = after
            _write(written)
            if run[-1].leaver:
                self._bar(topic, {run[-1].leaver})
        for follower in tuple(topic.followers or ()):
            follower.heard(updates)

    def _deliver_ephemeral(self, topic: _Topic, update: Update) -> None:
        for encoder, readers in (topic.readers or {}).items():
            frames = _frames_of([update], encoder, topic.position.seq)
            if frames:
                for reader in readers:
                    reader.send_if_idle(frames)
        if update.leaver:
            self._bar(topic, {update.leaver})
        for follower in tuple(topic.followers or ()):
            follower.heard([update])

    def _bar(self, topic: _Topic, member_ids: Collection[int]) -> None:
        barred = [
            (encoder, reader)
            for encoder, readers in (topic.readers or {}).items()
            for reader in readers
            if reader.member_id in member_ids
        ]
        for encoder, reader in barred:
            self.leave(topic.name, reader, encoder)
            reader.dropped(topic.name, topic.position.revision)

    # --- Reading what was missed --------------------------------------------

    async def _opened(self, topic_name: str) -> _Topic:
        topic = self._topics.get(topic_name)
        if topic is None:
            self._begin([topic_name])
            topic = self._topics[topic_name]
        if (opening := topic.opening) is not None:
            await asyncio.wait([opening])
            # It could not be opened, and not because the database is away.
            opening.result()
        return topic

    def _begin(self, names: Sequence[str]) -> None:
        if not names:
            return
        topics = [_Topic(name) for name in names]
        self._topics.update((topic.name, topic) for topic in topics)
        self._unopened += topics
        # All that come while others are being opened are opened together.
        if self._next_opening is None:
            self._next_opening = self._spawn(self._open_waiting())
        for topic in topics:
            topic.opening = self._next_opening

    async def _open_waiting(self) -> None:
        async with self._opening_turn:
            topics, self._unopened, self._next_opening = self._unopened, [], None
            try:
                await self._read_positions(topics)
            except Exception:
                # Whoever comes next tries again.
                for topic in topics:
                    del self._topics[topic.name]
                raise

    async def _read_positions(self, topics: Sequence[_Topic]) -> None:
        # Subscribed before the position is read: what comes in between is kept
        # in `early` and merged by revision.
        await self._broker.subscribe(*(topic.name for topic in topics))
        delay = 0.05
        while True:
            try:
                found = await self._positions_of([topic.name for topic in topics])
                break
            except AWAY:
                await asyncio.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311
                delay = min(delay * 2, 1.0)
        for topic in topics:
            topic.position = found.get(topic.name, START)
            topic.forget_reached()
            topic.opening = None
            self._deliver_early(topic)

    async def _positions_of(self, names: Iterable[str]) -> dict[str, Position]:
        found: dict[str, Position] = {}
        for _, group in groupby(sorted(names), key=kind_of):
            of_kind = list(group)
            for start in range(0, len(of_kind), POSITIONS_AT_ONCE):
                chunk = of_kind[start : start + POSITIONS_AT_ONCE]
                found.update(await in_database(source_of(chunk[0]).positions, chunk))
        return found

    def _fill(self, topic: _Topic) -> "asyncio.Task[bool]":
        # One query at a time for a topic: all its readers wait for the same rows.
        if topic.filling is None:
            topic.filling = self._spawn(self._read_missed(topic))
        return topic.filling

    async def _caught_up(self, topic: _Topic) -> bool:
        """Read what the topic has missed; return whether there is certainly no more than this."""
        is_ours = topic.filling is None
        filling = self._fill(topic)
        await asyncio.wait([filling])
        if not filling.result():
            await asyncio.sleep(CHECK_SECONDS_WITHOUT_BROKER)
            return False
        # If it began after the reader came.
        return is_ours

    async def _read_missed(self, topic: _Topic) -> bool:
        # Hints follow the commit, so what these tell of is there to be read.
        told = tuple(topic.early or ())
        try:
            async with self._fills:
                more = True
                while more:
                    source = source_of(topic.name)
                    missed = await in_database(
                        source.missed, topic.name, topic.position, FILL_LIMIT
                    )
                    more = len(missed.updates) == FILL_LIMIT
                    if missed.may_bar:
                        await self._bar_all_who_may_not_read(topic)
                    self._catch_up(topic, missed)
        except AWAY:
            logger.warning("The database is away; a gap is read at the next check.")
            self._check_now.set()
            return False
        finally:
            topic.filling = None
        # … and what was not is rubbish, which would be asked for again and again.
        for revision in told:
            if topic.early:
                topic.early.pop(revision, None)
        return True

    async def _bar_all_who_may_not_read(self, topic: _Topic) -> None:
        members = {
            reader.member_id
            for readers in (topic.readers or {}).values()
            for reader in readers
            if reader.member_id is not None
        }
        if members:
            # They join anew if they are in it again, and hear what is theirs.
            allowed = await in_database(
                source_of(topic.name).may_read, topic.name, members, topic.position
            )
            self._bar(topic, members - set(allowed))

    def _catch_up(self, topic: _Topic, missed: Missed) -> None:
        # Hints may have moved the topic on while the rows were read.
        current, reached = topic.position.revision, missed.reached
        fresh = [update for update in missed.updates if update.revision > current]
        if reached != topic.position and reached.revision >= current:
            written = [
                (readers, _states_of(fresh, encoder, topic, reached))
                for encoder, readers in (topic.readers or {}).items()
            ]
            topic.position = reached
            _write(written)
            for follower in tuple(topic.followers or ()):
                follower.heard(())
        topic.forget_reached()
        self._deliver_early(topic)

    # --- Watching -----------------------------------------------------------

    def _broker_changed(self) -> None:
        for follower in self._followers:
            follower()

    async def _watch_positions(self) -> None:
        is_blind = False
        while True:
            is_soon = is_blind or not self._broker.is_connected
            pause = CHECK_SECONDS_WITHOUT_BROKER if is_soon else CHECK_SECONDS
            try:
                async with asyncio.timeout(pause * random.uniform(0.8, 1.0)):  # noqa: S311
                    await self._check_now.wait()
            except TimeoutError:
                pass
            self._check_now.clear()
            try:
                await self._compare_positions()
                is_blind = False
            except AWAY:
                logger.warning("The database is away; positions are compared again soon.")
                is_blind = True

    async def _compare_positions(self) -> None:
        is_open = [name for name, topic in self._topics.items() if topic.is_open]
        for name, position in (await self._positions_of(is_open)).items():
            topic = self._topics.get(name)
            if topic and position.revision > topic.position.revision:
                self._fill(topic)

    async def _watch_readers(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            at = time.monotonic()
            stalled = [reader for reader in self._readers if reader.is_stalled(at)]
            for reader in stalled:
                reader.abort()

    def _spawn(self, coroutine: Coroutine[None, None, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _channel_of(hint: Hint) -> str:
    return hint[0]


def _runs(updates: Sequence[Update]) -> Iterable[Sequence[Update]]:
    """Cut updates behind each that bars somebody."""
    start = 0
    for index, update in enumerate(updates):
        if update.leaver:
            yield updates[start : index + 1]
            start = index + 1
    if start < len(updates):
        yield updates[start:]


def _frames_of(updates: Sequence[Update], encoder: Encoder, last_seq: int) -> bytes:
    frames = []
    for update in updates:
        text = encoder.update(update, update.item > last_seq)
        last_seq = max(last_seq, update.item)
        if text is not None:
            frames.append(text_frame(text))
    return b"".join(frames)


def _states_of(
    updates: Sequence[Update], encoder: Encoder, topic: _Topic, reached: Position
) -> bytes:
    before = topic.position
    gap = encoder.gap(topic.name, before.revision, reached.revision)
    if gap is None:
        return _frames_of(updates, encoder, before.seq)
    if reached.revision == before.revision:
        return b""
    # A state that is newer than the gap is told in its turn.
    told = [update for update in updates if update.revision <= reached.revision]
    return text_frame(gap) + _frames_of(told, encoder, before.seq)


def _write(written: Iterable[tuple[Collection[Reader], bytes]]) -> None:
    for readers, frames in written:
        if frames:
            for reader in readers:
                reader.send(frames)
