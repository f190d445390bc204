"""The outbox, on a real connection whose other end reads or does not."""

import asyncio
from types import SimpleNamespace

import pytest

from snappio.realtime.protocol import BUSY_BYTES, UNREAD_BYTES, Outbox


class Wire:
    """A connection to ourselves: an outbox on one end, a reader on the other."""

    async def __aenter__(self):
        made = asyncio.get_running_loop().create_future()

        class Server(asyncio.Protocol):
            def connection_made(self, transport):
                made.set_result(transport)

        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(Server, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        self.transport = await made
        writable = asyncio.Event()
        writable.set()
        # What uvicorn keeps of a connection, as far as an outbox looks at it.
        protocol = SimpleNamespace(
            transport=self.transport, close_sent=False, disconnected=False, writable=writable
        )
        self.outbox = Outbox(protocol)
        return self

    async def __aexit__(self, *_):
        self.transport.abort()
        self.writer.transport.abort()
        self.server.close()

    def fill(self, least):
        """Write until so much lies unread."""
        while self.transport.get_write_buffer_size() <= least:
            self.outbox.send(b"." * 10_000)

    async def read(self, count):
        async with asyncio.timeout(5):
            return await self.reader.readexactly(count)


@pytest.fixture
async def wire():
    async with Wire() as opened:
        yield opened


async def test_what_may_be_lost_is_left_out_while_much_lies_unread(wire):
    wire.outbox.send_if_idle(b"told")
    assert await wire.read(4) == b"told"

    wire.fill(BUSY_BYTES)
    unread = wire.transport.get_write_buffer_size()
    wire.outbox.send_if_idle(b"lost")
    assert wire.transport.get_write_buffer_size() == unread
    wire.outbox.send(b"kept")
    assert wire.transport.get_write_buffer_size() == unread + 4


async def test_a_megabyte_unread_cuts_the_reader_off(wire):
    while not wire.transport.is_closing():
        wire.outbox.send(b"." * 100_000)
    assert wire.transport.get_write_buffer_size() <= UNREAD_BYTES + 100_000


async def test_what_is_held_follows_what_is_caught_up(wire):
    wire.outbox.hold()
    wire.outbox.send(b"3")
    wire.outbox.send_if_idle(b"lost")
    await wire.outbox.send_patiently(b"1")
    with wire.outbox.held_back():
        wire.outbox.send(b"4")
        await wire.outbox.send_patiently(b"2")
    # The other hold lasts.
    wire.outbox.send(b"5")
    wire.outbox.release()
    wire.outbox.send(b"6")

    assert await wire.read(6) == b"123456"


async def test_holding_a_megabyte_cuts_the_reader_off(wire):
    wire.outbox.hold()
    for _ in range(UNREAD_BYTES // 100_000 + 1):
        wire.outbox.send(b"." * 100_000)
    assert wire.transport.is_closing()
    with pytest.raises(ConnectionError):
        await wire.outbox.send_patiently(b"late")
    wire.outbox.release()
