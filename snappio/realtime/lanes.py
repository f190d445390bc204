"""Group commit: whatever queues up while one batch is stored goes into the next one.

A lane is a thread with its own database connection. At low load an item is
stored alone, at once; at high load batches grow, and one commit serves hundreds.
Items that share a key take the same lane, so their order is kept.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from django.db import connection

from snappio.core.errors import DomainError, Unavailable
from snappio.realtime.database import AWAY, keep_own_connection

logger = logging.getLogger(__name__)

BATCH_ITEMS = 256
# Beyond this a lane is full: sockets that feed it are not read until it has room.
QUEUE_ITEMS = 2_000
ROOM_POLL_SECONDS = 0.01
# How long one batch is tried again while the database is away. Storing is safe
# to repeat: every item carries an id of its own.
PATIENCE_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0

Item = TypeVar("Item")
Stored = TypeVar("Stored")
Item_contra = TypeVar("Item_contra", contravariant=True)
Stored_co = TypeVar("Stored_co", covariant=True)


class Store(Protocol[Item_contra, Stored_co]):
    """Stores a batch in one transaction; a refused item gets its refusal, others go on.

    ``is_retry`` says that an earlier try may have been committed unseen.
    """

    def __call__(
        self, items: Sequence[Item_contra], /, *, is_retry: bool
    ) -> Sequence[Stored_co | DomainError]: ...


@dataclass(frozen=True, slots=True)
class _Pending(Generic[Item, Stored]):
    item: Item
    tell: Callable[[Stored | DomainError], None]


class Lane(Generic[Item, Stored]):
    """One queue and the thread that stores what is in it."""

    def __init__(self, name: str, store: Store[Item, Stored]) -> None:
        self._name = name
        self._store = store
        self._queue: deque[_Pending[Item, Stored]] = deque()
        self._wake = threading.Condition()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the thread; outcomes are told in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stop(self) -> None:
        """Store what is queued, then end the thread."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
        self._thread.join(timeout=PATIENCE_SECONDS)

    def put(self, item: Item, tell: Callable[[Stored | DomainError], None]) -> None:
        """Queue an item; ``tell`` is called in the loop with what was stored or the refusal."""
        with self._wake:
            self._queue.append(_Pending(item, tell))
            self._wake.notify()

    async def has_room(self) -> None:
        """Return once the queue is short enough to take more."""
        # Asked now and then: an event would have to be set from the lane's thread
        # after every batch, for something that hardly ever happens.
        while len(self._queue) >= QUEUE_ITEMS:  # noqa: ASYNC110
            await asyncio.sleep(ROOM_POLL_SECONDS)

    def _run(self) -> None:
        keep_own_connection()
        while batch := self._next_batch():
            outcomes = self._store_patiently([pending.item for pending in batch])
            assert self._loop is not None
            try:
                self._loop.call_soon_threadsafe(_tell_all, batch, outcomes)
            except RuntimeError:
                # The loop is gone, and with it everybody who waited.
                break
        connection.close()

    def _next_batch(self) -> list[_Pending[Item, Stored]]:
        with self._wake:
            self._wake.wait_for(lambda: self._queue or self._is_stopping)
            count = min(len(self._queue), BATCH_ITEMS)
            return [self._queue.popleft() for _ in range(count)]

    def _store_patiently(
        self, items: Sequence[Item], *, is_retry: bool = False
    ) -> Sequence[Stored | DomainError]:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._store(items, is_retry=is_retry)
            except AWAY as error:
                logger.warning("%s: the database is away (%s).", self._name, type(error).__name__)
                connection.close()
                if time.monotonic() > give_up_at:
                    return [Unavailable()] * len(items)
            except Exception:
                # Whatever it is: a lane that died would take its conversations along.
                logger.exception("%s: a batch of %d was refused.", self._name, len(items))
                connection.close()
                return self._store_singly(items, is_retry=is_retry)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            is_retry = True

    def _store_singly(
        self, items: Sequence[Item], *, is_retry: bool
    ) -> Sequence[Stored | DomainError]:
        # One item that the database cannot take must not cost the others.
        if len(items) == 1:
            return [Unavailable()]
        return [
            outcome
            for item in items
            for outcome in self._store_patiently([item], is_retry=is_retry)
        ]


def _tell_all(
    batch: Sequence[_Pending[Item, Stored]], outcomes: Sequence[Stored | DomainError]
) -> None:
    for pending, outcome in zip(batch, outcomes, strict=True):
        pending.tell(outcome)


class Lanes(Generic[Item, Stored]):
    """Several lanes side by side; a key always takes the same one."""

    def __init__(self, name: str, store: Store[Item, Stored], *, count: int) -> None:
        self._lanes = [Lane(f"{name}-{number}", store) for number in range(count)]

    def start(self) -> None:
        """Start all."""
        for lane in self._lanes:
            lane.start()

    async def stop(self) -> None:
        """Store what is queued, then stop."""
        for lane in self._lanes:
            await asyncio.to_thread(lane.stop)

    def lane_of(self, key: str) -> Lane[Item, Stored]:
        """Return the lane that this key takes."""
        return self._lanes[hash(key) % len(self._lanes)]
