"""A lane outlives whatever one item does to its store."""

import asyncio
from collections.abc import Sequence

from django.db import OperationalError

from snappio.core.errors import DomainError, Unavailable
from snappio.realtime.lanes import Lane

Outcomes = dict[str, str | DomainError]


async def stored_by(lane: Lane[str, str], items: Sequence[str]) -> Outcomes:
    outcomes: Outcomes = {}
    done = asyncio.Event()

    def tell(item: str, outcome: str | DomainError) -> None:
        outcomes[item] = outcome
        if len(outcomes) == len(items):
            done.set()

    for item in items:
        lane.put("key", item, lambda outcome, item=item: tell(item, outcome))
    lane.start()
    async with asyncio.timeout(5):
        await done.wait()
    await asyncio.to_thread(lane.stop)
    return outcomes


async def test_f16_an_item_that_no_store_can_take_costs_the_others_nothing():
    def store(items: Sequence[str], /, *, is_retry: bool) -> Sequence[str]:
        if "poison" in items:
            raise ValueError("poison")
        return [f"{item} stored" for item in items]

    outcomes = await stored_by(Lane("test", store), ["one", "poison", "two"])

    assert isinstance(outcomes.pop("poison"), Unavailable)
    assert outcomes == {"one": "one stored", "two": "two stored"}


async def test_f16_a_batch_that_may_have_been_committed_stays_a_retry_when_it_is_taken_apart():
    tries: list[tuple[tuple[str, ...], bool]] = []

    def store(items: Sequence[str], /, *, is_retry: bool) -> Sequence[str]:
        tries.append((tuple(items), is_retry))
        if len(tries) == 1:
            raise OperationalError("the connection was lost at the commit")
        if len(tries) == 2:
            raise ValueError("something else")
        return list(items)

    await stored_by(Lane("test", store), ["one", "two"])

    assert tries == [
        (("one", "two"), False),
        (("one", "two"), True),
        (("one",), True),
        (("two",), True),
    ]
