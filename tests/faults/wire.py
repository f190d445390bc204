"""The wire between the processes and Redis, which may lose, double and swap what is published.

It listens on a port of its own and carries everything to Redis and back. What Redis
pushes to its subscribers it knows by its form (RESP 2 and 3), and treats as told;
answers to commands pass untouched.
"""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from tests.services import free_port

# So long something lies that is to come after what follows it: shorter and longer than
# the 40 ms that hubs wait for it.
HELD_SECONDS = (0.005, 0.12)
READ_BYTES = 65_536


class Wire:
    """A context manager; runs in a thread of its own.

    ``dropped``, ``doubled`` and ``swapped`` are the shares, from 0 to 1, of what is
    published that this happens to.
    """

    def __init__(self, redis_port: int) -> None:
        self.port = free_port()
        self.dropped = self.doubled = self.swapped = 0.0
        # How much has happened, so that a test can tell that anything did.
        self.done = 0
        self._redis_port = redis_port
        self._dice = random.Random(0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._ends: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(5)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @contextmanager
    def faulty(
        self, *, dropped: float = 0.0, doubled: float = 0.0, swapped: float = 0.0, seed: int = 0
    ) -> Iterator[None]:
        """Treat what is published like this for as long as the block lasts."""
        self._dice = random.Random(seed)
        self.dropped, self.doubled, self.swapped = dropped, doubled, swapped
        try:
            yield
        finally:
            self.dropped = self.doubled = self.swapped = 0.0

    async def _close(self) -> None:
        self._server.close()
        for end in tuple(self._ends):
            end.transport.abort()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=2)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._redis_port)
        except OSError:
            # As if nobody listened.
            writer.transport.abort()
            self._ends.discard(writer)
            return
        self._ends.add(far_writer)
        ways = [
            asyncio.ensure_future(_copy(reader, far_writer)),
            asyncio.ensure_future(self._answers(far_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for end in (writer, far_writer):
                end.transport.abort()
                self._ends.discard(end)

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                frame = await _frame(reader)
                if _is_message(frame):
                    self._push(frame, writer)
                else:
                    writer.write(frame)
                await writer.drain()

    def _push(self, frame: bytes, writer: asyncio.StreamWriter) -> None:
        chance = self._dice.random()
        if chance >= self.dropped + self.doubled + self.swapped:
            writer.write(frame)
            return
        self.done += 1
        if chance < self.dropped:
            return
        if chance < self.dropped + self.doubled:
            writer.write(frame)
        # Once more, or only now: behind what has come meanwhile.
        self._loop.call_later(self._dice.uniform(*HELD_SECONDS), _write, writer, frame)


def _write(writer: asyncio.StreamWriter, frame: bytes) -> None:
    if not writer.is_closing():
        writer.write(frame)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(READ_BYTES):
            writer.write(data)
            await writer.drain()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """Read one whole value of the protocol."""
    line = await reader.readuntil(b"\r\n")
    kind, rest = line[:1], line[1:-2]
    if kind in b"$=!" and int(rest) >= 0:
        return line + await reader.readexactly(int(rest) + 2)
    if kind in b"*~>%|":
        count = max(int(rest), 0) * (2 if kind in b"%|" else 1)
        return line + b"".join([await _frame(reader) for _ in range(count)])
    return line


def _is_message(frame: bytes) -> bool:
    return frame[:1] in b"*>" and frame[2:].startswith(b"\r\n$7\r\nmessage\r\n")
