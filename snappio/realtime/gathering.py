"""Questions that wait together are answered together: one trip for many sockets.

While the database answers some, others come, and those are the next batch; who comes
alone waits for nobody. Thousands who come back at once cost a few dozen trips.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from snappio.core.errors import DomainError
from snappio.realtime.database import AWAY, in_database

Item = TypeVar("Item")
Answer = TypeVar("Answer")

# While the database works on one batch, Python works on the other.
BATCHES_AT_ONCE = 2


@dataclass(slots=True)
class _Asked(Generic[Item, Answer]):
    item: Item
    weight: int
    answer: "asyncio.Future[Answer]"


class Gathering(Generic[Item, Answer]):
    """Asks ``answer`` for many items at a time, in database threads.

    It returns, in the order of the items, what each asked for, or the refusal that is
    raised to that one alone; it may be run twice. ``most`` is the weight that a batch
    does not exceed, unless it is of one item.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Item]], Sequence[Answer | DomainError]],
        *,
        most: int,
    ) -> None:
        self._answer = answer
        self._most = most
        self._waiting: deque[_Asked[Item, Answer]] = deque()
        self._busy = 0
        # The loop itself would not keep them.
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, item: Item, *, weight: int = 1) -> Answer:
        """Return what ``answer`` has for the item, or raise what it gave or raised.

        While the database is away, that is one of `database.AWAY`.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        asked = _Asked(item, weight, future)
        self._waiting.append(asked)
        if self._busy < BATCHES_AT_ONCE:
            self._busy += 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await asked.answer

    async def _work(self) -> None:
        try:
            while batch := self._take():
                await self._give(batch)
        finally:
            # At once: whoever asks in the next moment needs somebody who works.
            self._busy -= 1

    def _take(self) -> list[_Asked[Item, Answer]]:
        batch: list[_Asked[Item, Answer]] = []
        room = self._most
        while self._waiting and (not batch or self._waiting[0].weight <= room):
            asked = self._waiting.popleft()
            # Whoever gave up needs no answer.
            if not asked.answer.done():
                batch.append(asked)
                room -= asked.weight
        return batch

    async def _give(self, batch: Sequence[_Asked[Item, Answer]]) -> None:
        try:
            answers = await in_database(self._answer, [asked.item for asked in batch])
        except Exception as error:  # noqa: BLE001 -- whoever asked gets it
            if len(batch) > 1 and not isinstance(error, AWAY):
                # What fails for one must not fail for the others.
                for asked in batch:
                    await self._give([asked])
                return
            for asked in batch:
                _tell(asked, error)
            return
        for asked, answer in zip(batch, answers, strict=True):
            _tell(asked, answer)


def _tell(asked: _Asked[Item, Answer], answer: Answer | Exception) -> None:
    if asked.answer.done():
        return
    if isinstance(answer, Exception):
        asked.answer.set_exception(answer)
    else:
        asked.answer.set_result(answer)
