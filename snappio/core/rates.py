"""Rate limits that hold under concurrency.

A limit is one number per key, kept by the generic cell rate algorithm: the
"theoretical arrival time", up to which the allowance is used up. Taking is one
atomic step (a lock in this process, a script in Redis), so a hundred parallel
requests spend exactly a hundred. With Redis every process shares the numbers;
while Redis is away each process counts for itself rather than refusing all.
"""

import logging
import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import redis
from django.conf import settings

from snappio.core.errors import TooMany
from snappio.core.limits import Rate
from snappio.core.redis import command_client

logger = logging.getLogger(__name__)

# Enough for every address that a busy minute brings; about 15 MiB when full.
MEMORY_KEYS = 100_000
# After a failure Redis is left alone this long, so that not every request waits for it.
REDIS_PAUSE_SECONDS = 1.0
# Seconds; keeps float dust from refusing the last of a burst.
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left after a `take`; ``reset_after`` is the seconds until all of it is back."""

    limit: int
    remaining: int
    reset_after: int


class Buckets(Protocol):
    """Where the arrival times are kept."""

    def take(self, key: str, rate: Rate, cost: int) -> float:
        """Spend ``cost`` if it fits, and return how many seconds of allowance are then used up.

        More than `_capacity_of(rate)` means that it did not fit and nothing was spent.
        """

    def give_back(self, key: str, rate: Rate, cost: int) -> None:
        """Undo a `take` that turned out not to count."""


class MemoryBuckets:
    """Arrival times in this process; the longest untouched keys go first when it is full."""

    def __init__(self, capacity: int = MEMORY_KEYS) -> None:
        self._arrivals: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()
        self._capacity = capacity

    def take(self, key: str, rate: Rate, cost: int) -> float:
        now = time.monotonic()
        interval = rate.seconds / rate.count
        with self._lock:
            arrival = max(self._arrivals.get(key, now), now) + interval * cost
            used = arrival - now
            if used > _capacity_of(rate):
                return used
            self._arrivals[key] = arrival
            self._arrivals.move_to_end(key)
            if len(self._arrivals) > self._capacity:
                self._arrivals.popitem(last=False)
        return used

    def wait(self, key: str, rate: Rate) -> float:
        """Spend one and return 0, or spend nothing and return the seconds until it fits."""
        return max(0.0, self.take(key, rate, 1) - _capacity_of(rate))

    def give_back(self, key: str, rate: Rate, cost: int) -> None:
        with self._lock:
            if key in self._arrivals:
                self._arrivals[key] -= rate.seconds / rate.count * cost


# KEYS[1] the bucket; ARGV: seconds to add, capacity in seconds. Redis's own clock is
# used, so processes whose clocks differ still agree.
_TAKE = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + tonumber(ARGV[1])
local used = arrival - now
if used <= tonumber(ARGV[2]) then
  local lifetime = math.ceil(used * 1000) + 1
  redis.call('SET', KEYS[1], string.format('%.6f', arrival), 'PX', lifetime)
end
return string.format('%.6f', used)
"""
_GIVE_BACK = """
local arrival = redis.call('GET', KEYS[1])
if arrival then
  redis.call('SET', KEYS[1], string.format('%.6f', arrival - ARGV[1]), 'KEEPTTL')
end
return '0'
"""


class RedisBuckets:
    """Arrival times in Redis, shared by all processes."""

    def __init__(self, client: "redis.Redis") -> None:
        self._take = client.register_script(_TAKE)
        self._give_back = client.register_script(_GIVE_BACK)
        self._local = MemoryBuckets()
        self._away_until = 0.0

    def take(self, key: str, rate: Rate, cost: int) -> float:
        if time.monotonic() >= self._away_until:
            seconds = rate.seconds / rate.count * cost
            try:
                return float(self._take(keys=[f"rate:{key}"], args=[seconds, _capacity_of(rate)]))
            except redis.RedisError:
                self._pause()
        return self._local.take(key, rate, cost)

    def give_back(self, key: str, rate: Rate, cost: int) -> None:
        if time.monotonic() >= self._away_until:
            try:
                self._give_back(keys=[f"rate:{key}"], args=[rate.seconds / rate.count * cost])
            except redis.RedisError:
                self._pause()
            else:
                return
        self._local.give_back(key, rate, cost)

    def _pause(self) -> None:
        logger.warning("Redis is away: rate limits are counted per process meanwhile.")
        self._away_until = time.monotonic() + REDIS_PAUSE_SECONDS


@lru_cache(maxsize=1)
def shared_buckets() -> Buckets:
    """Return the buckets that all processes of this instance share."""
    client = command_client()
    return RedisBuckets(client) if client else MemoryBuckets()


def take(scope: str, subject: str, rate: Rate, *, cost: int = 1) -> Allowance | None:
    """Spend ``cost`` of what ``subject`` may do in ``scope``, or raise `TooMany`.

    Returns what is left, or None while limits are off.
    """
    if not settings.RATE_LIMITS:
        return None
    used = shared_buckets().take(f"{scope}:{subject}", rate, cost)
    left = _capacity_of(rate) - used
    if left < 0:
        raise TooMany(retry_after=-left)
    remaining = math.floor(left / rate.seconds * rate.count)
    return Allowance(limit=rate.at_once, remaining=remaining, reset_after=math.ceil(used))


def _capacity_of(rate: Rate) -> float:
    return rate.seconds / rate.count * rate.at_once + TOLERANCE


def give_back(scope: str, subject: str, rate: Rate, *, cost: int = 1) -> None:
    """Undo a `take`, e.g. after a sign-in that did succeed."""
    if settings.RATE_LIMITS:
        shared_buckets().give_back(f"{scope}:{subject}", rate, cost)
