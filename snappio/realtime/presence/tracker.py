"""Who is there: what a process says of its own members, and hears of those it watches.

What a socket says is noted here and told to the store by a task: nobody who comes,
goes or sends a message waits for Redis. It is said again before it runs out, so what
Redis has lost is soon there again.

Changes are announced as hints, but watchers do not depend on them: all whom the
sockets of a process watch are read in one regular round, and what is about to run
out is looked at when it does.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from snappio.realtime.broker import Broker, Hint, current_broker
from snappio.realtime.presence.agenda import Agenda
from snappio.realtime.presence.following import Following
from snappio.realtime.presence.roster import Roster
from snappio.realtime.presence.states import UNKNOWN, Notice, PresenceState, Present
from snappio.realtime.presence.stores import MemoryStore, RedisStore, Snapshot, Store, StoreAway
from snappio.realtime.presence.watchers import OnChange, Watchers

logger = logging.getLogger(__name__)

# Redis does nothing else meanwhile, which is a few milliseconds.
MEMBERS_AT_ONCE = 250
# A process that ends waits no longer than this for its last word to arrive.
GOODBYE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds."""

    # A process that is silent for so long has died.
    expiry: float = 60.0
    # How often it says who is here; once may fail.
    refresh: float = 25.0
    # A phone that changes networks is back within this, and has not been away.
    grace: float = 10.0
    # How often those who are watched are read. Less than expiry − refresh: what runs
    # out before the next round is then nearly always what nobody refreshes.
    watch: float = 30.0
    # What comes within this is told together, so nobody can change more often.
    gather: float = 0.25
    # How often a store that is away is tried, for which nobody waits in between; and
    # how soon it is told everything when it is back.
    retry: float = 1.0
    # After this a Redis that forgot everything has been told of everybody again.
    rebuilding: float = 30.0


