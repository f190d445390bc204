"""Clients that speak the protocol wrongly: the code of the standard, a clean log, and no harm."""

import asyncio

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.sockets.listening import hear, room_path, say
from tests.sockets.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Wire,
    bearer,
    frame,
    handshake,
    text,
)

KIB = 1024

CODES = {
    "unmasked": (text('{"message": 1}', masked=False), 1002),
    "reserved bit 1": (text('{"message": 1}', reserved=4), 1002),
    "reserved bit 2": (text('{"message": 1}', reserved=2), 1002),
    "reserved bit 3": (text('{"message": 1}', reserved=1), 1002),
    "reserved opcode": (frame(3), 1002),
    "reserved control opcode": (frame(11), 1002),
    "ping of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "fragmented ping": (frame(PING, b"x", fin=False), 1002),
    "continuation of nothing": (frame(CONTINUATION, b"x"), 1002),
    "text inside a text": (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), 1002),
    "binary inside a text": (frame(TEXT, b"x", fin=False) + frame(BINARY, b"y"), 1002),
    "1 GiB announced": (frame(TEXT, b"x", length=1 << 30), 1009),
    "2^63 announced": (frame(TEXT, b"x", length=1 << 63), 1009),
    "invalid UTF-8": (frame(TEXT, b'{"message": "\xff"}'), 1007),
    "half a character": (frame(TEXT, "é".encode()[:1]), 1007),
    "surrogate in UTF-8": (frame(TEXT, b'{"message": "\xed\xa0\x80"}'), 1007),
    "invalid UTF-8 in fragments": (
        frame(TEXT, "é".encode()[:1], fin=False) + frame(CONTINUATION, b"x"),
        1007,
    ),
    "10⁶ empty fragments": (
        frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * 1_000_000,
        1009,
    ),
    "flood of pings": (frame(PING, b"x") * 20_000, 1008),
    "flood of pongs": (frame(PONG, b"x") * 20_000, 1008),
    "close without a code": (frame(CLOSE), 1005),
    "close with 1000": (frame(CLOSE, b"\x03\xe8bye"), 1000),
    "close with 4999": (frame(CLOSE, b"\x13\x87"), 4999),
    "close with 0": (frame(CLOSE, b"\x00\x00"), 1002),
    "close with 999": (frame(CLOSE, b"\x03\xe7"), 1002),
    "close with 1005": (frame(CLOSE, b"\x03\xed"), 1002),
    "close with 2999": (frame(CLOSE, b"\x0b\xb7"), 1002),
    "close with 5000": (frame(CLOSE, b"\x13\x88"), 1002),
    "close with one byte": (frame(CLOSE, b"\x03"), 1002),
    "close with a bad reason": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "close with 200 bytes": (frame(CLOSE, b"\x03\xe8" + b"x" * 200), 1002),
}


@pytest.mark.parametrize("name", CODES)
async def test_closes_with_the_code_of_the_standard(house, name):
    sent, code = CODES[name]
    path = room_path()
    async with Wire(house.ws) as wire, connect(house.ws + path, proxy=None) as other:
        assert await wire.open(path) == 101

        wire.write(sent)

        assert await wire.close_code(20) == code
        await say(other, "unharmed")
        assert await hear(other) == "unharmed"


async def test_answers_pings_one_by_one(house):
    async with Wire(house.ws) as wire:
        assert await wire.open(room_path()) == 101
        for payload in (b"", b"x", b"y" * 125):
            wire.write(frame(PING, payload))
            assert await wire.read_frame() == (PONG, payload)


async def test_client_may_cut_the_line_in_the_middle_of_a_message(house):
    path = room_path()
    for half in (frame(TEXT, b"x", fin=False), frame(TEXT, b"x", length=1000), b"\x81"):
        async with Wire(house.ws) as wire:
            assert await wire.open(path) == 101
            wire.write(half)

    async with connect(house.ws + path, proxy=None) as other:
        await say(other, "unharmed")
        assert await hear(other) == "unharmed"


