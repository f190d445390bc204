"""Sending everybody away before the process ends, so that not all come back at once."""

import asyncio
import random

from snappio.realtime.connections import Connection
from snappio.realtime.gateway import codes, open_sessions
from snappio.realtime.gateway.frames import Bye, encode
from snappio.realtime.protocol import text_frame

SLICES = 10
# Fewer than this are no crowd.
SLICE_SOCKETS = 50
PAUSE_SECONDS = 0.5
# Within this they come back, each at a moment of its own.
RETURN_MILLISECONDS = 10_000
# For the words of farewell to a reader who does not read.
PATIENCE_SECONDS = 2.0


async def drain() -> None:
    """Close all greeted sockets with 4001, slice by slice; takes at most five seconds."""
    leaving = list(open_sessions.connections())
    random.shuffle(leaving)
    size = max(SLICE_SOCKETS, -(-len(leaving) // SLICES))
    slices = [leaving[start : start + size] for start in range(0, len(leaving), size)]
    async with asyncio.TaskGroup() as farewells:
        for number, some in enumerate(slices):
            if number:
                await asyncio.sleep(PAUSE_SECONDS)
            for connection in some:
                farewells.create_task(_send_away(connection))


async def _send_away(connection: Connection) -> None:
    after = random.randrange(RETURN_MILLISECONDS)  # noqa: S311
    bye = Bye(code=codes.MAKES_ROOM, after=after)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await connection.outbox.send_patiently(text_frame(encode(bye)))
    except (TimeoutError, OSError):
        connection.outbox.abort()
        return
    await connection.closed(codes.MAKES_ROOM)
