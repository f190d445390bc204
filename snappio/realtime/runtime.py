"""What a process that holds sockets keeps running, from its start to its end."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from functools import lru_cache
from uuid import UUID

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, LifespanScope

from snappio.realtime import revocation
from snappio.realtime.broker import current_broker
from snappio.realtime.connections import OpenSockets, Refusals
from snappio.realtime.database import AWAY, close_kept_connections, in_database
from snappio.realtime.hub import Hub
from snappio.realtime.presence.states import TOPIC_KIND as PRESENCE
from snappio.realtime.presence.tracker import current_presence
from snappio.realtime.watchdog import guarded_loop, watch_loop

logger = logging.getLogger(__name__)

# The word of a revocation usually closes sockets at once; if it is lost, this does.
SESSION_CHECK_SECONDS = 30.0
SESSION_CHECK_SECONDS_WITHOUT_DATABASE = 1.0

Part = Callable[[], AbstractAsyncContextManager[None]]
SessionCheck = Callable[[Collection[UUID]], Collection[UUID]]

_parts: list[Part] = []
_session_checks: list[SessionCheck] = []
_listeners: dict[str, Callable[[bytes], None]] = {}


def register_part(part: Part) -> None:
    """Run an app's own part, e.g. its lanes, as long as the process holds sockets."""
    _parts.append(part)


def register_session_check(check: SessionCheck) -> None:
    """Name the function that says which sessions are over; called once, by accounts."""
    _session_checks.append(check)


def register_listener(channel: str, listener: Callable[[bytes], None]) -> None:
    """Call ``listener`` in the loop with whatever is published on a control channel."""
    _listeners[channel] = listener


class Runtime:
    """The hub, presence, the open sockets and the refusals of this process."""

    def __init__(self) -> None:
        self.hub = Hub(current_broker())
        self.presence = current_presence()
        self.sockets = OpenSockets()
        self.refusals = Refusals()
        self._check_now = asyncio.Event()
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, parts: Iterable[Part] = ()) -> None:
        """Start the hub, presence, the apps' parts and those given, in the running loop."""
        self.hub.listen(revocation.CHANNEL, self._hear_revocation)
        for channel, listener in _listeners.items():
            self.hub.listen(channel, listener)
        # A revocation that was published while nobody listened is not told again.
        self.hub.follow_broker(self._check_now.set)
        self.hub.listen_to_kind(PRESENCE, self.presence.hear)
        self.hub.follow_broker(self.presence.look_again)
        await self.hub.start()
        self._stack.push_async_callback(self.hub.stop)
        for part in (self.presence.running, *_parts, *parts):
            await self._stack.enter_async_context(part())
        self._tasks = [
            asyncio.create_task(self._check_sessions()),
            asyncio.create_task(watch_loop()),
        ]

    async def stop(self) -> None:
        """Stop in the opposite order."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()
        await asyncio.to_thread(close_kept_connections)

    def _hear_revocation(self, payload: bytes) -> None:
        self.sockets.end_sessions(revocation.read_revocation(payload))

    async def _check_sessions(self) -> None:
        pause = SESSION_CHECK_SECONDS
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._check_now.wait()
            self._check_now.clear()
            pause = SESSION_CHECK_SECONDS
            if not (sessions := self.sockets.sessions()):
                continue
            try:
                for check in _session_checks:
                    self.sockets.end_sessions(await in_database(check, sessions))
            except AWAY:
                logger.warning("The database is away; sessions are checked again soon.")
                pause = SESSION_CHECK_SECONDS_WITHOUT_DATABASE


@lru_cache(maxsize=1)
def current_runtime() -> Runtime:
    """Return this process's runtime; made in the event loop that serves the sockets."""
    return Runtime()


class Lifespan:
    """Starts and stops the runtime, and ``parts`` with it, as the server does (ASGI lifespan)."""

    def __init__(self, *parts: Part) -> None:
        self._parts = parts

    async def __call__(
        self, scope: LifespanScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Serve one lifespan."""
        await receive()
        runtime = current_runtime()
        async with guarded_loop():
            await runtime.start(self._parts)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await runtime.stop()
        await send({"type": "lifespan.shutdown.complete"})
