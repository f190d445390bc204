"""The lanes that messages of open sockets are stored in."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache

from snappio.chat.models import Message
from snappio.chat.services.messages import Draft, Outcome, append_messages
from snappio.realtime.lanes import Lanes

# A second lane would halve the batches and store a third less with the same
# processor: what a batch costs hardly depends on its size.
LANES = 1


@lru_cache(maxsize=1)
def _lanes() -> Lanes[Draft, Message]:
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
