"""Notices an event loop that is held up: everybody's sockets wait on it."""

import asyncio
import logging
import time

logger = logging.getLogger(__name__)

BEAT_SECONDS = 0.1
# A person notices a fifth of a second.
SLOW_SECONDS = 0.2


async def watch_loop() -> None:
    """Log whenever the loop answers late, and how late."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(BEAT_SECONDS)
        delay = time.monotonic() - before - BEAT_SECONDS
        if delay > SLOW_SECONDS:
            logger.warning("The event loop was held up for %.1f s.", delay)
