"""Small words for tests of sockets."""

import asyncio
import json
import secrets
import time
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

# A refusal comes after a second; timers of two machines need not agree to the millisecond.
LATE_SECONDS = 0.9


def room_path(name: str | None = None) -> str:
    """Return the path of a room that no other test uses."""
    return f"/ws/rooms/{name or 'room-' + secrets.token_hex(6)}/"


async def say(socket: ClientConnection, value: Any) -> None:
    await socket.send(json.dumps({"message": value}))


async def hear(socket: ClientConnection, seconds: float = 5) -> Any:
    """Return the value of the next message."""
    return json.loads(await hear_text(socket, seconds))["message"]


async def hear_text(socket: ClientConnection, seconds: float = 5) -> str:
    async with asyncio.timeout(seconds):
        text = await socket.recv()
    assert isinstance(text, str)
    return text


async def hears_nothing(socket: ClientConnection, *, marker: ClientConnection) -> bool:
    """Say that nothing is under way to a socket.

    ``marker`` talks in the same conversation: what it says now comes after all else.
    """
    word = secrets.token_hex(8)
    await say(marker, word)
    return await hear(socket) == word


async def close_code(socket: ClientConnection, seconds: float = 10) -> int:
    """Wait until the server closes, and return its code."""
    async with asyncio.timeout(seconds):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


async def refusal(opening: Any) -> tuple[int, float]:
    """Return the status that a handshake is refused with, and after how many seconds."""
    started = time.monotonic()
    try:
        async with opening:
            return httpx.codes.SWITCHING_PROTOCOLS, time.monotonic() - started
    except InvalidStatus as refused:
        return refused.response.status_code, time.monotonic() - started


async def is_refused_late(opening: Any) -> bool:
    status, seconds = await refusal(opening)
    assert status == httpx.codes.FORBIDDEN, status
    return seconds >= LATE_SECONDS