class Presence:
    """Who is there, for the sockets of this process. Lives in one event loop."""

    def __init__(self, store: Store, broker: Broker, timing: Timing) -> None:
        self._store = store
        self._broker = broker
        self._timing = timing
        self._roster = Roster(expiry=timing.expiry, grace=timing.grace)
        self._watchers = Watchers()
        self._agenda = Agenda()
        self._refresh_at = self._round_at = self._worked_at = 0.0
        self._wake = asyncio.Event()
        self._following = Following(broker, self._read_soon)
        self._to_read: set[int] = set()
        # One trip at a time: what is said later must arrive later.
        self._turn = asyncio.Lock()
        self._since: int | None = None
        self._is_away = False
        self._away_until = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the store told and the watchers up to date; at the end, all members leave."""
        tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._following.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._roster.leave_all()
            with suppress(StoreAway, TimeoutError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await self._sync(self._roster.unsaid)
            await self._store.close()

    # --- What sockets say ---------------------------------------------------

    def enter(self, user_id: int, connection_id: str, state: Present) -> None:
        """Note that a connection of this process is there; never waits."""
        self._roster.enter(user_id, connection_id, state)
        self._say()

    def change(self, user_id: int, connection_id: str, state: Present) -> None:
        """Note another state of a connection; nothing if it never came, or has left."""
        self._roster.change(user_id, connection_id, state)
        self._say()

    def leave(self, user_id: int, connection_id: str) -> None:
        """Note that a connection has left; for the time of grace it still counts."""
        self._roster.leave(user_id, connection_id)
        self._say()

    def _say(self) -> None:
        if self._roster.unsaid:
            self._wake.set()

    # --- What sockets ask ---------------------------------------------------

    async def states_of(self, user_ids: Collection[int]) -> Mapping[int, PresenceState]:
        """Return the state of each of these members.

        All are "unknown" while the store is away. That takes half a second to find
        out, and no time when somebody just has.
        """
        if not user_ids:
            return {}
        try:
            return await self._sync(user_ids)
        except StoreAway:
            for _ in self._watchers.lose(user_ids):
                pass
            return dict.fromkeys(user_ids, UNKNOWN)

    def watch(self, user_ids: Collection[int], on_change: OnChange) -> None:
        """Call ``on_change`` in the loop after each change of these members that is noticed.

        First watch, then ask `states_of`: nothing is lost in between. Watching again
        with the same function changes nothing.
        """
        self._watchers.add(user_ids, on_change)
        self._following.add(user_ids)

    def unwatch(self, user_ids: Collection[int], on_change: OnChange) -> None:
        """Stop calling ``on_change`` for these members."""
        self._watchers.remove(user_ids, on_change)

    # --- What the hub tells -------------------------------------------------

    def hear(self, hint: Hint) -> None:
        """Take in what a process has announced on the topic of a member."""
        notice = Notice.from_hint(hint)
        seen = PresenceState(notice.state, notice.last_seen)
        self._watchers.note(notice.user, seen, notice.at)

    def look_again(self) -> None:
        """Read all who are watched: the broker came or went, and hints were lost."""
        self._round_at = 0.0
        self._wake.set()

    # --- The store ----------------------------------------------------------

    async def _sync(self, user_ids: Iterable[int]) -> dict[int, PresenceState]:
        """Tell what is unsaid of these members, read them all, and announce what changed.

        Makes one trip even for nobody. Raises `StoreAway`.
        """
        ids = list(user_ids)
        found: dict[int, PresenceState] = {}
        for start in range(0, len(ids) or 1, MEMBERS_AT_ONCE):
            async with self._turn:
                snapshot = await self._trip(ids[start : start + MEMBERS_AT_ONCE])
                self._learn(snapshot)
            found.update((reading.user_id, reading.seen) for reading in snapshot.readings)
        return found

    async def _trip(self, user_ids: Iterable[int]) -> Snapshot:
        if time.monotonic() < self._away_until:
            raise StoreAway
        report = self._roster.report(user_ids)
        try:
            snapshot = await self._store.sync(
                {user_id: report.claims.get(user_id, ()) for user_id in user_ids}
            )
        except StoreAway as error:
            self._roster.failed(report)
            self._lose(error)
            raise
        except BaseException:
            # Whoever asked may have given up; what was to be told must be told still.
            self._roster.failed(report)
            raise
        self._roster.arrived(report)
        self._find()
        return snapshot

    def _learn(self, snapshot: Snapshot) -> None:
        if self._since not in (None, snapshot.since):
            logger.info("What was known of presence is lost; telling it again.")
            self._begin_anew()
        self._since = snapshot.since
        at = time.monotonic()
        hints = []
        for reading in snapshot.readings:
            user_id, seen = reading.user_id, reading.seen
            self._watchers.note(user_id, seen, snapshot.at)
            if reading.has_changed:
                notice = Notice(user_id, seen.state, seen.last_seen, snapshot.at)
                hints.append(notice.to_hint())
            # What holds longer is looked at in a round, if anybody watches.
            moment = None
            if reading.holds is not None and reading.holds < self._timing.watch:
                moment = at + reading.holds
            self._agenda.put(user_id, moment)
        if hints:
            self._broker.publish(hints)

    def _lose(self, error: StoreAway) -> None:
        self._away_until = time.monotonic() + self._timing.retry
        if not self._is_away:
            logger.warning("Presence is unknown: the store is away (%s).", error)
            self._is_away = True
            # The task tells the watchers.
            self._wake.set()

    def _find(self) -> None:
        if self._is_away:
            logger.info("Presence is known again.")
            self._is_away = False
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._watchers.restart_clock()
        # Not at once: a Redis that forgets all the time must not keep everybody busy.
        soon = time.monotonic() + self._timing.retry
        self._refresh_at = min(self._refresh_at, soon)
        self._round_at = min(self._round_at, soon)
        self._wake.set()

    # --- What the tasks do --------------------------------------------------

    async def _work(self) -> None:
        while True:
            try:
                if self._is_away:
                    await self._wait_for_store()
                else:
                    await self._wait_for_work()
                    await self._sync(self._take_due())
            except StoreAway:
                continue
            except Exception:
                # Whatever it was must not end presence for good.
                logger.exception("A round of presence failed.")
                await asyncio.sleep(self._timing.retry)

    async def _wait_for_store(self) -> None:
        for number, _ in enumerate(self._watchers.lose(tuple(self._watchers.watched()))):
            if number % MEMBERS_AT_ONCE == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(self._away_until - time.monotonic())
        self._roster.forget_old()
        await self._sync(())

    async def _wait_for_work(self) -> None:
        moments = [self._refresh_at, self._round_at]
        if (first := self._agenda.first()) is not None:
            moments.append(first)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(moments) - time.monotonic()):
                await self._wake.wait()
        await asyncio.sleep(self._worked_at + self._timing.gather - time.monotonic())
        self._worked_at = time.monotonic()
        self._wake.clear()

    def _take_due(self) -> Iterable[int]:
        at = time.monotonic()
        if at >= self._refresh_at:
            self._refresh_at = at + self._timing.refresh
            self._roster.repeat()
        # Ordered, and each once: what is unsaid comes first.
        due = dict.fromkeys(self._roster.unsaid)
        due.update(dict.fromkeys(self._agenda.take(at)))
        due.update(dict.fromkeys(self._to_read))
        self._to_read.clear()
        if at >= self._round_at:
            self._round_at = at + self._timing.watch
            self._following.keep_only(self._watchers.watched())
            due.update(dict.fromkeys(self._watchers.watched()))
        return due

    def _read_soon(self, user_ids: Collection[int]) -> None:
        self._to_read.update(user_ids)
        self._wake.set()


@lru_cache(maxsize=1)
def current_presence() -> Presence:
    """Return this process's presence; made in the event loop that serves the sockets."""
    timing = Timing()
    store: Store = MemoryStore()
    if settings.REDIS_URL:
        store = RedisStore(
            settings.REDIS_URL, claims_last=timing.expiry, rebuilding=timing.rebuilding
        )
    return Presence(store, current_broker(), timing)
