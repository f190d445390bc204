"""The lanes that messages of open sockets are stored in."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache

from snappio.chat.services.drafts import Draft
from snappio.chat.services.messages import Outcome, Stored, append_messages
from snappio.core.rates import MemoryBuckets
from snappio.realtime.lanes import Lanes

# A second lane would halve the batches and store a third less with the same
# processor: what a batch costs hardly depends on its size.
LANES = 1

# Rates of sockets are counted in this process: no round trip for each message.
message_rates = MemoryBuckets()


@lru_cache(maxsize=1)
def _lanes() -> Lanes[Draft, Stored]:
    return Lanes("chat", append_messages, count=LANES)


@asynccontextmanager
async def running_lanes() -> AsyncIterator[None]:
    """Run the lanes; on leaving, what is queued is stored first."""
    _lanes().start()
    try:
        yield
    finally:
        await _lanes().stop()


async def queue_message(draft: Draft, tell: Callable[[Outcome], None]) -> None:
    """Queue a draft, once there is room for it; ``tell`` hears what became of it."""
    key = str(draft.key)
    lane = _lanes().lane_of(key)
    await lane.has_room(key)
    lane.put(key, draft, tell)
