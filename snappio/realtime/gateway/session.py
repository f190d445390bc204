"""One signed-in socket, from `welcome` to its end."""

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from functools import partial
from typing import TypeVar

from asgiref.typing import ASGIReceiveCallable
from django.conf import settings
from django.db import InterfaceError, OperationalError

from snappio.core.clock import now
from snappio.core.errors import DomainError, NotAuthenticated, TooMany, Unavailable
from snappio.core.limits import Rate, current_limits
from snappio.realtime.connections import Connection
from snappio.realtime.database import AWAY
from snappio.realtime.gateway import codes, registry
from snappio.realtime.gateway.errors import BadFrame, TooManyRequests
from snappio.realtime.gateway.frames import (
    Error,
    Hello,
    Ok,
    Outgoing,
    Ready,
    Request,
    Result,
    encode,
)
from snappio.realtime.gateway.identity import Identity
from snappio.realtime.gateway.pace import Pace
from snappio.realtime.protocol import Outbox, text_frame

logger = logging.getLogger(__name__)

BAD_FRAMES = Rate(10, 10, burst=9)
# Who sends faster than allowed is read more slowly, and closed after so many seconds.
FLOOD_SECONDS = 5.0

P = TypeVar("P", bound="Part")


class Part:
    """What an app keeps for a socket; made at `hello`, closed with it."""

    def close(self) -> None:
        """Let go of everything."""


