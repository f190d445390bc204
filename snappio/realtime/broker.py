"""What carries hints between processes: memory in one process, Redis PUB/SUB in a fleet.

A broker promises nothing: a hint may be lost, doubled or late. The hub that
listens notices from the revisions and reads what is missing from the database.

`publish` may be called from any thread, never blocks and never raises. What one
call publishes reaches this process's own listener as one batch, and once: what has
no revision could not be known when it came again.
"""

import asyncio
import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from snappio.core.redis import TIMEOUT_SECONDS

logger = logging.getLogger(__name__)

Hint = tuple[str, bytes]
Listener = Callable[[Sequence[Hint]], None]

# Beyond this many unsent hints the oldest go: Redis is away or far behind, and
# listeners will read the database anyway.
UNSENT_HINTS = 10_000
HINTS_PER_TRIP = 512
# An idle subscription says nothing; a ping this often tells silence from death.
PING_SECONDS = 5
RECONNECT_SECONDS = 0.25
CONNECT_SECONDS = 2.0
CONFIRM_SECONDS = 1.0
# Of the name of a process, which goes before each payload in Redis.
NAME_BYTES = 8


class Broker(Protocol):
    """Carries hints; see the module's text for what it does not promise."""

    @property
    def is_connected(self) -> bool:
        """Whether hints of other processes reach us now."""

    def publish(self, hints: Sequence[Hint]) -> None:
        """Tell everybody who listens to these channels."""

    async def start(self, listener: Listener, on_change: Callable[[], None]) -> None:
        """Begin to listen in the running loop; ``on_change`` follows every connection and loss."""

    async def subscribe(self, *channels: str) -> None:
        """Listen to channels; returns once hints published from now on will come, if connected."""

    def unsubscribe(self, channels: Iterable[str]) -> None:
        """Stop listening."""

    async def stop(self) -> None:
        """Send what is unsent and stop."""


class MemoryBroker:
    """For one process that does everything."""

    is_connected = True

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: Listener | None = None

    def publish(self, hints: Sequence[Hint]) -> None:
        if self._loop is not None and self._listener is not None:
            # The loop may be closing while a request still ends.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._listener, hints)

    async def start(self, listener: Listener, on_change: Callable[[], None]) -> None:
        self._loop, self._listener = asyncio.get_running_loop(), listener
        on_change()

    async def subscribe(self, *channels: str) -> None:
        """Nothing to do: the hub ignores what nobody here listens to."""

    def unsubscribe(self, channels: Iterable[str]) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        self._loop = self._listener = None


