"""Every way the domain may refuse, as one tree.

    DomainError
    ├── NotAuthenticated   401   nobody is signed in, or the proof is bad
    ├── Forbidden          403   signed in, but may not
    ├── NotFound           404   absent, or hidden from this viewer: both look alike
    ├── Conflict           409   the state of things has moved on
    ├── InvalidInput       400   the request itself is wrong; may name fields
    ├── TooLarge           413   more bytes than the limit
    ├── TooMany            429   too often; says when to come back
    └── Unavailable        503   a part we need is away; retrying is safe

Apps subclass these in their own `errors.py`, each with a stable ``code`` that
clients may rely on. One handler per transport turns them into answers
(`core.http.errors`, `realtime.connections`); nothing else catches them.
"""

from collections.abc import Mapping, Sequence

Fields = Mapping[str, Sequence[str]]


class DomainError(Exception):
    """A refusal with a stable code and a sentence for people."""

    status = 400
    code = "error"
    detail = "The request could not be carried out."

    def __init__(self, detail: str | None = None, *, code: str | None = None) -> None:
        self.detail = detail or self.detail
        self.code = code or self.code
        super().__init__(self.detail)


class NotAuthenticated(DomainError):
    """Nobody is signed in, or what proves it is bad."""

    status = 401
    code = "not_authenticated"
    detail = "Authentication credentials were not provided."


class Forbidden(DomainError):
    """The person is known and may not do this."""

    status = 403
    code = "permission_denied"
    detail = "You do not have permission to perform this action."


class NotFound(DomainError):
    """It does not exist, or the viewer may not know that it does."""

    status = 404
    code = "not_found"
    detail = "Not found."


class Conflict(DomainError):
    """What the request rests on has changed meanwhile."""

    status = 409
    code = "conflict"
    detail = "This does not fit the present state any more."


class InvalidInput(DomainError):
    """The request is wrong; ``fields`` says where, if that is known."""

    status = 400
    code = "invalid"
    detail = "Invalid input."

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        fields: Fields | None = None,
    ) -> None:
        super().__init__(detail, code=code)
        self.fields = fields


class TooLarge(DomainError):
    """More bytes than the limit allows."""

    status = 413
    code = "too_large"
    detail = "The request is too large."


class TooMany(DomainError):
    """Too often; ``retry_after`` is the wait in seconds until it may succeed."""

    status = 429
    code = "throttled"
    detail = "Request was throttled."

    def __init__(self, detail: str | None = None, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """Something we depend on is away for a moment; retrying is safe."""

    status = 503
    code = "unavailable"
    detail = "Temporarily unavailable, try again in a moment."
    retry_after = 2.0
