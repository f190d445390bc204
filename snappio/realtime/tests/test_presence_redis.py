"""Presence between processes, on a Redis that hangs, dies, forgets and carries rubbish."""

import asyncio
import itertools
import os
import signal
import time
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace

import pytest
import redis
import time_machine

from snappio.core.clock import now
from snappio.core.redis import TIMEOUT_SECONDS
from snappio.realtime.broker import RedisBroker
from snappio.realtime.presence.states import UNKNOWN, PresenceState, topic_of
from snappio.realtime.presence.stores import RedisStore
from snappio.realtime.presence.tracker import Presence, Timing
from tests.services import PrivateRedis, redis_binary

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(redis_binary() is None, reason="Redis is not installed"),
]

TIMING = Timing(expiry=1.5, refresh=0.5, grace=0.3, watch=0.3, gather=0.01, retry=0.1, rebuilding=0)
# Nothing is noticed by looking again.
HINTS_ONLY = replace(TIMING, expiry=60, refresh=20, watch=30)

_ids = itertools.count(1)


@pytest.fixture(scope="module")
def shared_redis():
    with PrivateRedis() as server:
        yield server


@pytest.fixture
def own_redis():
    with PrivateRedis() as server:
        yield server


@pytest.fixture
def alice():
    return next(_ids)


@pytest.fixture
def bob():
    return next(_ids)


class Process:
    """A process of a fleet: presence, and the broker that carries its hints."""

    def __init__(self, url, timing=TIMING):
        self.store = RedisStore(url, claims_last=timing.expiry, rebuilding=timing.rebuilding)
        self.broker = RedisBroker(url)
        self.presence = Presence(self.store, self.broker, timing)
        self.heard = asyncio.Queue()
        self._is_connected = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self):
        await self.broker.start(self._hear, self._is_connected.set)
        await asyncio.wait_for(self._is_connected.wait(), 5)
        await self._stack.enter_async_context(self.presence.running())
        return self

    async def __aexit__(self, *_):
        await self._stack.aclose()
        await self.broker.stop()

    def _hear(self, hints):
        for hint in hints:
            self.presence.hear(hint)

    async def watch(self, *user_ids):
        """Watch them; return once their announcements reach this process."""
        self.presence.watch(user_ids, lambda user, seen: self.heard.put_nowait((user, seen)))
        await asyncio.gather(*(self.broker.subscribe(topic_of(each)) for each in user_ids))
        await self.presence.states_of(user_ids)

    async def hears(self, user_id, *states, seconds=5):
        for state in states:
            whose, seen = await asyncio.wait_for(self.heard.get(), seconds)
            assert (whose, seen.state) == (user_id, state)

    async def hears_last(self, user_id, state, seconds=5):
        """Return all that is heard until this is."""
        heard = []
        async with asyncio.timeout(seconds):
            while not heard or heard[-1] != (user_id, PresenceState(state)):
                heard.append(await self.heard.get())
        return heard

    async def sees(self, user_id):
        return (await self.presence.states_of([user_id]))[user_id]


@contextmanager
def hanging(server):
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def test_changes_reach_other_processes_as_hints(shared_redis, alice):
    url = shared_redis.url
    async with Process(url, HINTS_ONLY) as here, Process(url, HINTS_ONLY) as there:
        await there.watch(alice)
        here.presence.enter(alice, "phone", "online")
        await there.hears(alice, "online", seconds=1)
        here.presence.change(alice, "phone", "away")
        await there.hears(alice, "away", seconds=1)
        here.presence.leave(alice, "phone")
        await there.hears(alice, "offline", seconds=1)


async def test_moving_to_another_process_is_no_change(shared_redis, alice):
    url = shared_redis.url
    async with Process(url) as here, Process(url) as there, Process(url) as watching:
        await watching.watch(alice)
        here.presence.enter(alice, "phone", "online")
        await watching.hears(alice, "online")
        here.presence.leave(alice, "phone")
        there.presence.enter(alice, "phone", "online")
        await asyncio.sleep(2 * TIMING.grace)
        there.presence.change(alice, "phone", "away")

        await watching.hears(alice, "away")


async def test_announced_by_one_process_only(shared_redis, alice):
    url = shared_redis.url
    async with AsyncExitStack() as stack:
        fleet = [await stack.enter_async_context(Process(url)) for _ in range(3)]
        for process in fleet:
            await process.watch(alice)
        with redis.Redis.from_url(url) as client, client.pubsub() as everything:
            everything.psubscribe(f"*presence:{alice}")
            everything.get_message(timeout=5)
            fleet[0].presence.enter(alice, "phone", "online")
            for process in fleet:
                await process.hears(alice, "online")
            fleet[0].presence.leave(alice, "phone")
            for process in fleet:
                await process.hears(alice, "offline")

            # Everybody has read it several times: two announcements, and no third.
            kinds = [everything.get_message(timeout=0.5) for _ in range(3)]
            assert [message and message["type"] for message in kinds] == ["pmessage"] * 2 + [None]


async def test_redis_away_and_back(own_redis, alice, bob):
    async with Process(own_redis.url) as here, Process(own_redis.url) as there:
        await there.watch(alice, bob)
        here.presence.enter(alice, "phone", "online")
        await there.hears(alice, "online")

        own_redis.kill()
        assert {(await there.heard.get())[0] for _ in range(2)} == {alice, bob}
        assert await there.presence.states_of([alice, bob]) == {alice: UNKNOWN, bob: UNKNOWN}
        here.presence.enter(bob, "phone", "online")
        own_redis.start()

        back = dict([await asyncio.wait_for(there.heard.get(), 5) for _ in range(2)])
        while back != dict.fromkeys([alice, bob], PresenceState("online")):
            back.update([await asyncio.wait_for(there.heard.get(), 5)])


