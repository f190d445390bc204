"""Without PostgreSQL nothing is acknowledged, and when it is back everything goes on."""

import asyncio
import signal
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from tests.faults.fleet import Fleet, Member, chat_path, room_path
from tests.faults.talk import LAST_HINT_SECONDS, hear, hear_all, say
from tests.house import Part


async def test_f12_a_crash_of_postgres_closes_no_socket_and_loses_nothing(fleet: Fleet, room: str):
    path = room_path(room)
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        for n in range(20):
            await say(here, n)
            if n == 10:
                fleet.postgres._end(signal.SIGQUIT)
        fleet.postgres.start()
        for n in range(20, 25):
            await say(there, n)

        heard = await hear_all(here, 25, seconds=8)
        assert sorted(heard) == list(range(25))
        assert [n for n in heard if n < 20] == list(range(20))
        assert await hear_all(there, 25, seconds=LAST_HINT_SECONDS) == heard
        assert [message.body[1] for message in fleet.stored(f"room:{room}")] == heard


async def test_f12_terminated_backends_delay_a_message_by_less_than_two_seconds(
    fleet: Fleet, room: str
):
    async with fleet.open(room_path(room)) as here:
        for n in range(5):
            assert fleet.terminate_backends() > 0
            await say(here, n)

            assert await hear(here, seconds=2) == n


# Long enough for anything that backs off to be in a long pause when it ends.
OUTAGE_SECONDS = 3.5
BACK_SECONDS = 2.0


async def test_f12_sends_and_handshakes_wait_for_postgres_and_go_on_as_soon_as_it_is_back(
    fleet: Fleet, room: str
):
    path = room_path(room)
    (ann,) = fleet.members(1)
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        fleet.postgres._end(signal.SIGQUIT)
        try:
            await say(here, 0)
            opening = asyncio.create_task(_open_and_close(fleet, room_path(f"{room}!"), ann))
            done, _ = await asyncio.wait([opening], timeout=OUTAGE_SECONDS)
            assert not done
        finally:
            fleet.postgres.start()

        async with asyncio.timeout(BACK_SECONDS):
            assert await hear(here, seconds=BACK_SECONDS) == 0
            assert await hear(there, seconds=BACK_SECONDS) == 0
            assert await opening == "0"


async def _open_and_close(fleet: Fleet, path: str, member: Member) -> str:
    async with fleet.open(path, member, open_timeout=20) as opened:
        assert opened.response is not None
        return opened.response.headers["X-Last-Seq"]


LOCKED_SECONDS = 5.0


async def test_f13_a_locked_conversation_holds_up_no_other_one(fleet: Fleet, room: str):
    names = [f"{room} {n}" for n in range(12)]
    async with AsyncExitStack() as stack:
        locked, *others = [
            await stack.enter_async_context(fleet.open(room_path(name))) for name in names
        ]
        await say(locked, 0)
        assert await hear(locked, seconds=2) == 0

        with fleet.conversation_locked(f"room:{names[0]}"):
            until = time.monotonic() + LOCKED_SECONDS
            said, *delays = await asyncio.gather(
                _say_until(locked, until), *(_delays_until(other, until) for other in others)
            )
            with pytest.raises(TimeoutError):
                await hear(locked, seconds=0.1)

        assert await hear_all(locked, said, seconds=2) == list(range(1, said + 1))
    p99 = statistics.quantiles([delay for some in delays for delay in some], n=100)[-1]
    assert p99 < 1, f"{p99:.2f} s"


async def _say_until(opened: ClientConnection, until: float) -> int:
    said = 0
    while time.monotonic() < until:
        said += 1
        await say(opened, said)
        await asyncio.sleep(0.1)
    return said


async def _delays_until(opened: ClientConnection, until: float) -> list[float]:
    delays = []
    while (said_at := time.monotonic()) < until:
        await say(opened, len(delays))
        assert await hear(opened, seconds=LOCKED_SECONDS) == len(delays)
        delays.append(time.monotonic() - said_at)
        await asyncio.sleep(0.05)
    return delays


async def test_f29_two_processes_make_one_conversation_at_once(fleet: Fleet):
    members = fleet.members(16)
    pairs = list(zip(members[::2], members[1::2], strict=True))
    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(fleet.open(chat_path(other), one, process=process))
            for one, other, process in [
                *((one, other, 0) for one, other in pairs),
                *((other, one, 1) for one, other in pairs),
            ]
        ]
        await asyncio.gather(*(say(opened, n) for n, opened in enumerate(sockets)))
        heard = await asyncio.gather(*(hear_all(opened, 2, seconds=6) for opened in sockets))

    assert heard[: len(pairs)] == heard[len(pairs) :]
    for one, other in pairs:
        key = f"private:{min(one.id, other.id)}:{max(one.id, other.id)}"
        assert [message.seq for message in fleet.stored(key)] == [1, 2]


REQUESTS = 20


def test_f12_no_request_fails_over_connections_that_a_restart_has_ended(fleet: Fleet):
    web = fleet.house.start_web()
    try:
        # All at once, so that the pool is full of connections that will be dead.
        with ThreadPoolExecutor(REQUESTS) as together:
            for _ in range(5):
                assert set(together.map(_posts, [web] * REQUESTS)) == {httpx.codes.OK}
        fleet.postgres.restart()

        began_at = time.monotonic()
        assert [_posts(web) for _ in range(REQUESTS)] == [httpx.codes.OK] * REQUESTS
        assert _asked(web, "/readyz") == httpx.codes.OK
        # One dead connection met after the other would take a quarter of a minute.
        assert time.monotonic() - began_at < 10
    finally:
        fleet.house.stop(web)


def _posts(web: Part) -> int:
    return _asked(web, "/api/v1/posts/")


def _asked(web: Part, path: str) -> int:
    return httpx.get(web.url + path, timeout=20, trust_env=False).status_code
