"""The broker against a Redis that is slow to answer."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from snappio.realtime.broker import Hint, RedisBroker
from tests.services import PrivateRedis


@pytest.fixture
async def heard() -> "asyncio.Queue[Hint]":
    return asyncio.Queue()


@pytest.fixture
async def broker(private_redis: PrivateRedis) -> AsyncIterator[RedisBroker]:
    broker = RedisBroker(private_redis.url)
    yield broker
    await broker.stop()


async def test_a_subscription_made_while_redis_is_being_reached_is_not_forgotten(
    private_redis: PrivateRedis, broker: RedisBroker, heard: "asyncio.Queue[Hint]"
):
    connected = asyncio.Event()
    # It takes our connection, and says nothing yet.
    private_redis._signal(signal.SIGSTOP)
    await broker.start(lambda hints: [heard.put_nowait(hint) for hint in hints], connected.set)
    await asyncio.sleep(0.2)
    await broker.subscribe("late")
    private_redis._signal(signal.SIGCONT)
    await asyncio.wait_for(connected.wait(), 5)

    other = RedisBroker(private_redis.url)
    other.publish([("late", b"hint")])

    assert await asyncio.wait_for(heard.get(), 2) == ("late", b"hint")
    await other.stop()
