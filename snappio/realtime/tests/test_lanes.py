"""Lanes: what queues up is stored together, in order, and nothing stops them."""

import asyncio
import threading

import pytest
from django.db import OperationalError

from snappio.core.errors import NotFound, Unavailable
from snappio.realtime.lanes import Lanes


class Shelf:
    """A store that fails on demand; items are (key, number)."""

    def __init__(self):
        self.batches = []
        self.retries = []
        self.failures = []
        self.is_open = threading.Event()
        self.is_open.set()

    def __call__(self, items, *, is_retry):
        self.is_open.wait(10)
        self.retries.append(is_retry)
        if self.failures:
            raise self.failures.pop(0)
        if "poison" in items:
            raise ValueError("poison")
        self.batches.append(list(items))
        return [NotFound() if item == "refused" else f"stored {item}" for item in items]


@pytest.fixture
def shelf():
    return Shelf()


async def outcomes_of(lanes, items):
    told = asyncio.Queue()
    for item in items:
        lanes.lane_of("key").put(item, told.put_nowait)
    return [await asyncio.wait_for(told.get(), 10) for _ in items]


@pytest.fixture
async def lanes(shelf):
    running = Lanes("test", shelf, count=2)
    running.start()
    yield running
    await running.stop()


async def test_stores_together_what_queued_up_meanwhile(lanes, shelf):
    shelf.is_open.clear()
    first = asyncio.create_task(outcomes_of(lanes, ["first"]))
    await asyncio.sleep(0.05)
    rest = asyncio.create_task(outcomes_of(lanes, list(range(300))))
    await asyncio.sleep(0)
    shelf.is_open.set()

    assert await first == ["stored first"]
    assert await rest == [f"stored {number}" for number in range(300)]
    assert [len(batch) for batch in shelf.batches] == [1, 256, 44]


async def test_refuses_single_items(lanes):
    one, refusal, other = await outcomes_of(lanes, ["one", "refused", "other"])

    assert (one, other) == ("stored one", "stored other")
    assert isinstance(refusal, NotFound)


async def test_tries_the_same_batch_again_while_the_database_is_away(lanes, shelf):
    shelf.failures = [OperationalError(), OperationalError()]

    assert await outcomes_of(lanes, ["one"]) == ["stored one"]
    assert shelf.retries == [False, True, True]


async def test_poison_costs_only_itself_and_the_lane_goes_on(lanes, shelf):
    shelf.is_open.clear()
    waiting = asyncio.create_task(outcomes_of(lanes, ["one", "poison", "other"]))
    await asyncio.sleep(0.05)
    shelf.is_open.set()

    outcomes = await waiting
    assert [o for o in outcomes if not isinstance(o, Unavailable)] == ["stored one", "stored other"]
    assert await outcomes_of(lanes, ["later"]) == ["stored later"]


async def test_keys_keep_to_their_lane(lanes):
    assert lanes.lane_of("room:a") is lanes.lane_of("room:a")
    assert len({lanes.lane_of(f"room:{number}") for number in range(50)}) == 2


async def test_stores_what_is_queued_before_it_stops(shelf):
    lanes = Lanes("test", shelf, count=1)
    lanes.start()
    shelf.is_open.clear()
    told = []
    for number in range(3):
        lanes.lane_of("key").put(number, told.append)
    shelf.is_open.set()
    await lanes.stop()
    await asyncio.sleep(0)

    assert told == ["stored 0", "stored 1", "stored 2"]
