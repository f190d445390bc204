"""`/ws/` as an ASGI application: from the handshake to `welcome`.

The token comes with the handshake or, where headers cannot be set, with `hello`.
A bad one in the handshake is refused late and cheaply, as everywhere; in `hello` it
is answered, since a browser would not be told the status of a refusal.
"""

import asyncio
import logging
from collections import Counter

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, WebSocketScope

from snappio.core.clock import now
from snappio.core.errors import DomainError, NotAuthenticated
from snappio.core.limits import current_limits, published
from snappio.realtime.connections import (
    Connection,
    Handshake,
    TooManySockets,
    outbox_of,
    refuse_late,
    require_known_origin,
)
from snappio.realtime.gateway import codes, devices, epochs, open_sessions, registry
from snappio.realtime.gateway.authentication import authenticated
from snappio.realtime.gateway.errors import BadFrame, EpochChanged, OtherMember
from snappio.realtime.gateway.frames import Hello, Welcome, encode, time_text
from snappio.realtime.gateway.identity import Identity, TokenExpired
from snappio.realtime.gateway.session import Session, error_frame
from snappio.realtime.protocol import text_frame
from snappio.realtime.runtime import current_runtime

logger = logging.getLogger(__name__)

PING_SECONDS = 25
# Of sockets that have not said `hello`, which they must within seconds.
STRANGERS_PER_ADDRESS = 200

_strangers: Counter[str] = Counter()


class _Farewell(Exception):
    """The socket closes with this code before it was greeted, and says why if there is an error."""

    def __init__(self, code: int, error: DomainError | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.error = error


async def gateway(
    scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Serve `/ws/` (an ASGI application)."""
    await receive()
    connection, identity = await _admit(scope, send)
    if connection is None:
        await refuse_late(receive, send)
        return
    try:
        # The session may have ended while the handshake was held.
        if not connection.is_closing:
            await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
            await _serve(connection, identity, receive)
    except OSError:
        # The client went away in the middle of a write.
        pass
    finally:
        _forget(connection)


async def _serve(
    connection: Connection, identity: Identity | None, receive: ASGIReceiveCallable
) -> None:
    try:
        hello = await _hello(receive)
        if hello is None:
            return
        session = await _greeted(connection, identity, hello, receive)
    except _Farewell as farewell:
        if farewell.error is not None:
            frame = error_frame(farewell.error, None)
            await connection.outbox.send_patiently(text_frame(encode(frame)))
        await connection.closed(farewell.code)
        return
    await session.run(hello)


async def _hello(receive: ASGIReceiveCallable) -> Hello | None:
    """Return the first frame; None if the client leaves before."""
    try:
        async with asyncio.timeout(current_limits().hello_seconds):
            event = await receive()
    except TimeoutError:
        raise _Farewell(codes.NO_HELLO) from None
    if event["type"] != "websocket.receive":
        return None
    text = event.get("text")
    if text is None:
        raise _Farewell(codes.NO_TEXT)
    try:
        frame = registry.read_frame(text)
    except BadFrame as error:
        raise _Farewell(codes.BROKEN_PROTOCOL, error) from None
    if not isinstance(frame, Hello):
        raise _Farewell(codes.BROKEN_PROTOCOL)
    if frame.version < registry.VERSION:
        raise _Farewell(codes.NO_COMMON_VERSION)
    return frame


async def _greeted(
    connection: Connection, identity: Identity | None, hello: Hello, receive: ASGIReceiveCallable
) -> Session:
    """Return the session of a socket that may stay, once it has heard `welcome`."""
    identity = await _identified(connection, identity, hello)
    epoch = await epochs.present_epoch()
    if hello.epoch is not None and hello.epoch != epoch:
        raise _Farewell(codes.EPOCH_CHANGED, EpochChanged())
    session = Session(identity, connection, receive)
    session.expire_with(identity)
    # What comes while the apps greet follows what they have to say.
    connection.outbox.hold()
    open_sessions.add(connection)
    devices.enter(connection, identity.user_id, hello.device)
    await session.tell_patiently(
        Welcome(
            version=registry.VERSION,
            connection=session.name,
            username=identity.username,
            epoch=epoch,
            ping=PING_SECONDS,
            now=time_text(now()),
            limits=published(),
        )
    )
    return session


async def _identified(connection: Connection, identity: Identity | None, hello: Hello) -> Identity:
    if hello.token is None:
        if identity is None:
            raise _Farewell(codes.SESSION_OVER, NotAuthenticated())
        return identity
    try:
        given = await authenticated(f"Bearer {hello.token}")
        if identity is not None:
            if given.user_id != identity.user_id:
                raise OtherMember
            return identity
        _leave_strangers(connection)
        try:
            _take_in(connection, given)
        except DomainError:
            _take_in(connection, None)
            raise
    except TokenExpired as error:
        raise _Farewell(codes.TOKEN_EXPIRED, error) from None
    except TooManySockets as error:
        raise _Farewell(codes.TOO_MANY_SOCKETS, error) from None
    except DomainError as error:
        raise _Farewell(codes.SESSION_OVER, error) from None
    return given


async def _admit(
    scope: WebSocketScope, send: ASGISendCallable
) -> tuple[Connection | None, Identity | None]:
    """Count a good handshake's socket; return no connection for one that is to be refused."""
    runtime = current_runtime()
    try:
        handshake = Handshake.of(scope)
    except DomainError:
        return None, None
    if runtime.refusals.knows(handshake):
        return None, None
    identity = None
    try:
        require_known_origin(handshake)
        if handshake.authorization is not None:
            identity = await authenticated(handshake.authorization)
        connection = Connection(
            outbox=outbox_of(scope),
            send=send,
            address=handshake.address,
            user_id=None,
            session_id=None,
            over_code=codes.SESSION_OVER,
        )
        _take_in(connection, identity)
    except DomainError as refusal:
        logger.debug("Handshake refused: %s", refusal.code)
        runtime.refusals.remember(handshake)
        return None, None
    return connection, identity


def _take_in(connection: Connection, identity: Identity | None) -> None:
    # A stranger becomes a member's socket with `hello`.
    if identity is None:
        if _strangers[connection.address] >= STRANGERS_PER_ADDRESS:
            raise TooManySockets
        _strangers[connection.address] += 1
        return
    member = (identity.user_id, identity.session_id)
    connection.user_id, connection.session_id = member
    connection.outbox.member_id = identity.user_id
    try:
        current_runtime().sockets.add(connection)
    except DomainError:
        connection.user_id = connection.session_id = None
        raise


def _leave_strangers(connection: Connection) -> None:
    _strangers[connection.address] -= 1
    if not _strangers[connection.address]:
        del _strangers[connection.address]


def _forget(connection: Connection) -> None:
    devices.forget(connection)
    open_sessions.remove(connection)
    if connection.user_id is None:
        _leave_strangers(connection)
    else:
        current_runtime().sockets.remove(connection)
