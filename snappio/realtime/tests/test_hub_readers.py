"""The hub: gaps that are told, members who are barred, and what is told once."""

import asyncio
from dataclasses import dataclass, field

import pytest
from django.db import OperationalError

from snappio.realtime import updates
from snappio.realtime.broker import MemoryBroker
from snappio.realtime.hub import Hub
from snappio.realtime.updates import Missed, Position, Update, register_source

ALICE, BOB = 1, 2


@dataclass
class Truth:
    """Committed updates of several topics, and who may listen to them."""

    committed: dict = field(default_factory=dict)
    barred: set = field(default_factory=set)
    asked: list = field(default_factory=list)
    is_away: bool = False
    may_bar: bool = False

    def commit(self, topic, revision, *, item=None, leaver=0, body=None):
        rows = self.committed.setdefault(topic, [])
        seq = max((update.seq for update in rows), default=0)
        item = revision if item is None else item
        body = b"%d" % revision if body is None else body
        rows.append(Update(topic, revision, max(seq, item), item, body, leaver))
        return rows[-1].to_hint()

    def positions(self, topics):
        self.asked.append(sorted(topics))
        if self.is_away:
            raise OperationalError
        last = {topic: self.committed[topic][-1] for topic in topics if topic in self.committed}
        return {topic: Position(each.revision, each.seq) for topic, each in last.items()}

    def missed(self, topic, after, limit):
        rows = self.committed.get(topic, [])
        # Present states: of each item the last.
        present = {u.item: u for u in rows if u.revision > after.revision}
        last = rows[-1] if rows else None
        reached = Position(last.revision, last.seq) if last else after
        return Missed(list(present.values())[:limit], reached, may_bar=self.may_bar)

    def may_read(self, topic, member_ids, after):
        return set(member_ids) - self.barred


class Reader:
    def __init__(self, member_id=None, *, is_busy=False):
        self.member_id = member_id
        self.is_busy = is_busy
        self.heard = []
        self.dropped_at = []
        self._came = asyncio.Event()

    def send(self, frames):
        while frames:
            length = frames[1]
            self.heard.append(frames[2 : 2 + length].decode())
            frames = frames[2 + length :]
        self._came.set()

    def send_if_idle(self, frames):
        if not self.is_busy:
            self.send(frames)

    def is_stalled(self, at):
        return False

    def dropped(self, topic, revision):
        self.dropped_at.append(revision)
        self._came.set()

    async def hears(self, *expected):
        async with asyncio.timeout(3):
            while self.heard != list(expected):
                self._came.clear()
                await self._came.wait()

    async def is_dropped(self):
        async with asyncio.timeout(3):
            while not self.dropped_at:
                self._came.clear()
                await self._came.wait()
        return self.dropped_at


@dataclass(frozen=True)
class Encoding:
    """Tells of gaps; what lies below ``first`` is passed over. Counts what it writes."""

    first: int = 0
    written: list = field(default_factory=list, compare=False)

    def update(self, update, is_new):
        self.written.append(update.revision)
        if 0 < update.item < self.first:
            return b"passed %d" % update.revision
        return update.body

    def gap(self, topic, after, reached):
        return b"gap %d-%d" % (after, reached)


class Deaf:
    """Knows no revisions, and of new things only."""

    def update(self, update, is_new):
        return update.body if is_new else None

    def gap(self, topic, after, reached):
        return None


class Follower:
    def __init__(self):
        self.heard_of = asyncio.Queue()

    def heard(self, updates):
        self.heard_of.put_nowait([update.revision for update in updates])


@pytest.fixture
def truth(monkeypatch):
    monkeypatch.setattr(updates, "_sources", {})
    found = Truth()
    register_source("log", found)
    return found


@pytest.fixture
async def broker():
    return MemoryBroker()


@pytest.fixture
async def hub(broker, truth):
    running = Hub(broker)
    await running.start()
    yield running
    await running.stop()


async def test_a_gap_is_told_and_then_the_present_states(hub, broker, truth):
    reader, deaf = Reader(), Reader()
    await hub.join("log:a", reader, Encoding())
    await hub.join("log:a", deaf, Deaf())

    truth.commit("log:a", 1)
    truth.commit("log:a", 2, item=1)
    broker.publish([truth.commit("log:a", 3)])

    await reader.hears("gap 0-3", "2", "3")
    await deaf.hears("2", "3")
    broker.publish([truth.commit("log:a", 4)])
    await reader.hears("gap 0-3", "2", "3", "4")


async def test_a_state_beyond_the_gap_is_told_in_its_turn(hub, broker, truth, monkeypatch):
    reader = Reader()
    await hub.join("log:a", reader, Encoding())
    truth.commit("log:a", 1)
    truth.commit("log:a", 2)
    beyond = truth.commit("log:a", 3, item=1)
    # Item 1 was changed while the rows were read: the position is older than the row.
    reached = Missed(list(truth.committed["log:a"])[1:], Position(2, 2))
    missed = truth.missed
    monkeypatch.setattr(truth, "missed", lambda *_: reached)
    broker.publish([truth.committed["log:a"][1].to_hint()])
    await reader.hears("gap 0-2", "2")
    monkeypatch.setattr(truth, "missed", missed)

    broker.publish([beyond])

    await reader.hears("gap 0-2", "2", "3")


