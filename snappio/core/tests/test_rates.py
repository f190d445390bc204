"""Rate limits count right, alone and together."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from snappio.core import rates
from snappio.core.errors import TooMany
from snappio.core.limits import Rate
from snappio.core.rates import Allowance, MemoryBuckets, RedisBuckets

RATE = Rate(10, 60)


def taken(_: object) -> bool:
    try:
        rates.take("test", "alice", RATE)
    except TooMany:
        return False
    return True


def test_tells_what_is_left(rate_limits):
    assert rates.take("test", "alice", RATE) == Allowance(10, remaining=9, reset_after=6)
    assert rates.take("test", "alice", RATE, cost=4) == Allowance(10, remaining=5, reset_after=30)
    assert rates.take("test", "alice", RATE, cost=5) == Allowance(10, remaining=0, reset_after=60)


def test_refuses_what_does_not_fit_and_says_when_it_will(rate_limits):
    rates.take("test", "alice", RATE, cost=10)

    with pytest.raises(TooMany) as refusal:
        rates.take("test", "alice", RATE)

    assert 5 < refusal.value.retry_after <= 6


def test_counts_subjects_and_scopes_apart(rate_limits):
    rates.take("test", "alice", RATE, cost=10)

    assert rates.take("test", "bob", RATE) is not None
    assert rates.take("other", "alice", RATE) is not None


def test_gives_back(rate_limits):
    rates.take("test", "alice", RATE, cost=10)
    rates.give_back("test", "alice", RATE, cost=3)

    assert [taken(n) for n in range(4)] == [True, True, True, False]


def test_giving_back_twice_earns_nothing(rate_limits):
    for _ in range(5):
        rates.give_back("test", "alice", RATE)

    assert sum(taken(n) for n in range(20)) == 10


def test_allows_the_burst_then_the_rate(rate_limits):
    rate = Rate(5, 1, burst=20)

    allowance = rates.take("test", "alice", rate, cost=20)

    assert allowance == Allowance(20, remaining=0, reset_after=4)


def test_a_hundred_threads_spend_exactly_the_limit(rate_limits):
    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(taken, range(100))) == 10


def test_counts_nothing_while_limits_are_off(settings):
    settings.RATE_LIMITS = False

    assert [rates.take("test", "alice", Rate(1, 60)) for _ in range(3)] == [None] * 3


def test_memory_stays_bounded():
    buckets = MemoryBuckets(capacity=10)

    for n in range(1000):
        buckets.take(f"key{n}", RATE, 1)

    assert len(buckets._arrivals) == 10


def test_counts_by_itself_while_redis_is_away(caplog):
    nobody = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    buckets = RedisBuckets(nobody)

    used = [buckets.take("alice", RATE, 1) for _ in range(11)]

    assert used[9] == pytest.approx(60, abs=1)
    assert used[10] > 60
    # It asked once, not eleven times.
    assert len(caplog.records) == 1
