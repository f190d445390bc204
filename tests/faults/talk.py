"""Saying and hearing on one socket, with a deadline on everything."""

import asyncio
import json

from websockets.asyncio.client import ClientConnection

# Positions are compared every five seconds; finding the gap takes a moment more.
LAST_HINT_SECONDS = 6.0


async def say(opened: ClientConnection, n: int, sender: str = "ann", **more: str) -> None:
    await opened.send(json.dumps({"message": {"sender": sender, "n": n, **more}}))


async def hear(opened: ClientConnection, *, seconds: float) -> int:
    """Return the number of the next message, which must come in time."""
    async with asyncio.timeout(seconds):
        return json.loads(await opened.recv())["message"]["n"]


async def hear_all(opened: ClientConnection, count: int, *, seconds: float) -> list[int]:
    async with asyncio.timeout(seconds):
        return [json.loads(await opened.recv())["message"]["n"] for _ in range(count)]


async def close_code(opened: ClientConnection, *, seconds: float) -> int | None:
    """Return the code that the server closes with, within this time."""
    async with asyncio.timeout(seconds):
        await opened.wait_closed()
    return opened.close_code
