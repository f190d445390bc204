"""Whose announcements reach this process."""

import asyncio
from collections.abc import Callable, Collection

from snappio.realtime.broker import Broker
from snappio.realtime.presence.states import topic_of

TOPICS_AT_ONCE = 250


class Following:
    """Subscribes to the topics of members by a task, and then says whose.

    They are to be read after that: what changed before was announced to others only.
    """

    def __init__(self, broker: Broker, on_followed: Callable[[Collection[int]], None]) -> None:
        self._broker = broker
        self._on_followed = on_followed
        self._followed: set[int] = set()
        self._wanted: set[int] = set()
        self._wake = asyncio.Event()

    def add(self, user_ids: Collection[int]) -> None:
        """Follow these too, soon."""
        fresh = set(user_ids) - self._followed
        if fresh:
            self._wanted |= fresh
            self._wake.set()

    def keep_only(self, user_ids: Collection[int]) -> None:
        """Follow nobody else any more.

        For now and then: whoever reconnects wants to hear of the same members again.
        """
        gone = self._followed.difference(user_ids)
        self._followed -= gone
        self._broker.unsubscribe([topic_of(user_id) for user_id in gone])

    async def run(self) -> None:
        """Subscribe to what is wanted, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            wanted, self._wanted = list(self._wanted), set()
            for start in range(0, len(wanted), TOPICS_AT_ONCE):
                some = wanted[start : start + TOPICS_AT_ONCE]
                self._followed.update(some)
                await asyncio.gather(*(self._broker.subscribe(topic_of(each)) for each in some))
                self._on_followed(some)
