"""The requests that belong to the connection itself: `auth` and `ping`."""

from snappio.core.clock import now
from snappio.realtime.gateway import codes
from snappio.realtime.gateway.authentication import authenticated
from snappio.realtime.gateway.errors import OtherMember
from snappio.realtime.gateway.frames import (
    Auth,
    AuthResult,
    Bye,
    Error,
    Ok,
    Ping,
    PingResult,
    Ready,
    Welcome,
    time_text,
)
from snappio.realtime.gateway.registry import (
    Answer,
    register_event,
    register_queued,
    register_request,
)
from snappio.realtime.gateway.session import Session
from snappio.realtime.runtime import current_runtime


async def refresh_token(session: Session, frame: Auth) -> AuthResult:
    """Go on with a new token; the session it belongs to is the socket's from now on."""
    identity = await authenticated(f"Bearer {frame.token}")
    if identity.user_id != session.user_id:
        session.connection.close(codes.SESSION_OVER)
        raise OtherMember
    current_runtime().sockets.move(session.connection, identity.session_id)
    session.expire_with(identity)
    return AuthResult(expires_at=time_text(identity.expires_at))


async def answer_ping(_session: Session, _frame: Ping, answer: Answer) -> None:
    """Say what time it is."""
    answer(PingResult(now=time_text(now())))


def register() -> None:
    """Teach the socket its own requests."""
    register_request(Auth, AuthResult, refresh_token)
    register_queued(Ping, PingResult, answer_ping)
    register_event(Welcome, Ready, Ok, Error, Bye)
