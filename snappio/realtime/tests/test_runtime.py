"""What a process with sockets runs, put together."""

import asyncio
import secrets

import pytest

from snappio.realtime import runtime as runtime_module
from snappio.realtime.broker import current_broker
from snappio.realtime.presence.states import Notice, PresenceState
from snappio.realtime.presence.tracker import current_presence
from snappio.realtime.runtime import Runtime


@pytest.fixture
async def runtime(monkeypatch):
    # Lanes start once in the life of a process.
    monkeypatch.setattr(runtime_module, "_parts", [])
    # What belongs to a process belongs to an event loop, of which every test has its own.
    for cached in (current_broker, current_presence):
        cached.cache_clear()
    running = Runtime()
    await running.start()
    yield running
    await running.stop()
    for cached in (current_broker, current_presence):
        cached.cache_clear()


@pytest.fixture
def alice():
    # Redis may be shared, and remembers.
    return secrets.randbits(48)


async def test_members_who_come_are_there(runtime, alice):
    runtime.presence.enter(alice, "phone", "online")

    assert await runtime.presence.states_of([alice]) == {alice: PresenceState("online")}


async def test_what_is_announced_reaches_who_watches(runtime, alice):
    heard = asyncio.Queue()
    runtime.presence.watch([alice], lambda user_id, seen: heard.put_nowait((user_id, seen)))
    await runtime.presence.states_of([alice])
    current_broker().publish([Notice(alice, "away", None, at=2**52).to_hint()])

    assert await asyncio.wait_for(heard.get(), 5) == (alice, PresenceState("away"))
