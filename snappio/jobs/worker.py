"""Running jobs, in threads of a server (embedded) or of `manage.py worker` (fleet)."""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connections,
)
from django.db.models.functions import Now

from snappio.core.clock import now
from snappio.jobs import queue, schedules, waking
from snappio.jobs.models import Heartbeat, QueuedJob

logger = logging.getLogger(__name__)

# A worker not seen for so long is dead, and its jobs go to others.
LEASE = timedelta(seconds=30)
BEATS_PER_LEASE = 6
# Embedded, a commit wakes the worker and polling finds only what is due later;
# in a fleet a poll is what finds a job, and costs a query of the shared database.
POLL_SECONDS_EMBEDDED = 0.25
POLL_SECONDS_FLEET = 1.0
# Pauses while the database is away.
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0


class Worker:
    """Runs jobs until stopped; beats, takes over from the dead and ticks the schedules."""

    def __init__(
        self, *, threads: int = 1, poll_seconds: float | None = None, lease: timedelta = LEASE
    ) -> None:
        self.id = f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.jobs_done = 0
        if poll_seconds is None:
            poll_seconds = POLL_SECONDS_FLEET if settings.IS_FLEET else POLL_SECONDS_EMBEDDED
        self._poll_seconds = poll_seconds
        self._lease = lease
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._jobs_over = threading.Event()
        self._running: set[UUID] = set()
        self._lock = threading.Lock()
        # Monotonic times; minus infinity: never yet.
        self._beaten_at = self._steady_since = float("-inf")
        self._hands = [
            threading.Thread(target=self._work, name=f"jobs-{number}", daemon=True)
            for number in range(1, threads + 1)
        ]
        self._heart = threading.Thread(target=self._live, name="jobs-heart", daemon=True)

    def start(self) -> None:
        """Begin; returns at once, also while the database is away."""
        waking.wake_on(self._awake)
        for thread in (self._heart, *self._hands):
            thread.start()

    def wake(self) -> None:
        """Look for jobs now instead of at the next poll."""
        self._awake.set()

    def stop(self, timeout: float | None = None) -> bool:
        """Take no more jobs, finish the present ones, and say whether they did in time.

        What did not finish goes on until the process ends; then another worker
        finishes it.
        """
        self._stopping.set()
        self._awake.set()
        waking.forget(self._awake)
        deadline = None if timeout is None else time.monotonic() + timeout
        for thread in self._hands:
            thread.join(None if deadline is None else max(0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._hands):
            return False
        self._jobs_over.set()
        self._heart.join(None if deadline is None else max(1, deadline - time.monotonic()))
        return True

    # --- The hands: each runs one job after another --------------------------

    def _work(self) -> None:
        try:
            self._persist(self._run_next, until=self._stopping)
        finally:
            connections.close_all()

    def _run_next(self) -> None:
        # Cleared before looking, so that a waking during the look is not lost;
        # `_stopping` is looked at after, for the same reason.
        self._awake.clear()
        if self._stopping.is_set():
            return
        close_old_connections()
        self._beat_if_late()
        claimed = queue.claim(self.id, at=now())
        if claimed is None:
            # Given back to the pool: waiting needs none.
            close_old_connections()
            self._awake.wait(self._poll_seconds)
            return
        # There may be one more, and another hand that sleeps.
        self._awake.set()
        with self._lock:
            self._running.add(claimed.pk)
        try:
            self._settle(claimed, queue.call(claimed))
        finally:
            with self._lock:
                self._running.discard(claimed.pk)
                self.jobs_done += 1

    def _settle(self, claimed: QueuedJob, error: BaseException | None) -> None:
        # Insists: while this worker lives nobody else may take the job, so an
        # unwritten end would leave it running for ever. Once stopping, the lease decides.
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                close_old_connections()
                queue.settle(claimed, error, at=now())
            except (OperationalError, InterfaceError):
                _drop_connections()
                if self._stopping.wait(pause):
                    raise
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                return

    # --- The heart: one thread that shows life and looks after the queue -----

    def _live(self) -> None:
        try:
            self._persist(self._keep_house, until=self._jobs_over)
            # Says goodbye, so that nobody need wait out the lease.
            with suppress(DatabaseError):
                Heartbeat.objects.filter(pk=self.id).delete()
        finally:
            connections.close_all()

    def _keep_house(self) -> None:
        close_old_connections()
        self._beat()
        if not self._stopping.is_set():
            schedules.tick(at=now())
            self._reap()
        close_old_connections()
        self._jobs_over.wait(self._beat_seconds)

    @property
    def _beat_seconds(self) -> float:
        return self._lease.total_seconds() / BEATS_PER_LEASE

    def _beat_if_late(self) -> None:
        # On the first job, and after this process was paused: others may hold it
        # for dead, and would take away at once what it claims.
        if time.monotonic() - self._beaten_at > self._lease.total_seconds() / 2:
            self._beat()

    def _beat(self) -> None:
        # Timed before the write: what others see is never older than we believe.
        begun = time.monotonic()
        Heartbeat.objects.bulk_create(
            [Heartbeat(worker_id=self.id, seen_at=Now())],
            update_conflicts=True,
            unique_fields=["worker_id"],
            update_fields=["seen_at"],
        )
        if begun - self._beaten_at > self._lease.total_seconds() / 2:
            self._steady_since = begun
        self._beaten_at = begun

    def _reap(self) -> None:
        # When the database was away all workers look dead to the first that is
        # back; so whoever has just come gives the others a lease to show up.
        if time.monotonic() - self._steady_since < self._lease.total_seconds():
            return
        with self._lock:
            running = frozenset(self._running)
        for lost in queue.reap(lease=self._lease, worker_id=self.id, running=running, at=now()):
            logger.warning("Took job %s (%s) from a dead worker.", lost.task_path, lost.pk)

    # --- Both ----------------------------------------------------------------

    def _persist(self, step: Callable[[], None], *, until: threading.Event) -> None:
        """Repeat the step; no error ends it, as nobody would start the thread again."""
        pause = 0.0
        while not until.is_set():
            try:
                step()
                if pause:
                    logger.info("The worker goes on.")
                pause = 0.0
            except (OperationalError, InterfaceError) as error:
                if not pause:
                    logger.warning("The database is away; the worker waits for it. (%s)", error)
                pause = self._recover(pause, until)
            except Exception:
                logger.exception("The worker failed at a step; it tries again.")
                pause = self._recover(pause, until)

    @staticmethod
    def _recover(pause: float, until: threading.Event) -> float:
        _drop_connections()
        pause = min(max(2 * pause, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        until.wait(pause)
        return pause


def _drop_connections() -> None:
    # A connection may be too broken even to close.
    with suppress(DatabaseError, InterfaceError):
        connections.close_all()
