"""The broker between processes, against a Redis that comes and goes."""

import asyncio
import os
import signal
import time

import pytest

from snappio.realtime import broker as broker_module
from snappio.realtime.broker import RedisBroker
from tests.services import PrivateRedis, redis_binary

pytestmark = pytest.mark.skipif(redis_binary() is None, reason="Redis is not installed")


@pytest.fixture(scope="module")
def shared_redis():
    with PrivateRedis() as server:
        yield server


@pytest.fixture
def own_redis():
    with PrivateRedis() as server:
        yield server


class Listener:
    def __init__(self, url):
        self.broker = RedisBroker(url)
        self.heard = asyncio.Queue()
        self.connections = asyncio.Queue()

    async def __aenter__(self):
        await self.broker.start(self._hear, self._note_change)
        return self

    async def __aexit__(self, *_):
        await self.broker.stop()

    def _note_change(self):
        if self.broker.is_connected:
            self.connections.put_nowait(None)

    def _hear(self, hints):
        for hint in hints:
            self.heard.put_nowait(hint)

    async def connected(self, seconds=10):
        await asyncio.wait_for(self.connections.get(), seconds)

    async def hint(self, seconds=5):
        return await asyncio.wait_for(self.heard.get(), seconds)


async def test_hint_reaches_another_process_right_after_subscribing(shared_redis):
    async with Listener(shared_redis.url) as one, Listener(shared_redis.url) as other:
        await one.connected()
        await other.connected()
        for number in range(20):
            await other.broker.subscribe(f"chat:{number}")
            one.broker.publish([(f"chat:{number}", b"\x00word")])
            assert await other.hint() == (f"chat:{number}", b"\x00word")


async def test_unsubscribed_channel_is_silent(shared_redis):
    async with Listener(shared_redis.url) as one, Listener(shared_redis.url) as other:
        await one.connected()
        await other.connected()
        await other.broker.subscribe("gone")
        other.broker.unsubscribe(["gone"])
        await other.broker.subscribe("kept")
        one.broker.publish([("gone", b"1"), ("kept", b"2")])

        assert await other.hint() == ("kept", b"2")


async def test_hears_again_after_redis_was_away_and_says_so(own_redis):
    async with Listener(own_redis.url) as one, Listener(own_redis.url) as other:
        await one.connected()
        await other.connected()
        await other.broker.subscribe("chat")

        own_redis.kill()
        started = time.monotonic()
        one.broker.publish([("chat", b"lost")])
        assert time.monotonic() - started < 0.1
        own_redis.start()

        await other.connected()
        await one.connected()
        one.broker.publish([("chat", b"kept")])
        heard = await other.hint()
        assert heard == ("chat", b"kept")


async def test_channel_joined_while_connecting_is_heard(own_redis):
    async with Listener(own_redis.url) as one:
        await one.connected()
        os.kill(own_redis.pid, signal.SIGSTOP)
        try:
            async with Listener(own_redis.url) as other:
                await asyncio.sleep(0.2)
                await other.broker.subscribe("chat")
                os.kill(own_redis.pid, signal.SIGCONT)
                await other.connected()
                one.broker.publish([("chat", b"word")])

                assert await other.hint() == ("chat", b"word")
        finally:
            os.kill(own_redis.pid, signal.SIGCONT)


async def test_redis_that_answers_nothing_is_given_up_and_found_again(own_redis, monkeypatch):
    monkeypatch.setattr(broker_module, "PING_SECONDS", 0.2)
    async with Listener(own_redis.url) as other:
        await other.connected()
        os.kill(own_redis.pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(5):
                while other.broker.is_connected:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        finally:
            os.kill(own_redis.pid, signal.SIGCONT)
        await other.connected()


async def test_idle_subscription_survives(shared_redis, monkeypatch):
    monkeypatch.setattr(broker_module, "PING_SECONDS", 0.1)
    async with Listener(shared_redis.url) as one, Listener(shared_redis.url) as other:
        await one.connected()
        await other.connected()
        await other.broker.subscribe("chat")
        await asyncio.sleep(1)
        one.broker.publish([("chat", b"word")])

        assert await other.hint() == ("chat", b"word")
        assert other.connections.empty()


async def test_silent_redis_is_tried_again(monkeypatch):
    monkeypatch.setattr(broker_module, "CONNECT_SECONDS", 0.2)
    attempts = asyncio.Queue()

    async def accept(reader, writer):
        attempts.put_nowait(None)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Listener(f"redis://127.0.0.1:{port}/0"):
            for _ in range(2):
                await asyncio.wait_for(attempts.get(), 5)


async def test_publishing_never_waits_or_raises_while_there_is_no_redis():
    broker = RedisBroker("redis://127.0.0.1:1/0")
    started = time.monotonic()
    for number in range(1000):
        broker.publish([("chat", b"%d" % number)])

    assert time.monotonic() - started < 0.5
    await broker.stop()
