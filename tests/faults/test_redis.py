"""Redis may go, come back, lose hints or carry rubbish: only the delay changes."""

import statistics
import time

from tests.faults.fleet import Fleet, room_path
from tests.faults.talk import LAST_HINT_SECONDS, hear, hear_all, say

# With the broker away positions are compared twice a second.
POLLED_SECONDS = 1.5


async def test_f06_messages_cross_between_processes_while_redis_is_down(fleet: Fleet, room: str):
    path = room_path(room)
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        with fleet.redis_down():
            delays = []
            for n in range(4):
                said_at = time.monotonic()
                await say(here, n)
                assert await hear(here, seconds=1) == n
                assert await hear(there, seconds=POLLED_SECONDS) == n
                delays.append(time.monotonic() - said_at)
        await say(here, 4)

        assert await hear(there, seconds=2) == 4
        assert max(delays) < POLLED_SECONDS


async def test_f07_hints_flow_again_after_redis_came_back(fleet: Fleet, room: str):
    path = room_path(room)
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        with fleet.redis_down():
            await say(here, 0)
        assert await hear(there, seconds=2) == 0

        delays = []
        for n in range(1, 10):
            said_at = time.monotonic()
            await say(here, n)
            assert await hear(there, seconds=2) == n
            delays.append(time.monotonic() - said_at)
        assert statistics.median(delays) < 0.1


RESTARTS = 8


async def test_f07_redis_that_comes_and_goes_closes_no_socket(fleet: Fleet, room: str):
    path = room_path(room)
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        for n in range(RESTARTS):
            fleet.redis.kill()
            await say(here, n)
            fleet.redis.start()
        await say(here, RESTARTS)

        expected = list(range(RESTARTS + 1))
        assert await hear_all(here, RESTARTS + 1, seconds=2) == expected
        assert await hear_all(there, RESTARTS + 1, seconds=LAST_HINT_SECONDS) == expected


async def test_f08_a_killed_subscription_costs_no_message_and_less_than_a_second(
    fleet: Fleet, room: str
):
    path = room_path(room)
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        for n in range(3):
            fleet.kill_subscriptions()
            await say(here, n)

            assert await hear(there, seconds=1) == n


async def test_a_dead_connection_for_publishing_costs_no_hint(fleet: Fleet, room: str):
    path = room_path(room)
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        for n in range(3):
            fleet.kill_publishers()
            await say(here, n)

            assert await hear(there, seconds=1) == n


async def test_f11_a_lost_last_hint_is_found_within_six_seconds(fleet: Fleet, room: str):
    path = room_path(room)
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        with fleet.hints_refused():
            await say(here, 1)
            assert await hear(here, seconds=1) == 1

            assert await hear(there, seconds=LAST_HINT_SECONDS) == 1


async def test_f09_a_lost_hint_is_found_by_the_next_one(fleet: Fleet, room: str):
    path = room_path(room)
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        with fleet.hints_refused():
            await say(here, 0)
            assert await hear(here, seconds=1) == 0
        await say(here, 1)

        assert await hear_all(there, 2, seconds=1) == [0, 1]


async def test_a_reader_who_is_ahead_of_its_new_process_hears_nothing_twice(
    fleet: Fleet, room: str
):
    path = room_path(room)
    # A guest could not ask for what came before.
    (member,) = fleet.members(1)
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        with fleet.hints_refused():
            for n in (1, 2, 3):
                await say(here, n)
            await hear_all(here, 3, seconds=1)

            async with fleet.open(f"{path}?since=3", member, process=1) as moved:
                await say(there, 4)

                assert await hear(moved, seconds=LAST_HINT_SECONDS) == 4
                assert moved.response is not None
                assert moved.response.headers["X-Last-Seq"] == "3"


async def test_rubbish_on_a_channel_stops_nothing(fleet: Fleet, room: str):
    path = room_path(room)
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        for channel in (f"chat:room:{room}", "control:sessions"):
            for payload in ("", "rubbish", "\0" * 7 + "\1" + "\0" * 7 + "\1" + "rubbish"):
                fleet.office.ask("publish", channel, payload)
        for n in range(5):
            await say(here, n)

        assert await hear_all(there, 5, seconds=2) == [0, 1, 2, 3, 4]
        assert await hear_all(here, 5, seconds=2) == [0, 1, 2, 3, 4]
