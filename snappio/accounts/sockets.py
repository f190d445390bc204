"""Who opens a socket, and for how long."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from snappio.accounts import tokens
from snappio.accounts.authentication import bearer_token
from snappio.accounts.models import Session
from snappio.accounts.services import sessions
from snappio.core.clock import now


@dataclass(frozen=True, slots=True)
class Proof:
    """A live session, and when the token that showed it is over."""

    session: Session
    expires_at: datetime


def prove(authorization: str) -> Proof:
    """Return what a handshake's `Authorization` proves, or raise `NotAuthenticated`."""
    text = bearer_token(authorization)
    session = sessions.session_of(text)
    return Proof(session, tokens.read(text, at=now()).expires_at)


def ended_among(session_ids: Collection[UUID]) -> Collection[UUID]:
    """Return those of the sessions that are over."""
    live = Session.objects.live(at=now()).filter(pk__in=session_ids)
    return set(session_ids) - set(live.values_list("pk", flat=True))
