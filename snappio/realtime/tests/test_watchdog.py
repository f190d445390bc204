"""The watchdog: a loop that hangs ends the process, one that was only slow does not."""

import asyncio
import threading
import time

from snappio.realtime.watchdog import guarded_loop


async def test_a_loop_that_hangs_is_noticed_from_outside():
    ended = threading.Event()
    async with guarded_loop(seconds=0.2, end=ended.set):
        await asyncio.sleep(0.05)
        time.sleep(1)  # noqa: ASYNC251 -- holds the loop up, as it must not be
        assert ended.is_set()


async def test_a_loop_that_goes_on_is_left_alone():
    ended = threading.Event()
    async with guarded_loop(seconds=0.2, end=ended.set):
        await asyncio.sleep(0.6)
    assert not ended.is_set()
