"""One socket, from its handshake to its end; it knows requests and pings, not chat."""

import asyncio
import itertools
import random
from collections.abc import Callable
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from snappio_client import frames
from snappio_client.errors import (
    ConnectionLost,
    Ended,
    HandshakeRefused,
    ProtocolBroken,
    Refused,
    of_close,
)

# Told of every frame as it travels: an arrow as in the protocol's page, and the text.
OnFrame = Callable[[str, str], None]
SENT, HEARD = "→", "←"

FRAME_BYTES = 65_536
REQUESTS_AT_ONCE = 60
HISTORIES_AT_ONCE = 4
# A server may hold a handshake while its database is away.
OPEN_SECONDS = 30.0
# A process that comes up or goes down, or the gateway before it, answers with these.
PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}


class Backoff:
    """How long to wait before coming back: any time up to a limit that doubles."""

    FIRST, LAST, HEALTHY_SECONDS = 0.5, 30.0, 60.0

    def __init__(self) -> None:
        self._most = self.FIRST

    def next(self, *, healthy_for: float = 0.0) -> float:
        """Return the seconds to wait after a connection that was good for so long."""
        if healthy_for >= self.HEALTHY_SECONDS:
            self._most = self.FIRST
        wait = random.uniform(0, self._most)  # noqa: S311
        self._most = min(2 * self._most, self.LAST)
        return wait


class Pace:
    """At most ``count`` frames in ``seconds``, ``burst`` of them at once."""

    def __init__(self, count: float = 20, seconds: float = 1, burst: float = 60) -> None:
        # One is spared for what else may be under way.
        self._interval = seconds / count
        self._allowance = self._interval * max(burst - 1, 1)
        self._next_at = 0.0

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        self._next_at = max(self._next_at, now - self._allowance) + self._interval
        if self._next_at > now:
            await asyncio.sleep(self._next_at - now)


class Connection:
    """A socket that was opened by `opened`.

    ``wait`` in seconds is what a `bye` asked for before coming back, else None.
    """

    def __init__(self, socket: ClientConnection, on_frame: OnFrame | None) -> None:
        self.wait: float | None = None
        self._socket = socket
        self._on_frame = on_frame
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._slots = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self._histories = asyncio.Semaphore(HISTORIES_AT_ONCE)
        self._pace = Pace()
        self._ping_seconds = OPEN_SECONDS

    async def greet(self, hello: dict[str, Any]) -> frames.Welcome:
        """Say `hello` and return the `welcome`."""
        await self._write({"type": "hello", **hello})
        while True:
            frame = await self._hear()
            match frame:
                case frames.Welcome():
                    self._ping_seconds = frame.ping
                    match frame.limits.get("socket_frames"):
                        case {"count": int(count), "seconds": int(seconds), "burst": int(burst)}:
                            self._pace = Pace(count, seconds, burst)
                    return frame
                case frames.Bye():
                    self.wait = frame.after / 1000
                # An `error` is followed by the close code, which decides.

    async def request(self, command: dict[str, Any]) -> Any:
        """Say a command and return the result in its `ok`.

        Raises `Refused`, and `ConnectionLost` or `Ended` if the socket ends meanwhile:
        then nobody knows whether it was carried out.
        """
        if command["type"] == "history":
            async with self._histories, self._slots:
                return await self._request(command)
        async with self._slots:
            return await self._request(command)

    async def _request(self, command: dict[str, Any]) -> Any:
        await self._pace.turn()
        request_id = next(self._ids) % 2**32
        answer = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answer
        try:
            await self._write({**command, "id": request_id})
            return await answer
        finally:
            del self._waiting[request_id]
            if answer.done() and not answer.cancelled():
                # Known already if it was the write that failed.
                answer.exception()

    async def heard(self) -> frames.Incoming:
        """Return the next frame that answers no request.

        Raises `ConnectionLost` or `Ended` at the end of the socket.
        """
        while True:
            frame = await self._hear()
            match frame:
                case frames.Ok():
                    self._answer(frame.id, frame.result)
                case frames.Error():
                    after = None if frame.after is None else frame.after / 1000
                    refusal = Refused(frame.code, frame.message, retry=frame.retry, after=after)
                    self._answer(frame.id, refusal)
                case frames.Bye():
                    self.wait = frame.after / 1000
                case None:
                    pass
                case _:
                    return frame

    def _answer(self, request_id: int | None, result: Any) -> None:
        # Nobody waits any more for what was cancelled, nor for our own pings.
        waiting = self._waiting.get(request_id) if request_id is not None else None
        if waiting is None or waiting.done():
            return
        if isinstance(result, Refused):
            waiting.set_exception(result)
        else:
            waiting.set_result(result)

    async def _hear(self) -> frames.Incoming | None:
        """Return the next frame; after a silence ask whether anybody is there."""
        try:
            try:
                text = await self._recv()
            except TimeoutError:
                await self._write({"type": "ping", "id": 0})
                text = await self._recv()
            return frames.read(text)
        except msgspec.MsgspecError as error:
            raise ProtocolBroken(4500, f"the server sent no frame: {error}") from None
        except TimeoutError:
            self._socket.transport.abort()
            raise ConnectionLost(1006, "no answer to a ping") from None
        except ConnectionClosed as closed:
            raise _end_of(closed) from None

    async def _recv(self) -> str:
        async with asyncio.timeout(self._ping_seconds):
            text = await self._socket.recv()
        if isinstance(text, bytes):
            raise ProtocolBroken(1003, "the server sent a binary frame")
        if self._on_frame:
            self._on_frame(HEARD, text)
        return text

    async def _write(self, frame: dict[str, Any]) -> None:
        encoded = msgspec.json.encode(frame)
        if len(encoded) > FRAME_BYTES:
            raise Refused("bad_frame", "A frame may have 64 KiB.")
        text = encoded.decode()
        if self._on_frame:
            self._on_frame(SENT, text)
        try:
            await self._socket.send(text)
        except ConnectionClosed as closed:
            raise _end_of(closed) from None

    async def close(self, error: ConnectionLost | Ended) -> None:
        """Close the socket; requests without an answer raise the error."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(type(error)(error.code, error.reason))
        await self._socket.close()


async def opened(address: str, *, trust_env: bool, on_frame: OnFrame | None) -> Connection:
    """Shake hands at a ``ws://`` or ``wss://`` address; raise `ConnectionLost` or `Ended`."""
    try:
        socket = await connect(
            address,
            proxy=True if trust_env else None,
            compression=None,
            # Silence is answered by frames of our own; what is resumed may be large.
            ping_interval=None,
            max_size=None,
            open_timeout=OPEN_SECONDS,
            close_timeout=1,
        )
    except InvalidStatus as refused:
        status = refused.response.status_code
        if status in PASSING_STATUS:
            raise ConnectionLost(1006, f"the handshake was answered by {status}") from None
        raise HandshakeRefused(status, "the handshake was refused") from None
    except (OSError, TimeoutError, InvalidHandshake, EOFError) as failed:
        raise ConnectionLost(1006, str(failed)) from None
    return Connection(socket, on_frame)


def _end_of(closed: ConnectionClosed) -> ConnectionLost | Ended:
    if closed.rcvd is None:
        return ConnectionLost(1006)
    return of_close(closed.rcvd.code, closed.rcvd.reason)