class RedisBroker:
    """For several processes; survives a Redis that goes and comes."""

    def __init__(self, url: str) -> None:
        self._url = url
        # PUB/SUB knows no databases: without this two instances on one Redis
        # would hear each other.
        self._prefix = f"{urlsplit(url).path.strip('/') or 0}:"
        self._local = MemoryBroker()
        self._publisher = _Publisher(url, self._prefix)
        self._channels: set[str] = set()
        self._confirmations: dict[str, asyncio.Event] = {}
        self._pubsub: redis.asyncio.client.PubSub | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_at = 0.0

    @property
    def is_connected(self) -> bool:
        return self._pubsub is not None

    def publish(self, hints: Sequence[Hint]) -> None:
        # Members on this process need not wait for Redis; the copy that comes
        # back is known by our name.
        self._local.publish(hints)
        self._publisher.publish(hints)

    async def start(self, listener: Listener, on_change: Callable[[], None]) -> None:
        # Only now: a process that forked after loading the code needs a name of its own.
        self._publisher.name = secrets.token_bytes(NAME_BYTES)
        await self._local.start(listener, lambda: None)
        self._tasks = [
            asyncio.create_task(self._listen(listener, on_change)),
            asyncio.create_task(self._keep_alive()),
        ]

    async def subscribe(self, *channels: str) -> None:
        self._channels.update(channels)
        if self._pubsub is None or not channels:
            return
        confirmed = [
            self._confirmations.setdefault(channel, asyncio.Event()) for channel in channels
        ]
        # On failure the listening task reconnects and subscribes to everything again.
        with suppress(redis.RedisError, OSError, TimeoutError):
            await self._pubsub.subscribe(*self._prefixed(channels))
            async with asyncio.timeout(CONFIRM_SECONDS):
                for each in confirmed:
                    await each.wait()

    def unsubscribe(self, channels: Iterable[str]) -> None:
        gone = [channel for channel in channels if channel in self._channels]
        self._channels.difference_update(gone)
        for channel in gone:
            self._confirmations.pop(channel, None)
        if gone and self._pubsub is not None:
            task = asyncio.create_task(self._unsubscribe(self._pubsub, self._prefixed(gone)))
            self._tasks.append(task)
            task.add_done_callback(self._tasks.remove)

    def _prefixed(self, channels: Iterable[str]) -> list[str]:
        return [self._prefix + channel for channel in channels]

    def _plain(self, channel: bytes) -> str:
        return channel.decode().removeprefix(self._prefix)

    @staticmethod
    async def _unsubscribe(pubsub: redis.asyncio.client.PubSub, channels: list[str]) -> None:
        with suppress(redis.RedisError, OSError):
            await pubsub.unsubscribe(*channels)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._publisher.stop)
        await self._local.stop()

    async def _listen(self, listener: Listener, on_change: Callable[[], None]) -> None:
        while True:
            # No timeout on reading: an idle channel is silent for hours, and
            # `_keep_alive` watches over the connection. No hidden retries: the
            # hub must hear of every reconnection.
            client = redis.asyncio.Redis.from_url(
                self._url,
                socket_timeout=None,
                socket_connect_timeout=CONNECT_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
            try:
                async with client, client.pubsub() as pubsub:
                    # One that accepts and says nothing must not hold us for ever.
                    async with asyncio.timeout(CONNECT_SECONDS):
                        await self._resubscribe(pubsub)
                    logger.info("Listening to Redis.")
                    on_change()
                    await self._read(pubsub, listener)
            except (redis.RedisError, OSError) as error:
                if self._pubsub is not None:
                    logger.warning("Lost Redis (%s); reading the database meanwhile.", error)
            finally:
                was_connected, self._pubsub = self._pubsub is not None, None
                for confirmed in self._confirmations.values():
                    confirmed.set()
                if was_connected:
                    on_change()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _resubscribe(self, pubsub: redis.asyncio.client.PubSub) -> None:
        self._confirmations = {channel: asyncio.Event() for channel in self._channels}
        # Without any subscription there would be nothing to wait on.
        await pubsub.subscribe(*self._prefixed([PULSE, *self._confirmations]))
        await pubsub.parse_response()
        # What was joined while Redis had not answered yet; later ones see `_pubsub`.
        while late := self._channels - self._confirmations.keys():
            self._confirmations.update((channel, asyncio.Event()) for channel in late)
            await pubsub.subscribe(*self._prefixed(late))
        self._heard_at = asyncio.get_running_loop().time()
        self._pubsub = pubsub
        if left := self._confirmations.keys() - self._channels:
            await pubsub.unsubscribe(*self._prefixed(left))

    async def _read(self, pubsub: redis.asyncio.client.PubSub, listener: Listener) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            kind, *rest = await pubsub.parse_response()
            self._heard_at = clock()
            if kind not in (b"message", b"subscribe"):
                continue
            channel = self._plain(rest[0])
            if kind == b"subscribe":
                if confirmed := self._confirmations.get(channel):
                    confirmed.set()
                continue
            if rest[1].startswith(self._publisher.name):
                continue
            # Whatever somebody else publishes, the next hint must be heard.
            try:
                listener([(channel, rest[1][NAME_BYTES:])])
            except Exception:
                logger.exception("A hint on %r could not be read.", channel)

    async def _keep_alive(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(PING_SECONDS)
            pubsub = self._pubsub
            if pubsub is None or pubsub.connection is None:
                continue
            with suppress(redis.RedisError, OSError, TimeoutError):
                if clock() - self._heard_at > 2 * PING_SECONDS:
                    # Wakes the reader with an error, which reconnects.
                    await pubsub.connection.disconnect(nowait=True)
                else:
                    # Not `wait_for`: until Python 3.12 that may swallow the
                    # cancellation which `stop` waits for.
                    async with asyncio.timeout(PING_SECONDS):
                        await pubsub.ping()


# Nothing is ever published here; see `_resubscribe`.
PULSE = "control:pulse"


class _Publisher:
    """A thread that sends hints to Redis, many to a round trip."""

    def __init__(self, url: str, prefix: str) -> None:
        self.name = secrets.token_bytes(NAME_BYTES)
        self._prefix = prefix
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=redis.retry.Retry(NoBackoff(), 0),
        )
        self._unsent: deque[Hint] = deque(maxlen=UNSENT_HINTS)
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_stopping = False

    def publish(self, hints: Sequence[Hint]) -> None:
        with self._wake:
            self._unsent.extend(hints)
            # Made on first use: servers fork their workers after loading the code.
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
                self._thread.start()
            self._wake.notify()

    def stop(self) -> None:
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(timeout=2)

    def _run(self) -> None:
        while hints := self._next_batch():
            try:
                with self._client.pipeline(transaction=False) as pipeline:
                    for channel, payload in hints:
                        pipeline.publish(self._prefix + channel, self.name + payload)
                    pipeline.execute()
            except redis.RedisError as error:
                # Lost for good, and that is allowed: keeping them would only
                # delay newer ones when Redis is back.
                logger.warning("%d hints lost: Redis is away (%s).", len(hints), error)

    def _next_batch(self) -> list[Hint]:
        with self._wake:
            self._wake.wait_for(lambda: self._unsent or self._is_stopping)
            count = min(len(self._unsent), HINTS_PER_TRIP)
            return [self._unsent.popleft() for _ in range(count)]


@lru_cache(maxsize=1)
def current_broker() -> Broker:
    """Return this process's broker."""
    return RedisBroker(settings.REDIS_URL) if settings.REDIS_URL else MemoryBroker()
