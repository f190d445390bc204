"""Opening, refusing and closing sockets: what all socket endpoints share.

An endpoint is a function that turns a handshake into an `Entrance` or raises a
`DomainError`. The old app reconnects at once and for ever, and leaves its screen
at a refusal; hence two rules. A refusal is late (a second, on a timer) and cheap:
repeated within half a minute it costs no query. A good handshake is never
refused because we are busy: it is held until the database is back.
"""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes, urlsplit
from uuid import UUID

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, WebSocketScope
from django.conf import settings
from django.http.request import validate_host

from snappio.core.errors import Forbidden, NotFound
from snappio.core.http.addresses import address_of_handshake
from snappio.core.limits import current_limits
from snappio.realtime.database import AWAY, in_database
from snappio.realtime.protocol import EXTENSION, Outbox

logger = logging.getLogger(__name__)

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013

REFUSAL_DELAY_SECONDS = 1.0
REFUSAL_MEMORY_SECONDS = 30.0
REFUSALS_KEPT = 10_000
# Far more than end within the second that opening a socket takes.
ENDED_KEPT = 10_000
# A handshake is held this long while the database is away.
HOLD_SECONDS = 60.0
HOLD_PAUSE_SECONDS = 0.5
CLOSE_PATIENCE_SECONDS = 2.0

T = TypeVar("T")


class BadOrigin(Forbidden):
    """A web page of an origin that is neither ours nor allowed."""

    code = "bad_origin"
    detail = "This origin is not allowed."


class TooManySockets(Forbidden):
    """The newest is refused; displacing the oldest would start a loop of reconnections."""

    code = "too_many_sockets"
    detail = "Too many sockets are open."