class Session:
    """What the handlers of requests are given: who asks, and how to answer."""

    __slots__ = (
        "_bad_frames",
        "_busy",
        "_expiry",
        "_flooding_since",
        "_frames",
        "_parts",
        "_receive",
        "_tasks",
        "_unanswered",
        "connection",
        "identity",
        "name",
    )

    def __init__(
        self, identity: Identity, connection: Connection, receive: ASGIReceiveCallable
    ) -> None:
        self.identity = identity
        # Of this socket, in logs and among a member's connections.
        self.name = secrets.token_hex(4)
        self.connection = connection
        self._receive = receive
        self._unanswered = 0
        self._frames = Pace()
        self._flooding_since: float | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._parts: list[Part] = []
        # Each made when first needed: most sockets say little.
        self._bad_frames: Pace | None = None
        self._busy: dict[type[Request], int] | None = None
        self._tasks: set[asyncio.Task[None]] | None = None

    @property
    def outbox(self) -> Outbox:
        """What goes out."""
        return self.connection.outbox

    @property
    def user_id(self) -> int:
        """The member's id."""
        return self.identity.user_id

    def add(self, part: Part) -> None:
        """Keep an app's part as long as the socket is open."""
        self._parts.append(part)

    def part(self, kind: type[P]) -> P:
        """Return what an app has added at `hello`."""
        for part in self._parts:
            if isinstance(part, kind):
                return part
        raise LookupError(kind)

    def tell(self, frame: Outgoing) -> None:
        """Send a frame; behind what is held, if the outbox holds."""
        self.outbox.send(text_frame(encode(frame)))

    async def tell_patiently(self, frame: Outgoing) -> None:
        """Send a frame past what is held, as fast as the reader reads."""
        await self.outbox.send_patiently(text_frame(encode(frame)))

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run a coroutine beside the socket; it ends with it, and its failure ends the socket."""
        if self._tasks is None:
            self._tasks = set()
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        assert self._tasks is not None
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None or isinstance(error, OSError):
            return
        if not isinstance(error, NotAuthenticated | OperationalError | InterfaceError):
            logger.error("The work of a socket failed.", exc_info=error)
        # The client comes back and resumes.
        self.connection.close(_code_of(error))

    def expire_with(self, identity: Identity) -> None:
        """Close when this token of the member expires, and not before."""
        self.identity = identity
        seconds = (identity.expires_at - now()).total_seconds()
        if self._expiry is not None:
            self._expiry.cancel()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(seconds, self.connection.close, codes.TOKEN_EXPIRED)

    async def run(self, hello: Hello) -> None:
        """Let the apps greet the socket, then carry requests until it closes."""
        try:
            for entrance in registry.entrances():
                await entrance(self, hello)
            await self.tell_patiently(Ready())
            self.outbox.release()
            await self._carry()
        except OSError:
            # The client went away in the middle of a write.
            pass
        except (NotAuthenticated, *AWAY) as error:
            await self.connection.closed(_code_of(error))
        finally:
            if self._expiry is not None:
                self._expiry.cancel()
            for task in tuple(self._tasks or ()):
                task.cancel()
            for part in self._parts:
                part.close()
            # They know us: without this only the garbage collector would part us.
            self._parts.clear()

    async def _carry(self) -> None:
        while True:
            event = await self._receive()
            if event["type"] != "websocket.receive":
                return
            text = event.get("text")
            if text is None:
                await self.connection.closed(codes.NO_TEXT)
                return
            if not await self._is_allowed():
                await self.connection.closed(codes.TOO_MANY_FRAMES)
                return
            if not await self._handled(text):
                await self.connection.closed(codes.BROKEN_PROTOCOL)
                return

    async def _handled(self, text: str) -> bool:
        """Carry out a frame; return False if the socket must close for it."""
        try:
            frame = registry.read_frame(text)
        except BadFrame as error:
            self.tell(error_frame(error, registry.request_id_of(text)))
            return not self._errs_too_often()
        # There is one `hello`, and it was said.
        if not isinstance(frame, Request):
            return False
        await self._dispatch(frame)
        return True

    async def _dispatch(self, frame: Request) -> None:
        command = registry.command_of(frame)
        if self._has_too_many(command):
            self.tell(error_frame(TooManyRequests(), frame.id))
            return
        self._unanswered += 1
        if command.queued is None:
            self._count(command, 1)
            self.spawn(self._carried_out(command, frame))
            return
        answer = partial(self._answer, frame.id)
        try:
            await command.queued(self, frame, answer)
        except Exception as error:  # noqa: BLE001 -- logged where it is no refusal
            answer(_refusal_of(error))

    async def _carried_out(self, command: registry.Command, frame: Request) -> None:
        assert command.handler is not None
        outcome: Result | DomainError | None
        try:
            outcome = await command.handler(self, frame)
        except Exception as error:  # noqa: BLE001 -- logged where it is no refusal
            outcome = _refusal_of(error)
        finally:
            self._count(command, -1)
        self._answer(frame.id, outcome)

    def _answer(self, request_id: int, outcome: Result | DomainError | None) -> None:
        self._unanswered -= 1
        if isinstance(outcome, DomainError):
            self.tell(error_frame(outcome, request_id))
        else:
            self.tell(Ok(id=request_id, result=outcome))

    def _has_too_many(self, command: registry.Command) -> bool:
        if self._unanswered >= current_limits().unanswered_requests:
            return True
        busy = (self._busy or {}).get(command.frame, 0)
        return command.at_once is not None and busy >= command.at_once

    def _count(self, command: registry.Command, step: int) -> None:
        if command.at_once is not None:
            if self._busy is None:
                self._busy = {}
            self._busy[command.frame] = self._busy.get(command.frame, 0) + step

    def _errs_too_often(self) -> bool:
        if self._bad_frames is None:
            self._bad_frames = Pace()
        return bool(settings.RATE_LIMITS and self._bad_frames.wait(BAD_FRAMES))

    async def _is_allowed(self) -> bool:
        """Wait for the socket's allowance of frames; False ends a flood."""
        rate = current_limits().socket_frames
        clock = asyncio.get_running_loop().time
        if not settings.RATE_LIMITS or not (wait := self._frames.wait(rate)):
            self._flooding_since = None
            return True
        if self._flooding_since is None:
            self._flooding_since = clock()
        while wait:
            if clock() - self._flooding_since > FLOOD_SECONDS:
                return False
            await asyncio.sleep(wait)
            wait = self._frames.wait(rate)
        return True


def error_frame(error: DomainError, request_id: int | None) -> Error:
    """Return the frame that tells of a refusal."""
    after = getattr(error, "retry_after", None)
    return Error(
        id=request_id,
        code=error.code,
        message=error.detail,
        retry=isinstance(error, TooMany | Unavailable),
        after=None if after is None else round(after * 1000),
    )


def _code_of(error: BaseException) -> int:
    return codes.SESSION_OVER if isinstance(error, NotAuthenticated) else codes.OVERLOADED


def _refusal_of(error: Exception) -> DomainError:
    if isinstance(error, DomainError):
        return error
    if isinstance(error, AWAY):
        return Unavailable()
    logger.error("A request of a socket failed.", exc_info=error)
    return DomainError()
