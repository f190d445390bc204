"""The measurements: each opens its sockets, warms up, measures, and returns plain numbers.

``sockets`` lists those to open: their ``path``, ``authorization`` and whether one
``writes``; those of `/ws/` have the text of their ``hello``, and the ``conversation`` that
they write in.
"""

import asyncio
import itertools
import random
import resource
import secrets
import socket
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import psutil

from benchmarks.load.http import Client
from benchmarks.load.websocket import (
    Clocked,
    Greeter,
    Socket,
    Talker,
    Writer,
    connect,
    message,
    text_frame,
)

WARM_UP_SECONDS = 1.0
SETTLE_SECONDS = 1.5
# Every so many readers one looks at the stamps; all of them would be work for the load.
CLOCKED_EVERY = 10


async def throughput(
    *, port: int, pid: int, sockets: Sequence[dict[str, Any]], seconds: float
) -> dict[str, float]:
    """Let every writer send its next message when the last came back; count what arrives."""
    opened = await connect(port, [_plain(number, one) for number, one in enumerate(sockets)])
    writers = [one for one in opened if isinstance(one, Writer | Talker)]
    for writer in writers:
        writer.start()
    await asyncio.sleep(WARM_UP_SECONDS)
    before, started = _totals(opened, writers), time.monotonic()
    with _CpuShare(pid) as server, _CpuShare() as load:
        await asyncio.sleep(seconds)
    after, took = _totals(opened, writers), time.monotonic() - started
    for writer in writers:
        writer.stop()
    await asyncio.sleep(0.2)
    return {
        "deliveries": (after[0] - before[0]) / took,
        "messages": (after[1] - before[1]) / took,
        "server_cpu": server.share,
        "load_cpu": load.share,
    }


async def latency(
    *, port: int, sockets: Sequence[dict[str, Any]], rate: float, seconds: float
) -> dict[str, float]:
    """Send at a fixed rate, whatever comes back; tell how late messages arrive.

    Time counts from the moment a message was due: a server that makes the load
    wait is not excused.
    """
    opened = await connect(port, [_clocked(number, one) for number, one in enumerate(sockets)])
    writers = [one for one in opened if isinstance(one, Writer)]
    await _send_at(rate, WARM_UP_SECONDS, writers)
    clocked = [one for one in opened if isinstance(one, Clocked)]
    for one in clocked:
        one.delays.clear()
    await _send_at(rate, seconds, writers)
    await asyncio.sleep(0.5)
    return _percentiles(clocked)


async def idle(
    *, port: int, pid: int, first: Sequence[dict[str, Any]], more: Sequence[dict[str, Any]]
) -> dict[str, float]:
    """Tell how much the server grows with each socket that is open and silent."""
    server = psutil.Process(pid)
    # The first ones pay for what all share: threads, pools, caches.
    kept = await connect(port, [_plain(number, one) for number, one in enumerate(first)])
    await asyncio.sleep(SETTLE_SECONDS)
    before = server.memory_info().rss
    kept += await connect(port, [_plain(number, one) for number, one in enumerate(more)])
    await asyncio.sleep(SETTLE_SECONDS)
    assert not any(one.is_closed for one in kept)
    return {"bytes_per_socket": (server.memory_info().rss - before) / len(more)}


