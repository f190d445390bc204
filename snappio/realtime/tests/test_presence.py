"""Who is there, in memory and in Redis: states, announcements, grace, expiry, watchers."""

import asyncio
import itertools
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from snappio.core.clock import now
from snappio.realtime.broker import MemoryBroker
from snappio.realtime.presence.roster import Roster
from snappio.realtime.presence.states import Notice, PresenceState
from snappio.realtime.presence.stores import MemoryStore, RedisStore
from snappio.realtime.presence.tracker import MEMBERS_AT_ONCE, Presence, Timing
from snappio.realtime.updates import Update
from tests.services import PrivateRedis, redis_binary

pytestmark = pytest.mark.once

TIMING = Timing(
    expiry=0.9, refresh=0.15, grace=0.3, watch=0.3, gather=0.01, retry=0.1, rebuilding=0
)
# Nothing is noticed by looking again.
HINTS_ONLY = replace(TIMING, expiry=60, watch=30)
NEVER_SEEN = PresenceState("offline")

_ids = itertools.count(1)


@pytest.fixture(scope="module")
def redis_url():
    if redis_binary() is None:
        pytest.skip("Redis is not installed")
    with PrivateRedis() as server:
        yield server.url


@pytest.fixture(params=["memory", "redis"])
def new_store(request):
    """Return what opens the store of one more process."""
    if request.param == "memory":
        shared = MemoryStore()
        return lambda: shared
    url = request.getfixturevalue("redis_url")
    return lambda: RedisStore(url, claims_last=TIMING.expiry, rebuilding=TIMING.rebuilding)


@pytest.fixture
def alice():
    return next(_ids)


@pytest.fixture
def bob():
    return next(_ids)


class Process:
    """A process with sockets, as far as presence knows of one."""

    def __init__(self, store, timing=TIMING):
        self.broker = MemoryBroker()
        self.presence = Presence(store, self.broker, timing)
        self.announced = asyncio.Queue()
        self._stack = AsyncExitStack()

    async def __aenter__(self):
        await self.broker.start(self._hear, lambda: None)
        await self._stack.enter_async_context(self.presence.running())
        return self

    async def __aexit__(self, *_):
        await self._stack.aclose()

    def _hear(self, hints):
        for hint in hints:
            self.announced.put_nowait(Update.from_hint(hint))
            self.presence.hear(hint)

    async def announces(self, user_id, *states, seconds=15):
        for state in states:
            update = await asyncio.wait_for(self.announced.get(), seconds)
            body = msgspec.json.decode(update.body)
            assert (body["user"], body["state"]) == (user_id, state)

    async def watching(self, *user_ids):
        watcher = Watcher()
        self.presence.watch(user_ids, watcher.note)
        await self.presence.states_of(user_ids)
        return watcher

    async def sees(self, user_id):
        return (await self.presence.states_of([user_id]))[user_id]

    def die(self):
        """Say nothing of its members any more, not even goodbye."""
        self.presence._roster = Roster(expiry=1, grace=1)


class Watcher:
    def __init__(self):
        self.heard = asyncio.Queue()

    def note(self, user_id, seen):
        self.heard.put_nowait((user_id, seen))

    async def hears(self, user_id, *states, seconds=15):
        for state in states:
            whose, seen = await asyncio.wait_for(self.heard.get(), seconds)
            assert (whose, seen.state) == (user_id, state)
        return seen


@pytest.fixture
async def process(new_store):
    async with Process(new_store()) as running:
        yield running


async def test_comes_changes_and_goes(process, alice):
    assert await process.sees(alice) == NEVER_SEEN

    process.presence.enter(alice, "phone", "online")
    assert await process.sees(alice) == PresenceState("online")
    process.presence.change(alice, "phone", "away")
    assert await process.sees(alice) == PresenceState("away")
    process.presence.leave(alice, "phone")
    left_at = now()

    await process.announces(alice, "online", "away", "offline")
    gone = await process.sees(alice)
    assert gone.state == "offline"
    assert abs(gone.last_seen - left_at) < timedelta(seconds=TIMING.grace)


