"""Questions that are answered together: each its own answer, and nobody waits for company."""

import asyncio
import threading

import pytest
from django.db import OperationalError

from snappio.core.errors import NotAuthenticated
from snappio.realtime.gathering import BATCHES_AT_ONCE, Gathering


class Oracle:
    """Doubles numbers; the first batches wait until they may."""

    def __init__(self):
        self.batches = []
        self.began = threading.Semaphore(0)
        self.may = threading.Event()
        self.may.set()

    def __call__(self, numbers):
        self.batches.append(list(numbers))
        self.began.release()
        assert self.may.wait(10)
        if "poison" in numbers:
            raise ValueError
        if "away" in numbers:
            raise OperationalError
        return [NotAuthenticated() if number is None else 2 * number for number in numbers]


@pytest.fixture
def oracle():
    return Oracle()


async def asked(gathering, *items, **more):
    return await asyncio.gather(
        *(gathering.ask(item, **more) for item in items), return_exceptions=True
    )


async def test_one_alone_is_answered_at_once(oracle):
    assert await Gathering(oracle, most=10).ask(21) == 42


async def test_who_comes_meanwhile_is_answered_together_and_each_the_own(oracle):
    oracle.may.clear()
    gathering = Gathering(oracle, most=100)
    asking = asyncio.create_task(asked(gathering, *range(50)))
    await asyncio.to_thread(oracle.began.acquire)
    late = asyncio.create_task(asked(gathering, *range(50, 100)))
    await asyncio.sleep(0)
    oracle.may.set()

    assert await asking + await late == [2 * number for number in range(100)]
    assert len(oracle.batches) <= 1 + BATCHES_AT_ONCE


async def test_no_batch_is_heavier_than_allowed_but_of_one(oracle):
    gathering = Gathering(oracle, most=10)

    await asyncio.gather(*(gathering.ask(number, weight=4) for number in range(5)))
    assert max(map(len, oracle.batches)) == 2
    assert await gathering.ask(5, weight=11) == 10


async def test_a_refusal_is_for_the_one_who_asked(oracle):
    one, refused, two = await asked(Gathering(oracle, most=10), 1, None, 2)

    assert (one, two) == (2, 4)
    assert isinstance(refused, NotAuthenticated)


async def test_what_fails_for_one_does_not_fail_for_the_others(oracle):
    one, failed, two = await asked(Gathering(oracle, most=10), 1, "poison", 2)

    assert (one, two) == (2, 4)
    assert isinstance(failed, ValueError)


async def test_while_the_database_is_away_all_hear_it_after_one_try(oracle):
    gathering = Gathering(oracle, most=10)

    answers = await asked(gathering, 1, "away", 2)

    assert all(isinstance(answer, OperationalError) for answer in answers)
    assert len([batch for batch in oracle.batches if len(batch) == 1]) == 0
    assert await gathering.ask(1) == 2


async def test_who_gave_up_is_not_asked_for(oracle):
    oracle.may.clear()
    gathering = Gathering(oracle, most=1)
    busy = asyncio.create_task(asked(gathering, *range(BATCHES_AT_ONCE)))
    for _ in range(BATCHES_AT_ONCE):
        await asyncio.to_thread(oracle.began.acquire)
    gone = asyncio.create_task(gathering.ask(7))
    await asyncio.sleep(0)
    gone.cancel()
    oracle.may.set()

    assert await busy == [0, 2]
    assert await gathering.ask(8) == 16
    assert [7] not in oracle.batches