async def resume(
    *, port: int, pid: int, other_port: int, sockets: Sequence[dict[str, Any]], spread: float
) -> dict[str, float]:
    """Kill the server of all these sockets; tell how soon they have resumed on another.

    Each waits a random time within ``spread`` seconds, as clients do.
    """
    opened = await connect(port, [_plain(number, one) for number, one in enumerate(sockets)])
    await asyncio.sleep(SETTLE_SECONDS)
    psutil.Process(pid).kill()
    killed_at = time.monotonic()
    # All at once: an event for each would be more to read than this.
    while not all(one.is_closed for one in opened):  # noqa: ASYNC110
        await asyncio.sleep(0.01)

    async def come_back(number: int, one: dict[str, Any]) -> Greeter:
        await asyncio.sleep(random.uniform(0, spread))
        (made,) = await connect(other_port, [_plain(number, one)])
        assert isinstance(made, Greeter)
        return made

    back = await asyncio.gather(*(come_back(*each) for each in enumerate(sockets)))
    delays = sorted(one.ready_after * 1000 for one in back)
    return {
        "seconds": time.monotonic() - killed_at,
        "p50": delays[len(delays) // 2],
        "p99": delays[int(len(delays) * 0.99)],
    }


async def stalled(
    *,
    port: int,
    pid: int,
    sockets: Sequence[dict[str, Any]],
    reader: dict[str, Any],
    rate: float,
    padding: int,
    calm_seconds: float,
    patience_seconds: float,
) -> dict[str, float | None]:
    """Put a reader that never reads into a room; watch the server and the other members."""
    opened = await connect(
        port, [_clocked(number, one, padding=padding) for number, one in enumerate(sockets)]
    )
    writers = [one for one in opened if isinstance(one, Writer)]
    clocked = [one for one in opened if isinstance(one, Clocked)]
    await _send_at(rate, WARM_UP_SECONDS, writers)
    for one in clocked:
        one.delays.clear()
    await _send_at(rate, calm_seconds, writers)
    calm = _percentiles(clocked)
    for one in clocked:
        one.delays.clear()

    (stuck,) = await connect(port, [partial(Socket, reader["path"], reader["authorization"])])
    stuck.transport.pause_reading()
    raw = stuck.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    watch = asyncio.create_task(_watch(pid, raw.getsockname()[1], patience_seconds))
    sending = asyncio.create_task(_send_at(rate, patience_seconds, writers))
    growth, closed_after = await watch
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    return {
        "growth_bytes": growth,
        "closed_after": closed_after,
        "calm_p99": calm["p99"],
        "p99": _percentiles(clocked)["p99"],
    }


async def requests(
    *, port: int, pid: int, path: str, connections: int, seconds: float, authorization: str = ""
) -> dict[str, float]:
    """Ask for the same address over and over on each of some connections."""
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(partial(Client, path, authorization), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.sleep(WARM_UP_SECONDS)
    before, started = sum(one.answers for one in clients), time.monotonic()
    with _CpuShare(pid) as server, _CpuShare() as load:
        # Ends early, with what was wrong, if an answer is not the expected one.
        await asyncio.wait(
            [one.ended for one in clients], timeout=seconds, return_when=asyncio.FIRST_EXCEPTION
        )
    took, answers = time.monotonic() - started, sum(one.answers for one in clients) - before
    for one in clients:
        if one.ended.done():
            one.ended.result()
        one.close()
    return {"requests": answers / took, "server_cpu": server.share, "load_cpu": load.share}


async def _watch(pid: int, port: int, patience_seconds: float) -> tuple[float, float | None]:
    server = psutil.Process(pid)
    started, before, peak = time.monotonic(), server.memory_info().rss, 0
    for tick in itertools.count():
        await asyncio.sleep(0.05)
        peak = max(peak, server.memory_info().rss - before)
        passed = time.monotonic() - started
        # Asked more rarely: the system lists all its sockets for it.
        if tick % 10 == 0 and not _is_held(server, port):
            return peak, passed
        if passed > patience_seconds:
            break
    return peak, None


def _is_held(server: psutil.Process, port: int) -> bool:
    """Say whether the server still holds a connection from this port of ours.

    Our end cannot tell: it would have to read what is on the way first.
    """
    return any(one.raddr and one.raddr.port == port for one in server.net_connections("tcp4"))


async def _send_at(rate: float, seconds: float, writers: Sequence[Writer]) -> None:
    started = time.monotonic()
    turns = itertools.cycle(writers)
    for number in range(int(rate * seconds)):
        due = started + number / rate
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        next(turns).send_stamped(due)


def _plain(number: int, one: dict[str, Any]) -> Any:
    if "hello" in one:
        given = one["path"], one["authorization"], one["hello"]
        if one.get("writes"):
            return partial(Talker, *given, one["conversation"], secrets.token_hex(8))
        return partial(Greeter, *given)
    if one.get("writes"):
        return partial(Writer, one["path"], one["authorization"], f"u{number:05}")
    return partial(Socket, one["path"], one["authorization"])


def _clocked(number: int, one: dict[str, Any], *, padding: int = 0) -> Any:
    def make() -> Socket:
        name = f"u{number:05}"
        is_clocked = number % CLOCKED_EVERY == 0
        if not (is_clocked or one.get("writes")):
            return Socket(one["path"], one["authorization"])
        kind = Clocked if is_clocked else Writer
        made = kind(one["path"], one["authorization"], name)
        made.frame = text_frame(message(name, padding=padding))
        return made

    return make


def _totals(opened: Sequence[Socket], writers: Sequence[Writer | Talker]) -> tuple[int, int]:
    return sum(one.frames for one in opened), sum(one.echoes for one in writers)


def _percentiles(clocked: Sequence[Clocked]) -> dict[str, float]:
    delays = sorted(delay * 1000 for one in clocked for delay in one.delays)
    if not delays:
        return {"p50": float("inf"), "p99": float("inf")}
    return {"p50": delays[len(delays) // 2], "p99": delays[int(len(delays) * 0.99)]}


class _CpuShare:
    """How much of one core a process used, its children included, while the block ran."""

    def __init__(self, pid: int | None = None) -> None:
        one = psutil.Process(pid)
        self._processes = [one, *one.children(recursive=True)]
        self.share = 0.0

    def __enter__(self) -> Self:
        self._started, self._before = time.monotonic(), self._used()
        return self

    def __exit__(self, *exc: object) -> None:
        self.share = (self._used() - self._before) / (time.monotonic() - self._started)

    def _used(self) -> float:
        times = [one.cpu_times() for one in self._processes]
        return float(sum(one.user + one.system for one in times))


def allow_many_files() -> None:
    """Raise this process's limit of open files to what the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