async def test_shows_the_best_of_several_connections(process, alice):
    process.presence.enter(alice, "phone", "away")
    process.presence.enter(alice, "laptop", "online")
    assert (await process.sees(alice)).state == "online"
    process.presence.change(alice, "laptop", "away")
    assert (await process.sees(alice)).state == "away"
    process.presence.change(alice, "phone", "online")
    assert (await process.sees(alice)).state == "online"
    process.presence.leave(alice, "phone")

    await process.announces(alice, "online", "away", "online", "away")
    process.presence.leave(alice, "laptop")
    await process.announces(alice, "offline")


async def test_connections_of_the_same_name_in_two_processes_are_two(new_store, alice):
    async with Process(new_store()) as here, Process(new_store()) as there:
        watcher = await here.watching(alice)
        here.presence.enter(alice, "1", "online")
        await watcher.hears(alice, "online")
        there.presence.enter(alice, "1", "away")
        assert await there.sees(alice) == PresenceState("online")
        here.presence.leave(alice, "1")

        # Either process may be the one that notices.
        await watcher.hears(alice, "away")


async def test_announces_what_changes_and_nothing_else(process, alice, bob):
    process.presence.enter(alice, "phone", "online")
    await process.announces(alice, "online")
    process.presence.enter(alice, "laptop", "online")
    process.presence.change(alice, "laptop", "away")
    process.presence.leave(alice, "laptop")
    process.presence.change(alice, "phone", "online")
    await process.sees(alice)
    process.presence.enter(bob, "phone", "away")

    await process.announces(bob, "away")


async def test_an_announcement_is_an_ephemeral_update_of_the_members_topic(process, alice):
    process.presence.enter(alice, "phone", "online")
    process.presence.leave(alice, "phone")
    first = await process.announced.get()
    last = await process.announced.get()

    assert [(u.topic, u.revision, u.seq, u.item) for u in (first, last)] == [
        (f"presence:{alice}", 0, 0, 0)
    ] * 2
    body, gone = msgspec.json.decode(first.body), msgspec.json.decode(last.body)
    assert (body["user"], body["state"], body["last_seen"]) == (alice, "online", None)
    seen = await process.sees(alice)
    assert gone["last_seen"] == seen.last_seen.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def test_who_comes_back_within_the_grace_was_never_away(process, alice):
    process.presence.enter(alice, "mobile", "online")
    await process.announces(alice, "online")
    process.presence.leave(alice, "mobile")
    assert (await process.sees(alice)).state == "online"
    process.presence.enter(alice, "wifi", "online")
    # Past the grace, which runs out at a moment of its own.
    watcher = await process.watching(alice)
    await asyncio.sleep(2 * TIMING.grace)
    process.presence.change(alice, "wifi", "away")

    await process.announces(alice, "away")
    await watcher.hears(alice, "away")


async def test_leaving_twice_or_without_having_come_is_nothing(process, alice):
    process.presence.leave(alice, "phone")
    process.presence.change(alice, "phone", "online")
    assert await process.sees(alice) == NEVER_SEEN
    process.presence.enter(alice, "phone", "online")
    process.presence.leave(alice, "phone")
    process.presence.leave(alice, "phone")

    await process.announces(alice, "online", "offline")
    assert process.announced.empty()


async def test_who_stays_is_there_long_after_the_expiry(process, alice):
    watcher = await process.watching(alice)
    process.presence.enter(alice, "phone", "online")
    await watcher.hears(alice, "online")

    await asyncio.sleep(1.5 * TIMING.expiry)
    assert watcher.heard.empty()
    assert (await process.sees(alice)).state == "online"


