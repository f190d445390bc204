"""One process's readers of live topics.

The hub hears hints from the broker and hands each update to its readers in the
order of revisions, each exactly once. A hint that comes again is dropped; one
that leaves a gap waits a moment for the missing one, which another process may
just be sending, and then the gap is read from the database. A lost *last* hint
leaves no gap to see, so positions are compared with the database every few
seconds, at once after every reconnection, and twice a second while the broker is
away: chat goes on without it, only slower.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

from snappio.realtime.broker import Broker, Hint
from snappio.realtime.database import AWAY, in_database
from snappio.realtime.protocol import Outbox, text_frame
from snappio.realtime.updates import Position, Update, kind_of, source_of

logger = logging.getLogger(__name__)

# Turns an update into the text of one frame, or None where a reader hears nothing. Is told
# whether the update's item is new to those who have heard everything before it.
Encoder = Callable[[Update, bool], bytes | None]

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


@dataclass(slots=True)
class _Topic:
    name: str
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    position: Position = START
    readers: dict[Encoder, set[Outbox]] = field(default_factory=dict)
    # Updates that came before their predecessors, by revision.
    early: dict[int, Update] = field(default_factory=dict)
    # Reads what was missed; says whether it could.
    filling: asyncio.Task[bool] | None = None
    gap_timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        return self.opened.is_set()


class Hub:
    """The live topics that this process's sockets listen to. Lives in one event loop."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._topics: dict[str, _Topic] = {}
        self._outboxes: set[Outbox] = set()
        self._listeners: dict[str, Callable[[bytes], None]] = {}
        self._fills = asyncio.Semaphore(FILLS_AT_ONCE)
        self._check_now = asyncio.Event()
        self._followers = [self._check_now.set]
        self._tasks: set[asyncio.Task[Any]] = set()

    def listen(self, channel: str, listener: Callable[[bytes], None]) -> None:
        """Call ``listener`` for hints on a control channel; before `start`."""
        self._listeners[channel] = listener

    def follow_broker(self, follower: Callable[[], None]) -> None:
        """Call ``follower`` after every connection to the broker and loss of it; before `start`."""
        self._followers.append(follower)

    async def start(self) -> None:
        """Connect to the broker and begin to watch positions."""
        for channel in self._listeners:
            await self._broker.subscribe(channel)
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
        self, topic_name: str, outbox: Outbox, encoder: Encoder, *, seen: int = 0
    ) -> Position:
        """Begin to deliver a topic to a reader; return the position that live delivery follows.

        ``seen`` is the number of the last item that the reader has from another
        process: if this one is behind, it catches up first, lest the reader hear
        things twice. Waits while the database is away: a handshake is held, not
        refused.
        """
        topic = self._topics.get(topic_name)
        if topic is None:
            topic = self._topics[topic_name] = _Topic(topic_name)
            self._spawn(self._open(topic))
        self._outboxes.add(outbox)
        await topic.opened.wait()
        await self._reach(topic, seen)
        # Nobody read it yet, so it may have been dropped while we waited: begin again.
        if self._topics.get(topic_name) is not topic:
            return await self.join(topic_name, outbox, encoder, seen=seen)
        topic.readers.setdefault(encoder, set()).add(outbox)
        return topic.position

    def leave(self, topic_name: str, outbox: Outbox, encoder: Encoder) -> None:
        """Stop delivering; the topic stays open for a moment."""
        self._outboxes.discard(outbox)
        topic = self._topics.get(topic_name)
        if topic is None:
            return
        topic.readers.get(encoder, set()).discard(outbox)
        if not any(topic.readers.values()):
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._drop_if_unread, topic)

    def _drop_if_unread(self, topic: _Topic) -> None:
        is_current = self._topics.get(topic.name) is topic
        if is_current and not any(topic.readers.values()):
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

    def _take(self, topic: _Topic, updates: Iterable[Update]) -> None:
        for update in updates:
            if update.revision > topic.position.revision:
                topic.early[update.revision] = update
        if topic.is_open:
            self._deliver_early(topic)

    def _deliver_early(self, topic: _Topic) -> None:
        ready = []
        revision = topic.position.revision
        while update := topic.early.pop(revision + 1, None):
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
        written = [
            (readers, _frames_of(updates, encoder, topic.position.seq))
            for encoder, readers in topic.readers.items()
            if readers
        ]
        topic.position = reached
        for readers, frames in written:
            if frames:
                for outbox in readers:
                    outbox.send(frames)

    # --- Reading what was missed --------------------------------------------

    async def _open(self, topic: _Topic) -> None:
        # Subscribed before the position is read: what comes in between is kept
        # in `early` and merged by revision.
        await self._broker.subscribe(topic.name)
        delay = 0.05
        while True:
            try:
                source = source_of(topic.name)
                found = await in_database(source.positions, [topic.name])
                break
            except AWAY:
                await asyncio.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311
                delay = min(delay * 2, 1.0)
        topic.position = found.get(topic.name, START)
        topic.early = {
            revision: update
            for revision, update in topic.early.items()
            if revision > topic.position.revision
        }
        topic.opened.set()
        self._deliver_early(topic)

    def _fill(self, topic: _Topic) -> None:
        # One query at a time for a topic: all its readers wait for the same rows.
        if topic.filling is None:
            topic.filling = self._spawn(self._read_missed(topic))

    async def _reach(self, topic: _Topic, seq: int) -> None:
        while topic.position.seq < seq:
            is_ours = topic.filling is None
            self._fill(topic)
            assert topic.filling is not None
            filling = topic.filling
            await asyncio.wait([filling])
            if not filling.result():
                await asyncio.sleep(CHECK_SECONDS_WITHOUT_BROKER)
            elif is_ours:
                # It began after the reader came: there is no more than this.
                return

    async def _read_missed(self, topic: _Topic) -> bool:
        # Hints follow the commit, so what these tell of is there to be read.
        told = tuple(topic.early)
        try:
            async with self._fills:
                more = True
                while more:
                    source = source_of(topic.name)
                    missed = await in_database(
                        source.missed, topic.name, topic.position, FILL_LIMIT
                    )
                    more = len(missed.updates) == FILL_LIMIT
                    self._catch_up(topic, missed.updates, missed.reached)
        except AWAY:
            logger.warning("The database is away; a gap is read at the next check.")
            self._check_now.set()
            return False
        finally:
            topic.filling = None
        # … and what was not is rubbish, which would be asked for again and again.
        for revision in told:
            topic.early.pop(revision, None)
        return True

    def _catch_up(self, topic: _Topic, updates: Sequence[Update], reached: Position) -> None:
        # Hints may have moved the topic on while the rows were read.
        current = topic.position.revision
        fresh = [update for update in updates if update.revision > current]
        if reached != topic.position and reached.revision >= current:
            self._deliver(topic, fresh, reached)
        topic.early = {
            revision: update
            for revision, update in topic.early.items()
            if revision > topic.position.revision
        }
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
        by_kind = sorted((name for name, topic in self._topics.items() if topic.is_open))
        for _, group in groupby(by_kind, key=kind_of):
            names = list(group)
            for start in range(0, len(names), POSITIONS_AT_ONCE):
                chunk = names[start : start + POSITIONS_AT_ONCE]
                found = await in_database(source_of(chunk[0]).positions, chunk)
                for name, position in found.items():
                    topic = self._topics.get(name)
                    if topic and position.revision > topic.position.revision:
                        self._fill(topic)

    async def _watch_readers(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            at = time.monotonic()
            stalled = [outbox for outbox in self._outboxes if outbox.is_stalled(at)]
            for outbox in stalled:
                outbox.abort()

    def _spawn(self, coroutine: Coroutine[None, None, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _channel_of(hint: Hint) -> str:
    return hint[0]


def _frames_of(updates: Sequence[Update], encoder: Encoder, last_seq: int) -> bytes:
    frames = []
    for update in updates:
        text = encoder(update, update.item > last_seq)
        last_seq = max(last_seq, update.item)
        if text is not None:
            frames.append(text_frame(text))
    return b"".join(frames)