class SessionOver(Forbidden):
    """The session ended while its socket was being opened."""

    code = "session_over"
    detail = "This session is over."


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client says when it opens a socket."""

    segments: tuple[str, ...]
    query: str
    authorization: str | None
    origin: str | None
    host: str
    address: str

    @classmethod
    def of(cls, scope: WebSocketScope) -> "Handshake":
        """Read the handshake, or raise `NotFound` for a path that is no text."""
        headers = list(scope["headers"])
        client = scope.get("client")
        return cls(
            segments=_segments(scope),
            query=scope["query_string"].decode("latin-1"),
            authorization=_header(headers, b"authorization"),
            origin=_header(headers, b"origin"),
            host=_header(headers, b"host") or "",
            address=address_of_handshake(client[0] if client else "", headers),
        )


def _segments(scope: WebSocketScope) -> tuple[str, ...]:
    # The raw path: a name may itself carry an escaped slash.
    raw = scope.get("raw_path") or scope["path"].encode()
    try:
        return tuple(unquote_to_bytes(segment).decode() for segment in raw.strip(b"/").split(b"/"))
    except UnicodeDecodeError:
        raise NotFound from None


def _header(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> str | None:
    found = [value for key, value in headers if key == name]
    # Sent twice, it is a list (RFC 9110 §5.2), which is neither a token nor an
    # origin, and so refused; without it one might pass for a guest or an app.
    return b", ".join(found).decode("latin-1") if found else None


@dataclass(eq=False, slots=True)
class Connection:
    """One open socket."""

    outbox: Outbox
    send: ASGISendCallable
    address: str
    user_id: int | None
    session_id: UUID | None
    # What it closes with when its session ends.
    over_code: int = POLICY_VIOLATION
    is_closing: bool = False
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def close(self, code: int) -> None:
        """Close soon, with a standard code; a reader that does not read is cut off."""
        task = asyncio.create_task(self.closed(code))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def closed(self, code: int) -> None:
        """Close as `close` does; return once the code is sent.

        For the application itself: the server drops the connection, code or no
        code, as soon as the application returns.
        """
        self.is_closing = True
        try:
            async with asyncio.timeout(CLOSE_PATIENCE_SECONDS):
                await self.send({"type": "websocket.close", "code": code, "reason": ""})
        except TimeoutError:
            self.outbox.abort()
        except (OSError, RuntimeError):
            # Closed already, by the peer or by us.
            pass


class OpenSockets:
    """The sockets of this process: how many a member has, and which belong to a session."""

    def __init__(self) -> None:
        self._by_session: dict[UUID, set[Connection]] = defaultdict(set)
        self._by_owner: dict[object, set[Connection]] = defaultdict(set)
        # Sessions that ended a moment ago, the latest last.
        self._ended: OrderedDict[UUID, None] = OrderedDict()

    def add(self, connection: Connection) -> None:
        """Count a socket, or raise `TooManySockets` or `SessionOver`."""
        # It may have ended between the query that found it alive and now.
        if connection.session_id in self._ended:
            raise SessionOver
        limits = current_limits()
        is_guest = connection.user_id is None
        most = limits.guest_sockets_per_address if is_guest else limits.sockets_per_member
        owned = self._by_owner[_owner_of(connection)]
        if settings.RATE_LIMITS and len(owned) >= most:
            raise TooManySockets
        owned.add(connection)
        if connection.session_id is not None:
            self._by_session[connection.session_id].add(connection)

    def remove(self, connection: Connection) -> None:
        """Forget a socket."""
        _discard(self._by_owner, _owner_of(connection), connection)
        if connection.session_id is not None:
            _discard(self._by_session, connection.session_id, connection)

    def move(self, connection: Connection, session_id: UUID) -> None:
        """Let a socket belong to another session of the same member, or raise `SessionOver`."""
        if session_id in self._ended:
            raise SessionOver
        if connection.session_id is not None:
            _discard(self._by_session, connection.session_id, connection)
        connection.session_id = session_id
        self._by_session[session_id].add(connection)

    def sessions(self) -> list[UUID]:
        """Return the sessions that have open sockets here."""
        return list(self._by_session)

    def end_sessions(self, ended: Collection[UUID]) -> None:
        """Close the sockets of sessions that are over."""
        for session_id in ended:
            self._ended[session_id] = None
            if len(self._ended) > ENDED_KEPT:
                self._ended.popitem(last=False)
            for connection in tuple(self._by_session.get(session_id, ())):
                connection.close(connection.over_code)

    def __len__(self) -> int:
        return sum(map(len, self._by_owner.values()))


def _owner_of(connection: Connection) -> object:
    return connection.address if connection.user_id is None else connection.user_id


K = TypeVar("K")


def _discard(groups: dict[K, set[Connection]], key: K, connection: Connection) -> None:
    groups[key].discard(connection)
    if not groups[key]:
        del groups[key]


class Refusals:
    """Handshakes refused a moment ago, so that repeating one costs nothing."""

    def __init__(self) -> None:
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def remember(self, handshake: Handshake) -> None:
        """Keep a refusal for half a minute."""
        digest = _digest(handshake)
        self._until[digest] = time.monotonic() + REFUSAL_MEMORY_SECONDS
        self._until.move_to_end(digest)
        if len(self._until) > REFUSALS_KEPT:
            self._until.popitem(last=False)

    def knows(self, handshake: Handshake) -> bool:
        """Say whether the same handshake was refused a moment ago."""
        return self._until.get(_digest(handshake), 0.0) > time.monotonic()


def _digest(handshake: Handshake) -> bytes:
    # A client may fill a handshake with kilobytes; ten thousand of those would be
    # a lot to remember for people who were turned away.
    return hashlib.blake2b(repr(handshake).encode(), digest_size=16).digest()


def require_known_origin(handshake: Handshake) -> None:
    """Raise `BadOrigin` for a web page that is neither of this host nor allowed.

    Apps send no origin, and that is fine: nothing here is authenticated by
    cookie, so a foreign page can lend nobody's identity.
    """
    if handshake.origin is None:
        return
    if handshake.origin in settings.ALLOWED_ORIGINS:
        return
    try:
        origin = urlsplit(handshake.origin)
    except ValueError:
        raise BadOrigin from None
    is_own = bool(origin.netloc) and origin.netloc == handshake.host
    if not (is_own and validate_host(origin.hostname or "", settings.ALLOWED_HOSTS)):
        raise BadOrigin


async def refuse_late(receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Refuse the handshake with 403 after a second, unless the client leaves before."""
    try:
        async with asyncio.timeout(REFUSAL_DELAY_SECONDS):
            # What it says meanwhile is no reason to hurry.
            while (await receive())["type"] != "websocket.disconnect":
                pass
    except TimeoutError:
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": ""})


async def held(enter: Callable[[], T]) -> T:
    """Run what decides about a handshake, waiting while the database is away."""
    return await patiently(partial(in_database, enter))


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask the database, waiting while it is away."""
    deadline = time.monotonic() + HOLD_SECONDS
    while True:
        try:
            return await ask()
        except AWAY:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(HOLD_PAUSE_SECONDS)


def outbox_of(scope: WebSocketScope) -> Outbox:
    """Return the outbox that `SocketProtocol` put into the scope."""
    extensions: dict[str, Any] = scope.get("extensions") or {}
    try:
        outbox: Outbox = extensions[EXTENSION]
    except KeyError:
        raise RuntimeError(
            "Sockets need uvicorn with snappio.realtime.protocol.SocketProtocol; "
            "start them with `manage.py sockets` or `manage.py serve`."
        ) from None
    return outbox


async def no_such_socket(
    scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Refuse a path that is no socket of ours (an ASGI application)."""
    await receive()
    await refuse_late(receive, send)