async def test_who_left_while_redis_was_away_is_gone_when_it_is_back(own_redis, alice):
    async with Process(own_redis.url) as here:
        await here.watch(alice)
        here.presence.enter(alice, "phone", "online")
        await here.hears(alice, "online")
        with hanging(own_redis):
            await here.hears(alice, "unknown")
            here.presence.leave(alice, "phone")
            await asyncio.sleep(TIMING.grace)
            returned_at = now()

        await here.hears(alice, "offline")
        # Not only when Redis heard of it.
        assert (await here.sees(alice)).last_seen < returned_at


async def test_who_begins_to_watch_while_redis_is_away_hears_of_its_return(own_redis, alice):
    async with Process(own_redis.url) as here:
        own_redis.kill()
        here.presence.enter(alice, "phone", "online")
        here.presence.watch([alice], lambda user, seen: here.heard.put_nowait((user, seen)))
        assert await here.sees(alice) == UNKNOWN
        own_redis.start()

        await here.hears(alice, "online")


async def test_a_redis_that_hangs_holds_nobody_up(own_redis, alice):
    async with Process(own_redis.url) as here:
        await here.watch(alice)
        with hanging(own_redis):
            started = time.monotonic()
            here.presence.enter(alice, "phone", "online")
            assert time.monotonic() - started < TIMEOUT_SECONDS
            answers = await asyncio.gather(*(here.sees(alice) for _ in range(20)))
            assert answers == [UNKNOWN] * 20
            # One of them found out for all.
            assert time.monotonic() - started < 5 * TIMEOUT_SECONDS

        await here.hears(alice, "unknown", "online")


async def test_who_gives_up_asking_takes_no_news_along(own_redis, alice):
    timing = replace(HINTS_ONLY, gather=30)
    async with Process(own_redis.url, timing) as here:
        here.presence.enter(alice, "phone", "online")
        with hanging(own_redis):
            asking = asyncio.create_task(here.sees(alice))
            await asyncio.sleep(0.05)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

        assert await here.sees(alice) == PresenceState("online")


async def test_after_redis_forgot_everything_nobody_is_taken_for_gone(own_redis, alice, bob):
    timing = replace(TIMING, rebuilding=1)
    async with Process(own_redis.url, timing) as here, Process(own_redis.url, timing) as there:
        here.presence.enter(alice, "phone", "online")
        await there.watch(alice, bob)
        await there.hears_last(bob, "offline")
        with redis.Redis.from_url(own_redis.url) as client:
            client.flushall()

        heard = await there.hears_last(bob, "unknown") + await there.hears_last(bob, "offline")
        assert PresenceState("offline") not in [seen for whose, seen in heard if whose == alice]
        assert await there.sees(alice) == PresenceState("online")


async def test_every_key_expires(own_redis, alice, bob):
    async with Process(own_redis.url) as here, Process(own_redis.url) as there:
        await there.watch(alice, bob, next(_ids))
        here.presence.enter(alice, "phone", "online")
        await there.hears(alice, "online")
        here.presence.leave(alice, "phone")
        await there.hears(alice, "offline")
        here.presence.enter(bob, "phone", "away")
        await there.hears(bob, "away")

        with redis.Redis.from_url(own_redis.url) as client:
            lifetimes = {key.decode(): client.ttl(key) for key in client.scan_iter()}
    assert lifetimes.keys() == {"presence:since", f"presence:{alice}", f"presence:{bob}"}
    assert lifetimes["presence:since"] in range(3)
    thirty_days = 30 * 24 * 3600
    assert lifetimes[f"presence:{alice}"] in range(thirty_days - 60, thirty_days + 1)


async def test_looking_at_somebody_does_not_keep_them(own_redis, alice):
    async with Process(own_redis.url) as here:
        here.presence.enter(alice, "phone", "online")
        here.presence.leave(alice, "phone")
        await here.watch(alice)
        await here.hears(alice, "offline")
        with redis.Redis.from_url(own_redis.url) as client:
            client.expire(topic_of(alice), 100)
            await here.sees(alice)
            assert client.ttl(topic_of(alice)) <= 100


async def test_clocks_of_processes_do_not_matter(shared_redis, alice):
    async with Process(shared_redis.url) as here, Process(shared_redis.url) as there:
        await there.watch(alice)
        with time_machine.travel("2001-01-01", tick=True):
            here.presence.enter(alice, "phone", "online")
            await there.hears(alice, "online")
            assert (await here.sees(alice)).state == "online"
            here.presence.leave(alice, "phone")
            await there.hears(alice, "offline")
            seen = await here.sees(alice)

        assert abs((seen.last_seen - now()).total_seconds()) < 5


async def test_rubbish_among_the_keys_is_swept_away(own_redis, alice):
    async with Process(own_redis.url) as here:
        with redis.Redis.from_url(own_redis.url) as client:
            client.hset(topic_of(alice), mapping={"c:1": "rubbish", "left": "x", "c:2": ""})
        assert await here.sees(alice) == PresenceState("offline")
        here.presence.enter(alice, "phone", "online")

        assert await here.sees(alice) == PresenceState("online")


async def test_a_redis_that_is_full_costs_only_presence(own_redis, alice):
    async with Process(own_redis.url) as here:
        await here.watch(alice)
        with redis.Redis.from_url(own_redis.url) as client:
            client.config_set("maxmemory", 1)
            here.presence.enter(alice, "phone", "online")
            await here.hears(alice, "unknown")
            client.config_set("maxmemory", 0)

        await here.hears(alice, "online")
