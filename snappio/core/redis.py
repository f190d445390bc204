"""The connection to Redis for commands; sockets keep one of their own for subscriptions."""

from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

# A request must not hang on a Redis that does not answer: what Redis holds is
# never the truth, so giving up early is safe.
TIMEOUT_SECONDS = 0.5


@lru_cache(maxsize=1)
def command_client() -> "redis.Redis | None":
    """Return this process's client, or None without ``REDIS_URL``."""
    if not settings.REDIS_URL:
        return None
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        # Once, for a connection that went stale; by default redis-py tries for seconds.
        retry=Retry(NoBackoff(), 1),
    )
