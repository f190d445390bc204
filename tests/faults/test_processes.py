"""Processes that die or freeze, and a reader who never reads."""

import asyncio
import resource
import socket
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.faults.fleet import Fleet, open_socket, resident_bytes, room_path
from tests.faults.talk import LAST_HINT_SECONDS, hear, hear_all, say
from tests.services import wait_until


async def test_f04_f32_a_frozen_process_says_so_and_closes_no_socket(fleet: Fleet, room: str):
    path = room_path(room)
    part = fleet.sockets[0]
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        fleet.freeze(part)
        try:
            await say(here, 0)
            await say(there, 1)
            assert await hear(there, seconds=1) == 1
            await asyncio.sleep(3)
        finally:
            fleet.thaw(part)

        assert await hear_all(here, 2, seconds=2) == [1, 0]
        assert await hear(there, seconds=2) == 0
    assert "The event loop was held up for" in part.log()


def test_f01_a_killed_web_process_leaves_nobody_behind_who_answers(fleet: Fleet):
    web = fleet.house.start_web()
    workers = _children_of(web.process.pid)
    assert workers
    fleet.house.kill(web)
    wait_until(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers),
        seconds=5,
        what="The end of the workers",
    )


def _children_of(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


async def test_f01_a_killed_process_is_survived_on_the_other_one(fleet: Fleet, room: str):
    path = room_path(room)
    part = fleet.sockets[0]
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        for n in range(50):
            await say(here, n)
        heard = await hear_all(here, 10, seconds=2)
        fleet.house.kill(part)
        try:
            with suppress(ConnectionClosed):
                while True:
                    heard.append(await hear(here, seconds=2))
            kept = [message.body[1] for message in fleet.stored(f"room:{room}")]
            assert heard == kept[: len(heard)]
            assert await hear_all(there, len(kept), seconds=LAST_HINT_SECONDS) == kept

            (survivor,) = fleet.sockets
            async with open_socket(f"{survivor.ws_url}{path}?since={len(heard)}", None) as moved:
                await say(moved, 50)
                rest = await hear_all(moved, len(kept) - len(heard) + 1, seconds=2)
            assert heard + rest == [*kept, 50]
        finally:
            fleet.house.restart(part)


async def test_f33_a_process_without_descriptors_serves_who_is_there(fleet: Fleet, room: str):
    path = room_path(room)
    pid = fleet.sockets[0].process.pid
    async with fleet.open(path) as here, fleet.open(path, process=1) as there:
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        # Those that are open stay so; there are no new ones.
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, before[1]))
        try:
            for n in range(3):
                await say(there, n)
            assert await hear_all(here, 3, seconds=LAST_HINT_SECONDS) == [0, 1, 2]
            with pytest.raises((OSError, InvalidHandshake, TimeoutError)):
                await fleet.open(path, open_timeout=1).__aenter__()
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        # It looks again after a second.
        async with fleet.open(path, open_timeout=10) as late:
            await say(late, 3)
            assert await hear(here, seconds=2) == 3


# The server pings every 20 seconds, and waits 15 for an answer.
SILENT_SECONDS = 40


@pytest.mark.long
async def test_f20_f34_who_answers_no_ping_is_gone_and_who_does_is_kept(fleet: Fleet, room: str):
    path = room_path(room)
    part = fleet.sockets[0]
    async with fleet.open(path, ping_interval=None) as quiet:
        silent = await asyncio.to_thread(_open_and_never_read, part.port, path)
        with silent:
            port = silent.getsockname()[1]
            await _cut_off_at(part.port, port, seconds=SILENT_SECONDS)
        await say(quiet, 1)
        assert await hear(quiet, seconds=2) == 1


READERS = 50
FRAMES = 150
FRAME_BYTES = 60_000
FRAMES_PER_SECOND = 25


async def test_f18_a_reader_who_never_reads_is_cut_off_and_harms_nobody(fleet: Fleet, room: str):
    path = room_path(room)
    part = fleet.sockets[0]
    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(fleet.open(path, ping_interval=None))
            for _ in range(READERS - 1)
        ]
        # As much as with it, so that what the process needs for the work is not counted.
        calm = await _latencies(readers, count=FRAMES)
        stalled = await asyncio.to_thread(_open_and_never_read, part.port, path)
        with stalled:
            before = resident_bytes(part.process.pid)
            began_at = time.monotonic()
            cutting = asyncio.create_task(_cut_off_at(part.port, stalled.getsockname()[1]))
            loud = await _latencies(readers, count=FRAMES)
            cut_after = await asyncio.wait_for(cutting, 20) - began_at
            grown = resident_bytes(part.process.pid) - before

    figures = (
        f"cut off after {cut_after:.1f} s, p99 {_p99(calm) * 1000:.0f} ms without and "
        f"{_p99(loud) * 1000:.0f} ms with it, RSS + {grown / 2**20:.1f} MiB"
    )
    assert cut_after < 20, figures
    assert grown < 2 * 2**20, figures
    assert _p99(loud) < max(2 * _p99(calm), 0.2), figures


async def _latencies(readers: Sequence[ClientConnection], *, count: int) -> list[float]:
    """Send big frames at an even pace; return how long each took to each reader."""
    padding = "x" * FRAME_BYTES
    said: dict[int, float] = {}

    async def listen(reader: ClientConnection) -> list[float]:
        delays = []
        for n in range(count):
            assert f'"n": {n},' in (await reader.recv())[:64]
            delays.append(time.monotonic() - said[n])
        return delays

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen(reader)) for reader in readers]
        for n in range(count):
            said[n] = time.monotonic()
            await say(readers[0], n, padding=padding)
            await asyncio.sleep(1 / FRAMES_PER_SECOND)
    return [delay for task in tasks for delay in task.result()]


def _p99(delays: Sequence[float]) -> float:
    return statistics.quantiles(delays, n=100)[-1]


def _open_and_never_read(port: int, path: str) -> socket.socket:
    opened = socket.socket()
    # What the kernel takes for us is not what the server must keep.
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    opened.connect(("127.0.0.1", port))
    opened.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
    )
    assert opened.recv(4096).startswith(b"HTTP/1.1 101 ")
    return opened


async def _cut_off_at(server_port: int, client_port: int, *, seconds: float = 30) -> float:
    """Return when the server's end of a connection is closed; our end cannot see it."""
    mine = f":{server_port:04X} 0100007F:{client_port:04X} 01"
    async with asyncio.timeout(seconds):
        while mine in await asyncio.to_thread(Path("/proc/net/tcp").read_text):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return time.monotonic()
