"""Who opens a socket; accounts says who a token belongs to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from snappio.core.errors import NotAuthenticated


class TokenExpired(NotAuthenticated):
    """The token was good: a new one is to be had for the refresh token."""

    code = "token_not_valid"
    detail = "Token is invalid or expired"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a good token proves, and until when."""

    user_id: int
    username: str
    session_id: UUID
    expires_at: datetime


Authenticator = Callable[[str], Identity]

_authenticators: list[Authenticator] = []


def register_authenticator(authenticator: Authenticator) -> None:
    """Name the function that reads an `Authorization` header; called once, by accounts.

    It raises `NotAuthenticated` for a bad token, and `TokenExpired` for one that was good.
    """
    _authenticators.append(authenticator)


def authenticate(authorization: str) -> Identity:
    """Return who an `Authorization` header belongs to, or raise `NotAuthenticated`. One query."""
    (authenticator,) = _authenticators
    return authenticator(authorization)