async def test_who_is_barred_hears_the_change_and_nothing_after_it(hub, broker, truth):
    alice, bob, other = Reader(ALICE), Reader(BOB), Reader(BOB)
    for reader in (alice, bob, other):
        await hub.join("log:a", reader, Encoding())

    hints = [truth.commit("log:a", 1), truth.commit("log:a", 2, leaver=BOB)]
    broker.publish([*hints, truth.commit("log:a", 3)])

    await alice.hears("1", "2", "3")
    for reader in (bob, other):
        assert await reader.is_dropped() == [2]
        assert reader.heard == ["1", "2"]
    broker.publish([truth.commit("log:a", 4)])
    await alice.hears("1", "2", "3", "4")
    assert bob.heard == ["1", "2"]


async def test_a_gap_may_hide_who_was_barred_so_the_source_is_asked_first(hub, broker, truth):
    alice, bob, guest = Reader(ALICE), Reader(BOB), Reader()
    for reader in (alice, bob, guest):
        await hub.join("log:a", reader, Encoding())
    broker.publish([truth.commit("log:a", 1)])
    await alice.hears("1")
    truth.may_bar, truth.barred = True, {BOB}

    truth.commit("log:a", 2, leaver=BOB)
    broker.publish([truth.commit("log:a", 3)])

    await alice.hears("1", "gap 1-3", "2", "3")
    await guest.hears("1", "gap 1-3", "2", "3")
    assert await bob.is_dropped() == [1]
    assert bob.heard == ["1"]


async def test_what_has_no_revision_is_told_at_once_and_not_counted(hub, broker, truth):
    reader, busy, follower = Reader(), Reader(is_busy=True), Follower()
    await hub.join("log:a", reader, Encoding())
    await hub.join("log:a", busy, Encoding())
    await hub.follow("log:a", follower)

    broker.publish([Update("log:a", 0, 0, 0, b"typing").to_hint()])
    broker.publish([Update("log:a", 0, 0, 0, b"typing").to_hint()])
    broker.publish([truth.commit("log:a", 1)])

    await reader.hears("typing", "typing", "1")
    await busy.hears("1")
    heard = [await asyncio.wait_for(follower.heard_of.get(), 2) for _ in range(3)]
    assert heard == [[0], [0], [1]]


async def test_a_follower_hears_of_a_gap_by_hearing_of_nothing(hub, broker, truth):
    follower = Follower()
    await hub.follow("log:a", follower)

    truth.commit("log:a", 1)
    broker.publish([truth.commit("log:a", 2)])

    assert await asyncio.wait_for(follower.heard_of.get(), 2) == []
    hub.unfollow("log:a", follower)
    broker.publish([truth.commit("log:a", 3)])
    await asyncio.sleep(0)
    assert follower.heard_of.empty()


async def test_equal_encoders_share_what_is_written(hub, broker, truth):
    readers = [Reader() for _ in range(3)]
    encoders = [Encoding(), Encoding(), Encoding(first=2)]
    for reader, encoder in zip(readers, encoders, strict=True):
        await hub.join("log:a", reader, encoder)

    broker.publish([truth.commit("log:a", 1), truth.commit("log:a", 2)])

    await readers[0].hears("1", "2")
    await readers[1].hears("1", "2")
    await readers[2].hears("passed 1", "2")
    assert [each.written for each in encoders] == [[1, 2], [], [1, 2]]


async def test_many_topics_are_opened_by_one_question(hub, broker, truth):
    topics = [f"log:{number:03}" for number in range(100)]
    for topic in topics:
        truth.commit(topic, 1)
    reader = Reader()

    positions = await hub.join_many(dict.fromkeys(topics, Encoding()), reader, seen={})

    assert positions == dict.fromkeys(topics, Position(1, 1))
    assert truth.asked == [topics]
    broker.publish([truth.commit("log:042", 2)])
    await reader.hears("2")
    for topic in topics:
        hub.leave(topic, reader, Encoding())
    assert hub._readers == {}


async def test_all_who_come_while_others_are_opened_are_opened_together(hub, truth):
    topics = [f"log:{number:03}" for number in range(100)]
    for topic in topics:
        truth.commit(topic, 1)

    positions = await asyncio.gather(*(hub.join(each, Reader(), Encoding()) for each in topics))

    assert positions == [Position(1, 1)] * 100
    assert truth.asked == [topics]


async def test_join_catches_up_to_a_revision_first(hub, broker, truth):
    early = Reader()
    await hub.join("log:a", early, Encoding())
    truth.commit("log:a", 1)
    truth.commit("log:a", 2, item=1)
    late = Reader()

    assert await hub.join("log:a", late, Encoding(), revision=2) == Position(2, 1)
    assert late.heard == []
    await early.hears("gap 0-2", "2")


async def test_a_revision_that_is_not_there_is_looked_for_once(hub, truth):
    assert await hub.join("log:a", Reader(), Encoding(), revision=10**9) == Position(0, 0)


async def test_joining_twice_is_joining_once(hub, broker, truth):
    reader = Reader()
    await hub.join("log:a", reader, Encoding())
    await hub.join("log:a", reader, Encoding())
    broker.publish([truth.commit("log:a", 1)])
    await reader.hears("1")

    hub.leave("log:a", reader, Encoding())
    hub.leave("log:a", reader, Encoding())

    assert hub._readers == {}


async def test_topic_that_cannot_be_opened_says_so_and_is_tried_again(hub, truth, monkeypatch):
    positions = truth.positions
    monkeypatch.setattr(truth, "positions", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await hub.join("log:a", Reader(), Encoding())
    monkeypatch.setattr(truth, "positions", positions)

    assert await hub.join("log:a", Reader(), Encoding()) == Position(0, 0)
