"""Group commit: whatever queues up while one batch is stored goes into the next one.

A lane is a thread with its own database connection. At low load an item is
stored alone, at once; at high load batches grow, and one commit serves hundreds.
Items that share a key take the same lane, so their order is kept. A key that
somebody else keeps locked is held back (`realtime.held`), and the others go on.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from django.db import connection

from snappio.core.errors import DomainError, Unavailable
from snappio.realtime.database import AWAY, is_lock_timeout, keep_own_connection, lock_timeout
from snappio.realtime.held import Batch, Held, Pending

logger = logging.getLogger(__name__)

BATCH_ITEMS = 256
# Beyond this a lane is full: sockets that feed it are not read until it has room.
QUEUE_ITEMS = 2_000
# The same for a key that is held back: only its own sockets wait.
HELD_ITEMS = 256
ROOM_POLL_SECONDS = 0.01
# How long something is tried again while the database is away, or somebody else
# has the lock. Storing is safe to repeat: every item carries an id of its own.
PATIENCE_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
# Other processes lock for as long as a batch takes, which is milliseconds.
# Whoever takes longer holds up one key, and this long the lane.
LOCK_SECONDS = 0.2
# When a batch of many keys has met a lock, each is first tried on its own for no
# longer than this, lest the free ones wait for all that are locked.
GLANCE_SECONDS = 0.02

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


class Lane(Generic[Item, Stored]):
    """One queue and the thread that stores what is in it."""

    def __init__(self, name: str, store: Store[Item, Stored]) -> None:
        self._name = name
        self._store = store
        self._queue: deque[Pending[Item, Stored]] = deque()
        self._held: Held[Item, Stored] = Held()
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

    def put(self, key: str, item: Item, tell: Callable[[Stored | DomainError], None]) -> None:
        """Queue an item; ``tell`` is called in the loop with what was stored or the refusal.

        What is put for one key is stored in that order.
        """
        with self._wake:
            self._queue.append(Pending(key, item, tell))
            self._wake.notify()

    async def has_room(self, key: str) -> None:
        """Return once so little waits, in all and for this key, that more may come."""
        # Asked now and then: an event would have to be set from the lane's thread
        # after every batch, for something that hardly ever happens.
        while len(self._queue) >= QUEUE_ITEMS or self._held.count(key) >= HELD_ITEMS:  # noqa: ASYNC110
            await asyncio.sleep(ROOM_POLL_SECONDS)

    def _run(self) -> None:
        keep_own_connection(lock_seconds=LOCK_SECONDS)
        while self._has_work():
            self._settle(self._next_batch())
            self._settle_held()
        connection.close()

    def _has_work(self) -> bool:
        """Wait until something is queued or due; return False once all is stored at the end."""
        with self._wake:
            while not self._queue and (pause := self._held.pause(at=time.monotonic())) != 0:
                if pause is None and self._is_stopping:
                    return False
                self._wake.wait(pause)
        return True

    def _next_batch(self) -> Batch[Item, Stored]:
        with self._wake:
            count = min(len(self._queue), BATCH_ITEMS)
            queued = [self._queue.popleft() for _ in range(count)]
        return Batch(self._held.let_pass(queued, at=time.monotonic()))

    def _settle_held(self) -> None:
        # Keys that are free go on at once. After each wait for a lock it is the
        # queue's turn, however many keys are locked.
        while due := self._held.take_due(at=time.monotonic()):
            if not self._settle(due):
                self._refuse(self._held.take_held_before(time.monotonic() - PATIENCE_SECONDS))
                return

    def _settle(self, batch: Batch[Item, Stored]) -> bool:
        """Store a batch and tell of it; return False if a lock was waited for in vain."""
        if not batch.pending:
            return True
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                outcomes = self._store_once(batch)
            except AWAY as error:
                if is_lock_timeout(error):
                    # All of it was rolled back, so the next try is no retry.
                    logger.warning("%s: %d wait for a lock.", self._name, len(batch.pending))
                    self._held.hold(batch, at=time.monotonic())
                    return False
                logger.warning("%s: the database is away (%s).", self._name, type(error).__name__)
                connection.close()
                if time.monotonic() > give_up_at:
                    self._refuse(batch.pending)
                    return True
            except Exception:
                # Whatever it is: a lane that died would take its conversations along.
                logger.exception("%s: a batch of %d was refused.", self._name, len(batch.pending))
                connection.close()
                self._settle_singly(batch)
                return True
            else:
                self._tell(batch.pending, outcomes)
                return True
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            batch.is_retry = True

    def _store_once(self, batch: Batch[Item, Stored]) -> Sequence[Stored | DomainError]:
        if not batch.is_suspect:
            return self._store(batch.items, is_retry=batch.is_retry)
        with lock_timeout(GLANCE_SECONDS):
            return self._store(batch.items, is_retry=batch.is_retry)

    def _settle_singly(self, batch: Batch[Item, Stored]) -> None:
        # One item that the database cannot take must not cost the others.
        if len(batch.pending) == 1:
            self._refuse(batch.pending)
            return
        for pending in batch.pending:
            # One of them may have been held back, and the others of its key with it.
            passed = self._held.let_pass([pending], at=time.monotonic())
            self._settle(Batch(passed, is_retry=batch.is_retry))

    def _refuse(self, pending: Sequence[Pending[Item, Stored]]) -> None:
        self._tell(pending, [Unavailable()] * len(pending))

    def _tell(
        self,
        pending: Sequence[Pending[Item, Stored]],
        outcomes: Sequence[Stored | DomainError],
    ) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(_tell_all, pending, outcomes)
        except RuntimeError:
            # The loop is gone, and with it everybody who waited.
            self._is_stopping = True


def _tell_all(
    pending: Sequence[Pending[Item, Stored]], outcomes: Sequence[Stored | DomainError]
) -> None:
    for one, outcome in zip(pending, outcomes, strict=True):
        one.tell(outcome)


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
