"""A connection that comes back by itself; requests wait for it, and are said again."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Protocol

import httpx

from snappio_client import frames
from snappio_client.connection import Backoff, Connection, OnFrame, opened
from snappio_client.errors import ConnectionLost, Ended, Refused, SnappioError, TokenExpired
from snappio_client.http import Credentials, seconds_until_renewal


class Listener(Protocol):
    """Who hears what comes over a link."""

    def greeting(self) -> dict[str, Any]:
        """Return the fields of `hello` but for the token."""

    def begin(self, welcome: frames.Welcome) -> None:
        """Hear that a connection was opened; what was missed follows."""

    def hear(self, frame: frames.Incoming) -> None:
        """Hear a frame that answers no request."""

    def settle(self) -> None:
        """Hear that all that was missed was told; requests are said from now on."""

    def pause(self, error: ConnectionLost, seconds: float) -> None:
        """Hear that the connection was lost, and how long the link waits to come back."""


class Link:
    """The connections of a client, one after the other."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        listener: Listener,
        *,
        trust_env: bool,
        on_frame: OnFrame | None,
    ) -> None:
        self.failure: SnappioError | None = None
        self._url = url
        self._credentials = credentials
        self._listener = listener
        self._trust_env = trust_env
        self._on_frame = on_frame
        self._connection: Connection | None = None
        # Set while requests may be said, and when they never may again.
        self._settled = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run something beside, until the link is closed."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fail(Ended(1000, "the client was closed"))

    async def connected(self) -> Connection:
        """Return the present connection, or the next; raise what ended the link."""
        while True:
            await self._settled.wait()
            if self.failure is not None:
                raise self.failure
            if self._connection is not None:
                return self._connection

    async def request(self, command: dict[str, Any]) -> Any:
        """Say a command until it is answered; return the result of its `ok`.

        Refusals that may pass are waited out, others raise `Refused`. All commands of the
        protocol may be said again.
        """
        backoff = Backoff()
        while True:
            connection = await self.connected()
            try:
                return await connection.request(command)
            except ConnectionLost:
                self._leave(connection)
            except Refused as refusal:
                if not refusal.retry:
                    raise
                await asyncio.sleep(backoff.next() if refusal.after is None else refusal.after)

    def hint(self, command: dict[str, Any]) -> None:
        """Say a command if there is a connection now, and forget it."""
        if self._connection is not None:
            self.start(self._hint(self._connection, command))

    async def _hint(self, connection: Connection, command: dict[str, Any]) -> None:
        with suppress(SnappioError):
            await connection.request(command)

    async def run(self) -> None:
        """Connect again and again, until coming back would be wrong."""
        backoff = Backoff()
        loop = asyncio.get_running_loop()
        try:
            while True:
                began_at = loop.time()
                lost, wait = await self._live()
                if wait is None:
                    wait = backoff.next(healthy_for=loop.time() - began_at)
                self._listener.pause(lost, wait)
                await asyncio.sleep(wait)
        except (Ended, Refused) as error:
            self._fail(error)
        except Exception as error:
            self._fail(Ended(1006, f"the client failed: {error!r}"))
            raise

    async def _live(self) -> tuple[ConnectionLost, float | None]:
        """Live through one connection; return why it ended, and a wait that was asked for."""
        try:
            token = await self._credentials.access()
            try:
                return await self._live_with(token)
            except TokenExpired as expired:
                await self._credentials.renew(token)
                return expired, None
        except httpx.TransportError as failed:
            return ConnectionLost(1006, str(failed)), None
        except Refused as refusal:
            if not refusal.retry:
                raise
            return ConnectionLost(1006, str(refusal)), refusal.after

    async def _live_with(self, token: str) -> tuple[ConnectionLost, float | None]:
        try:
            connection = await opened(self._url, trust_env=self._trust_env, on_frame=self._on_frame)
        except ConnectionLost as lost:
            return lost, None
        error: ConnectionLost | Ended = ConnectionLost(1001)
        renewing = self.start(self._renew_in_time(connection, token))
        try:
            hello = {"version": frames.VERSION, "token": token, **self._listener.greeting()}
            self._listener.begin(await connection.greet(hello))
            while True:
                frame = await connection.heard()
                self._listener.hear(frame)
                if isinstance(frame, frames.Ready):
                    self._connection = connection
                    self._settled.set()
                    self._listener.settle()
        except (ConnectionLost, Ended) as ended:
            error = ended
            if isinstance(ended, TokenExpired | Ended):
                raise
            return ended, connection.wait
        finally:
            renewing.cancel()
            self._leave(connection)
            await connection.close(error)

    async def _renew_in_time(self, connection: Connection, token: str) -> None:
        while (seconds := seconds_until_renewal(token)) is not None:
            await asyncio.sleep(max(seconds, 1))
            try:
                token = await self._credentials.renew(token)
                await connection.request({"type": "auth", "token": token})
            except (httpx.TransportError, SnappioError):
                # The socket will close with 4003, and be opened with a new token.
                return

    def _leave(self, connection: Connection) -> None:
        """Let requests wait for the next connection; whoever notices first says so."""
        if self._connection is connection:
            self._connection = None
            self._settled.clear()

    def _fail(self, error: SnappioError) -> None:
        if self.failure is None:
            self.failure = error
            self._connection = None
            self._settled.set()
