"""Who opens a socket; accounts says who a token belongs to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from snappio.core.errors import DomainError, NotAuthenticated


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


Authenticator = Callable[[Sequence[str]], Sequence[Identity | DomainError]]

_authenticators: list[Authenticator] = []


def register_authenticator(authenticator: Authenticator) -> None:
    """Name the function that reads `Authorization` headers; called once, by accounts.

    It returns `NotAuthenticated` for a bad token, `TokenExpired` for one that was good, and
    `Forbidden` for one that is good for other things.
    """
    _authenticators.append(authenticator)


def authenticate(authorizations: Sequence[str]) -> Sequence[Identity | DomainError]:
    """Return who each `Authorization` header belongs to, or why it is nobody. One query."""
    (authenticator,) = _authenticators
    return authenticator(authorizations)
