"""Rate limits that hold under concurrency.

A limit is one number per key, kept by the generic cell rate algorithm: the
"theoretical arrival time", up to which the allowance is used up. Taking is one
atomic step (a lock in this process, a script in Redis), so a hundred parallel
requests spend exactly a hundred. With Redis every process shares the numbers;
while Redis is away each process counts for itself rather than refusing all.
"""

import logging
import threading
import time
from collections import OrderedDict
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
# Seconds; keeps float dust from refusing the last of a burst.
TOLERANCE = 1e-6


class Buckets(Protocol):
    """Where the arrival times are kept."""

    def take(self, key: str, rate: Rate, cost: int) -> float:
        """Spend ``cost`` and return 0, or spend nothing and return the wait in seconds."""

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
            wait = arrival - now - interval * rate.at_once
            if wait > TOLERANCE:
                return wait
            self._arrivals[key] = arrival
            self._arrivals.move_to_end(key)
            if len(self._arrivals) > self._capacity:
                self._arrivals.popitem(last=False)
        return 0

    def give_back(self, key: str, rate: Rate, cost: int) -> None:
        with self._lock:
            if key in self._arrivals:
                self._arrivals[key] -= rate.seconds / rate.count * cost


# KEYS[1] the bucket; ARGV: seconds per unit, burst, cost. Redis's own clock is
# used, so processes whose clocks differ still agree.
_TAKE = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local interval, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval * cost
local wait = arrival - now - interval * burst
if wait > 0.000001 then return tostring(wait) end
local lifetime = math.ceil((arrival - now) * 1000) + 1
redis.call('SET', KEYS[1], string.format('%.6f', arrival), 'PX', lifetime)
return '0'
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

    def take(self, key: str, rate: Rate, cost: int) -> float:
        interval = rate.seconds / rate.count
        try:
            return float(self._take(keys=[f"rate:{key}"], args=[interval, rate.at_once, cost]))
        except redis.RedisError:
            logger.warning("Redis is away: rate limits are counted per process meanwhile.")
            return self._local.take(key, rate, cost)

    def give_back(self, key: str, rate: Rate, cost: int) -> None:
        try:
            self._give_back(keys=[f"rate:{key}"], args=[rate.seconds / rate.count * cost])
        except redis.RedisError:
            self._local.give_back(key, rate, cost)


@lru_cache(maxsize=1)
def shared_buckets() -> Buckets:
    """Return the buckets that all processes of this instance share."""
    client = command_client()
    return RedisBuckets(client) if client else MemoryBuckets()


def take(scope: str, subject: str, rate: Rate, *, cost: int = 1) -> None:
    """Spend ``cost`` of what ``subject`` may do in ``scope``, or raise `TooMany`."""
    if not settings.RATE_LIMITS:
        return
    if wait := shared_buckets().take(f"{scope}:{subject}", rate, cost):
        raise TooMany(retry_after=wait)


def give_back(scope: str, subject: str, rate: Rate, *, cost: int = 1) -> None:
    """Undo a `take`, e.g. after a sign-in that did succeed."""
    if settings.RATE_LIMITS:
        shared_buckets().give_back(f"{scope}:{subject}", rate, cost)
