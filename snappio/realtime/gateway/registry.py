"""What apps teach the socket: requests, events, and what happens at `hello`.

An app registers while it loads:

    register_request    a frame that is answered; each runs as a task of its own
    register_queued     the same, for what must keep its order: the next frame is not
                        read before the handler returns, which answers later
    register_event      a frame that the server says, for the published description
    register_entrance   what happens between `welcome` and `ready`
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, Union

import msgspec

from snappio.core.errors import DomainError
from snappio.realtime.gateway.errors import BadFrame
from snappio.realtime.gateway.frames import Hello, Incoming, Outgoing, Request, Result

if TYPE_CHECKING:
    from snappio.realtime.gateway.session import Session

R = TypeVar("R", bound=Request)

VERSION = 1

Answer = Callable[["Result | DomainError | None"], None]
Handler = Callable[["Session", R], "Awaitable[Result | None]"]
QueuedHandler = Callable[["Session", R, Answer], Awaitable[None]]
Entrance = Callable[["Session", Hello], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Command:
    """A request and who carries it out; one of the handlers is there."""

    frame: type[Request]
    # None where `ok` has no result.
    result: type[Result] | None
    handler: Callable[["Session", Any], "Awaitable[Result | None]"] | None = None
    queued: Callable[["Session", Any, Answer], Awaitable[None]] | None = None
    # How many of them one socket may have unanswered, besides the limit for all.
    at_once: int | None = None


_commands: dict[type[Incoming], Command] = {}
_events: list[type[Outgoing]] = []
_entrances: list[Entrance] = []


def register_request(
    frame: type[R], result: type[Result] | None, handler: Handler[R], *, at_once: int | None = None
) -> None:
    """Carry out a kind of request by ``handler``; what it raises or returns is the answer."""
    _commands[frame] = Command(frame, result, handler=handler, at_once=at_once)


def register_queued(frame: type[R], result: type[Result] | None, handler: QueuedHandler[R]) -> None:
    """Carry out a kind of request by ``handler``, in the order in which they come."""
    _commands[frame] = Command(frame, result, queued=handler)


def register_event(*events: type[Outgoing]) -> None:
    """Describe what the server may say."""
    _events.extend(events)


def register_entrance(entrance: Entrance) -> None:
    """Run ``entrance`` for every socket that says `hello`, before it hears `ready`."""
    _entrances.append(entrance)


def command_of(frame: Request) -> Command:
    """Return who carries out a frame that `read_frame` has returned."""
    return _commands[type(frame)]


def commands() -> Sequence[Command]:
    """Return all requests, in the order of their registration."""
    return list(_commands.values())


def events() -> Sequence[type[Outgoing]]:
    """Return all that the server may say."""
    return list(_events)


def entrances() -> Sequence[Entrance]:
    """Return what runs at `hello`."""
    return _entrances


class _Numbered(msgspec.Struct):
    id: int | None = None


_numbered = msgspec.json.Decoder(_Numbered)


@lru_cache(maxsize=1)
def _decoder() -> "msgspec.json.Decoder[Incoming]":
    # Of the only version there is; a second one gets a decoder of its own.
    return msgspec.json.Decoder(Union[Hello, *_commands])


def read_frame(text: str) -> Incoming:
    """Return the frame that a text is, or raise `BadFrame` with the reason."""
    try:
        return _decoder().decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise BadFrame(str(error) or None) from None


def request_id_of(text: str) -> int | None:
    """Return the id of a frame that is otherwise bad, if it has one."""
    try:
        found = _numbered.decode(text).id
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    return found
