"""The hub: every update once and in order, whatever the broker loses, doubles or turns round."""

import asyncio
from dataclasses import dataclass

import pytest
from django.db import OperationalError

from snappio.realtime import hub as hub_module
from snappio.realtime import updates
from snappio.realtime.broker import MemoryBroker
from snappio.realtime.hub import Hub
from snappio.realtime.protocol import text_frame
from snappio.realtime.updates import Missed, Position, Update, register_source

TOPIC = "log:one"


class Log:
    """The truth about a topic: a list of committed updates."""

    def __init__(self):
        self.committed = []
        self.asked = 0
        self.is_away = False

    def commit(self, *numbers):
        fresh = [Update(TOPIC, number, number, number, b"%d" % number) for number in numbers]
        self.committed += fresh
        return [update.to_hint() for update in fresh]

    def positions(self, topics):
        if self.is_away:
            raise OperationalError
        if not self.committed:
            return {}
        return {TOPIC: Position(self.committed[-1].revision, self.committed[-1].seq)}

    def missed(self, topic, after, limit):
        self.asked += 1
        found = [u for u in self.committed if u.revision > after.revision][:limit]
        last = found[-1] if found else None
        return Missed(found, Position(last.revision, last.seq) if last else after)


class Reader:
    """Takes frames as an outbox does."""

    def __init__(self, member_id=None):
        self.frames = asyncio.Queue()
        self.member_id = member_id
        self.dropped_at = []

    def send(self, frames):
        self.frames.put_nowait(frames)

    def send_if_idle(self, frames):
        self.frames.put_nowait(frames)

    def dropped(self, topic, revision):
        self.dropped_at.append(revision)

    def is_stalled(self, at):
        return False

    async def read(self, *numbers, seconds=3):
        expected = b"".join(text_frame(b"%d" % number) for number in numbers)
        heard = b""
        async with asyncio.timeout(seconds):
            while len(heard) < len(expected):
                heard += await self.frames.get()
        assert heard == expected


@dataclass(frozen=True)
class Encoding:
    """Writes the body of an update, between these, and tells of gaps if asked to."""

    pattern: bytes = b"%b"
    tells_gaps: bool = False

    def update(self, update, is_new):
        return self.pattern % update.body

    def gap(self, topic, after, reached):
        return b"gap %d-%d" % (after, reached) if self.tells_gaps else None


class EvenNumbers(Encoding):
    def update(self, update, is_new):
        return None if update.seq % 2 else b"<%d>" % update.seq


body_of = Encoding()


@pytest.fixture
def log(monkeypatch):
    monkeypatch.setattr(updates, "_sources", {})
    truth = Log()
    register_source("log", truth)
    return truth


@pytest.fixture
async def broker():
    return MemoryBroker()


@pytest.fixture
async def hub(broker, log):
    running = Hub(broker)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def reader(hub):
    outbox = Reader()
    await hub.join(TOPIC, outbox, body_of)
    return outbox


async def test_delivers_in_order_and_a_batch_at_once(broker, log, reader):
    broker.publish(log.commit(1, 2, 3))
    await reader.read(1, 2, 3)
    assert reader.frames.empty()


async def test_drops_what_comes_again(broker, log, reader):
    hints = log.commit(1, 2)
    broker.publish(hints + hints)
    broker.publish(hints)
    broker.publish(log.commit(3))
    await reader.read(1, 2, 3)


async def test_turns_round_what_came_the_wrong_way_round_without_a_query(broker, log, reader):
    one, two, three = log.commit(1, 2, 3)
    for hint in (three, two, one):
        broker.publish([hint])
    await reader.read(1, 2, 3)
    assert log.asked == 0


async def test_reads_a_gap_from_the_source(broker, log, reader):
    hints = log.commit(1, 2, 3)
    broker.publish([hints[0], hints[2]])
    await reader.read(1, 2, 3, seconds=1)
    assert log.asked == 1


async def test_finds_a_lost_last_hint_by_the_position(log, monkeypatch, broker):
    monkeypatch.setattr(hub_module, "CHECK_SECONDS", 0.2)
    running = Hub(broker)
    await running.start()
    reader = Reader()
    await running.join(TOPIC, reader, body_of)
    log.commit(1, 2)
    await reader.read(1, 2)
    await running.stop()


async def test_reads_twice_a_second_while_the_broker_is_away(log, monkeypatch, broker):
    monkeypatch.setattr(broker, "is_connected", False, raising=False)
    running = Hub(broker)
    await running.start()
    reader = Reader()
    await running.join(TOPIC, reader, body_of)
    log.commit(1)
    await reader.read(1, seconds=1.2)
    await running.stop()


async def test_joins_at_the_present_position(hub, broker, log):
    log.commit(1, 2)
    reader = Reader()

    assert await hub.join(TOPIC, reader, body_of) == Position(2, 2)

    broker.publish(log.commit(3))
    await reader.read(3)


async def test_join_waits_while_the_database_is_away(hub, log):
    log.is_away = True
    joining = asyncio.create_task(hub.join(TOPIC, Reader(), body_of))
    await asyncio.sleep(0.2)
    assert not joining.done()
    log.is_away = False
    assert await asyncio.wait_for(joining, 3) == Position(0, 0)


async def test_gives_each_kind_of_reader_its_own_encoding(hub, broker, log, reader):
    other = Reader()
    await hub.join(TOPIC, other, EvenNumbers())
    broker.publish(log.commit(1, 2))
    await reader.read(1, 2)
    assert await asyncio.wait_for(other.frames.get(), 2) == text_frame(b"<2>")


async def test_one_who_left_hears_nothing_and_the_others_go_on(hub, broker, log, reader):
    other = Reader()
    await hub.join(TOPIC, other, body_of)
    hub.leave(TOPIC, other, body_of)
    broker.publish(log.commit(1))
    await reader.read(1)
    assert other.frames.empty()


async def test_topic_without_readers_is_dropped_after_a_while(log, monkeypatch, broker):
    monkeypatch.setattr(hub_module, "LINGER_SECONDS", 0.05)
    running = Hub(broker)
    await running.start()
    reader = Reader()
    await running.join(TOPIC, reader, body_of)
    running.leave(TOPIC, reader, body_of)
    async with asyncio.timeout(3):
        while running._topics:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    log.commit(1)
    assert await running.join(TOPIC, reader, body_of) == Position(1, 1)
    await running.stop()


async def test_hints_of_a_kind_that_nobody_joins_go_to_who_listens_to_it(broker, log, hub, reader):
    heard = asyncio.Queue()
    hub.listen_to_kind("log", heard.put_nowait)
    broker.publish([("log:two", b"word"), *log.commit(1)])

    await reader.read(1)
    assert heard.get_nowait() == ("log:two", b"word")
    assert heard.empty()
