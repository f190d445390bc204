"""Notices an event loop that is held up: everybody's sockets wait on it."""

import asyncio
import faulthandler
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

logger = logging.getLogger(__name__)

BEAT_SECONDS = 0.1
# A person notices a fifth of a second.
SLOW_SECONDS = 0.2
# A loop that is held up so long is not waited for: the supervisor starts another process.
LOST_SECONDS = 5.0
LOOKS = 10
STATUS = 70


async def watch_loop() -> None:
    """Log whenever the loop answers late, and how late."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(BEAT_SECONDS)
        delay = time.monotonic() - before - BEAT_SECONDS
        if delay > SLOW_SECONDS:
            logger.warning("The event loop was held up for %.1f s.", delay)


def end_process() -> None:
    """End this process at once. What is not committed was not acknowledged."""
    logger.critical("The event loop was held up for %.0f s; this process ends.", LOST_SECONDS)
    faulthandler.dump_traceback(all_threads=True)
    os._exit(STATUS)


@asynccontextmanager
async def guarded_loop(
    *, seconds: float = LOST_SECONDS, end: Callable[[], None] = end_process
) -> AsyncIterator[None]:
    """Call ``end``, in a thread, once the running loop was held up for so many seconds.

    Only looks at which nothing had moved are counted: a process that was stopped
    altogether, or a machine that slept, is not a loop that hangs.
    """
    beats = 0
    is_over = threading.Event()

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(seconds / LOOKS / 2)

    def look() -> None:
        seen, still = -1, 0
        while not is_over.wait(seconds / LOOKS):
            still = still + 1 if beats == seen else 0
            seen = beats
            if still >= LOOKS:
                end()
                return

    beating = asyncio.create_task(beat())
    threading.Thread(target=look, name="watchdog", daemon=True).start()
    try:
        yield
    finally:
        is_over.set()
        beating.cancel()