async def test_members_of_a_process_that_died_expire(process, new_store, alice):
    async with Process(new_store()) as doomed:
        doomed.presence.enter(alice, "phone", "online")
        await doomed.announces(alice, "online")
        heard_of = now()
        watcher = await process.watching(alice)
        doomed.die()

        gone = await watcher.hears(alice, "offline", seconds=2 * TIMING.expiry)
        await process.announces(alice, "offline")
        # What is known is when the process last spoke of them.
        assert abs(gone.last_seen - heard_of) < timedelta(seconds=TIMING.expiry / 2)


async def test_members_of_a_process_that_ends_leave_at_once(process, new_store, alice):
    async with Process(new_store(), HINTS_ONLY) as ending:
        ending.presence.enter(alice, "phone", "online")
        await ending.announces(alice, "online")
        watcher = await process.watching(alice)

    # Long before what was claimed of them would have run out.
    await watcher.hears(alice, "offline", seconds=5)


async def test_tells_all_who_watch_until_they_stop(process, alice, bob):
    one = await process.watching(alice, bob)
    other = await process.watching(alice)
    process.presence.watch([alice], one.note)
    process.presence.enter(alice, "phone", "online")
    await one.hears(alice, "online")
    await other.hears(alice, "online")

    process.presence.unwatch([alice], one.note)
    process.presence.change(alice, "phone", "away")
    await other.hears(alice, "away")
    process.presence.enter(bob, "phone", "online")
    await one.hears(bob, "online")


async def test_a_watcher_that_fails_keeps_nobody_from_hearing(process, alice, caplog):
    def fail(user_id, seen):
        raise RuntimeError("This socket is broken.")

    process.presence.watch([alice], fail)
    watcher = await process.watching(alice)
    process.presence.enter(alice, "phone", "online")

    await watcher.hears(alice, "online")
    assert "This socket is broken." in caplog.text


async def test_what_is_told_late_is_no_news(process, alice):
    watcher = await process.watching(alice)
    process.presence.enter(alice, "phone", "online")
    await process.announces(alice, "online")
    process.presence.hear(Notice(alice, "offline", None, at=1).to_hint())
    process.presence.change(alice, "phone", "away")

    await watcher.hears(alice, "online", "away")


async def test_what_nobody_announced_is_found_in_a_round(process, new_store, alice):
    """The broker of each process here carries nothing to the other."""
    async with Process(new_store()) as there:
        watcher = await process.watching(alice)
        there.presence.enter(alice, "phone", "online")
        await watcher.hears(alice, "online")
        there.presence.change(alice, "phone", "away")

        await watcher.hears(alice, "away")


async def test_flickering_is_told_together(new_store, alice):
    async with Process(new_store(), replace(HINTS_ONLY, gather=0.5)) as process:
        watcher = await process.watching(alice)
        process.presence.enter(alice, "phone", "online")
        await watcher.hears(alice, "online")
        for state in ["away", "online"] * 50:
            process.presence.change(alice, "phone", state)
            await asyncio.sleep(0)
        process.presence.change(alice, "phone", "away")

        await watcher.hears(alice, "away")
        assert watcher.heard.empty()


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store):
        self._store = store
        self.trips: list[int] = []

    async def sync(self, members):
        self.trips.append(len(members))
        return await self._store.sync(members)

    async def close(self):
        await self._store.close()


async def test_ten_thousand_who_are_watched_are_read_in_bounded_batches(new_store, alice):
    members = [*range(10**6, 10**6 + 9_999), alice]
    one, other = Watcher(), Watcher()
    store = Counting(new_store())
    # Not running: this is the one round.
    presence = Presence(store, MemoryBroker(), HINTS_ONLY)
    presence.watch(members, one.note)
    presence.watch(members, other.note)
    await presence.states_of(members)
    async with Process(new_store(), HINTS_ONLY) as there:
        there.presence.enter(alice, "phone", "online")
        await there.announces(alice, "online")
        store.trips.clear()
        await presence._sync(presence._take_due())

    assert store.trips == [MEMBERS_AT_ONCE] * (10_000 // MEMBERS_AT_ONCE)
    await one.hears(alice, "online")
    await other.hears(alice, "online")
    await store.close()
