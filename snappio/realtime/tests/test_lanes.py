"""Lanes: what queues up is stored together, in order, and nothing stops them."""

import asyncio
import threading
import time
from contextlib import contextmanager

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from snappio.core.errors import NotFound, Unavailable
from snappio.realtime import lanes as lanes_module
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
        lanes.lane_of("key").put("key", item, told.put_nowait)
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
        lanes.lane_of("key").put("key", number, told.append)
    shelf.is_open.set()
    await lanes.stop()
    await asyncio.sleep(0)

    assert told == ["stored 0", "stored 1", "stored 2"]


# --- Locks that somebody else keeps -----------------------------------------------


class Cabinet:
    """A store with a lock of PostgreSQL for each key; items are (key, number)."""

    def __init__(self):
        self.stored = []
        self.retries = set()

    def __call__(self, items, *, is_retry):
        if any(number is None for _, number in items):
            raise ValueError("poison")
        self.retries.add(is_retry)
        with transaction.atomic(), connection.cursor() as cursor:
            for key in sorted({key for key, _ in items}):
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [key])
        self.stored += items
        return items

    def numbers(self, wanted):
        return [number for key, number in self.stored if key == wanted]


@contextmanager
def locked(*keys):
    with psycopg.connect(**connection.get_connection_params()) as holder:
        for key in keys:
            holder.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [key])
        yield


@pytest.fixture
def _postgres(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks the whole file, and no single conversation")


@pytest.fixture
def cabinet(_postgres):
    return Cabinet()


@pytest.fixture
async def lane(cabinet):
    lanes = Lanes("test", cabinet, count=1)
    lanes.start()
    yield lanes.lane_of("any")
    await lanes.stop()


def put(lane, *items):
    """Put items, and return what will be told of them."""
    told = []
    loop = asyncio.get_running_loop()
    for key, number in items:
        outcome = loop.create_future()
        lane.put(key, (key, number), outcome.set_result)
        told.append(outcome)
    return asyncio.gather(*told)


async def test_a_locked_key_holds_up_no_other_and_keeps_its_order(lane, cabinet):
    with locked("locked"):
        kept = [put(lane, ("a", 0), ("locked", 0), ("b", 0), ("locked", 1))]
        delays = []
        for number in range(1, 30):
            began_at = time.monotonic()
            kept.append(put(lane, ("locked", number + 1)))
            await asyncio.wait_for(put(lane, ("a", number), ("b", number)), 5)
            delays.append(time.monotonic() - began_at)
        assert cabinet.numbers("locked") == []
    await asyncio.wait_for(asyncio.gather(*kept), 5)

    assert max(delays) < 1
    assert cabinet.numbers("locked") == list(range(31))
    assert cabinet.numbers("a") == cabinet.numbers("b") == list(range(30))
    assert cabinet.retries == {False}


async def test_several_locked_keys_leave_a_turn_to_the_others(lane, cabinet):
    names = [f"locked {n}" for n in range(5)]
    with locked(*names):
        waiting = put(lane, *((name, number) for number in range(3) for name in names))
        for number in range(5):
            assert await asyncio.wait_for(put(lane, ("free", number)), 1) == [("free", number)]
    await asyncio.wait_for(waiting, 5)

    assert [cabinet.numbers(name) for name in names] == [[0, 1, 2]] * 5


async def test_gives_up_only_what_has_waited_too_long_for_a_lock(lane, cabinet, monkeypatch):
    monkeypatch.setattr(lanes_module, "PATIENCE_SECONDS", 2.0)
    with locked("locked"):
        early = put(lane, ("locked", 0), ("locked", 1))
        await asyncio.sleep(1.4)
        late = put(lane, ("locked", 2))
        refusals = await asyncio.wait_for(early, 5)
        assert not late.done()
    await asyncio.wait_for(late, 5)

    assert [type(refusal) for refusal in refusals] == [Unavailable, Unavailable]
    assert cabinet.stored == [("locked", 2)]


async def test_what_is_held_back_is_stored_before_the_lane_stops(cabinet):
    lanes = Lanes("test", cabinet, count=1)
    lanes.start()
    with locked("locked"):
        waiting = put(lanes.lane_of("any"), ("locked", 0), ("free", 0), ("locked", 1))
        async with asyncio.timeout(5):
            while not cabinet.stored:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        stopping = asyncio.create_task(lanes.stop())
        await asyncio.sleep(0.3)
        assert not stopping.done()
    await asyncio.wait_for(stopping, 5)

    assert await waiting == [("locked", 0), ("free", 0), ("locked", 1)]
    assert cabinet.numbers("locked") == [0, 1]


async def test_a_poisoned_batch_that_is_taken_apart_keeps_the_order_of_a_locked_key(lane, cabinet):
    with locked("locked"):
        waiting = put(lane, ("locked", 0), ("b", None), ("locked", 1))
        await asyncio.sleep(0.3)
    outcomes = await asyncio.wait_for(waiting, 5)

    assert isinstance(outcomes[1], Unavailable)
    assert cabinet.numbers("locked") == [0, 1]


async def test_a_key_with_much_held_back_has_no_room_and_the_others_have(
    lane, cabinet, monkeypatch
):
    monkeypatch.setattr(lanes_module, "HELD_ITEMS", 3)
    with locked("locked"):
        waiting = put(lane, *(("locked", number) for number in range(3)))
        await put(lane, ("free", 0))
        await put(lane, ("free", 1))
        room = asyncio.create_task(lane.has_room("locked"))
        await asyncio.wait_for(lane.has_room("free"), 0.1)
        assert not room.done()
    await asyncio.wait_for(asyncio.gather(waiting, room), 5)

    assert cabinet.numbers("locked") == [0, 1, 2]