async def test_message_may_come_byte_by_byte(house):
    async with Wire(house.ws) as wire:
        assert await wire.open(room_path()) == 101
        for byte in text('{"message": "slow"}'):
            wire.write(bytes([byte]))
            await asyncio.sleep(0)
        assert await wire.read_text() == '{"message": "slow"}'


@pytest.mark.parametrize(
    "early",
    [
        frame(PING, b"x"),
        frame(CLOSE, b"\x03\xe8"),
        text('{"message": 1}', masked=False),
        frame(TEXT, b"x", length=1 << 30),
        frame(TEXT, b"\xff"),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["ping", "close", "unmasked", "too large", "no UTF-8", "a request"],
)
async def test_bytes_before_the_refusal_do_no_harm(house, early):
    async with Wire(house.ws) as wire:
        wire.write(handshake("/ws/user/nobody/", wire.host))
        await asyncio.sleep(0.1)
        wire.write(early)
        rest = await asyncio.wait_for(wire.reader.read(), 10)
    assert b"101 Switching" not in rest


BAD_HANDSHAKES = {
    "wrong version": (
        {"without": ["Sec-WebSocket-Version"]},
        [("Sec-WebSocket-Version", "8")],
        400,
    ),
    "no version": ({"without": ["Sec-WebSocket-Version"]}, [], 400),
    "no key": ({"without": ["Sec-WebSocket-Key"]}, [], 400),
    "bad key": ({"without": ["Sec-WebSocket-Key"]}, [("Sec-WebSocket-Key", "x")], 400),
    "two keys": ({}, [("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")], 400),
    "100 KB header": ({}, [("X-Long", "x" * 100 * KIB)], 431),
    "1,000 headers": ({}, [(f"X-{number}", "x") for number in range(1000)], 431),
    "NUL in a header": ({}, [("X-Bad", "a\0b")], 400),
    "folded header": ({}, [("X-Bad", "a\r\n b")], 400),
}


@pytest.mark.parametrize("name", BAD_HANDSHAKES)
async def test_answers_a_bad_handshake_with_4xx(house, name):
    options, headers, status = BAD_HANDSHAKES[name]
    async with Wire(house.ws) as wire:
        assert await wire.open(room_path(), *headers, **options) == status


async def test_plain_request_to_a_socket_is_not_found(house):
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(house.ws.replace("ws:", "http:") + "/ws/rooms/x/")
    assert answer.status_code == 404


async def test_half_a_handshake_holds_up_nobody(house):
    async with Wire(house.ws) as half:
        half.write(handshake(room_path(), half.host)[:-2])
        async with connect(house.ws + room_path(), proxy=None) as other:
            await say(other, "unharmed")
            assert await hear(other) == "unharmed"
        # And it may still be finished.
        half.write(b"\r\n")
        assert await half.answer() == 101


async def test_offers_of_extensions_and_subprotocols_are_passed_over(house, alice):
    headers = [
        ("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=99, x-webkit"),
        ("Sec-WebSocket-Protocol", "graphql-ws, bearer"),
    ]
    async with Wire(house.ws) as wire:
        assert await wire.open(room_path(), bearer(alice), *headers) == 101
        assert "sec-websocket-extensions" not in wire.headers
        assert "sec-websocket-protocol" not in wire.headers


async def test_reader_that_never_reads_is_cut_off_and_holds_up_nobody(house, alice):
    path = room_path()
    async with Wire(house.ws) as stalled, alice.open_socket(path, max_size=None) as a:
        assert await stalled.open(path) == 101
        stalled.writer.transport.pause_reading()
        big = "x" * 60_000
        # A few MiB fit into the system's own buffers before any lies with us.
        for _ in range(200):
            await say(a, big)
            assert await hear(a) == big

        stalled.writer.transport.resume_reading()
        assert await stalled.close_code(20) is None
