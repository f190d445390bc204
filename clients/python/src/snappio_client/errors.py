"""What can go wrong, as one tree.

    SnappioError
    ├── Refused                  a request was refused; `code` says why
    ├── ConnectionLost           the socket ended and coming back is right; the client does so
    │   ├── TokenExpired         … after a refresh
    │   └── EpochChanged         … without the revisions seen so far
    └── Ended                    it ended, and coming back at once would be wrong
        ├── ProtocolBroken       one of us said what the protocol does not know
        ├── SessionEnded         a bad token, signed out, banned
        ├── Displaced            another socket of the same device, or too many of them
        ├── HelloTooLate         no `hello` within 5 seconds
        ├── VersionUnknown       the server speaks none of our versions
        └── HandshakeRefused     what answers at this address is no socket for us

A program meets `Refused` and the branches of `Ended`; the rest stays inside.
"""


class SnappioError(Exception):
    """Anything that this package raises."""


class Refused(SnappioError):
    """The server refused a request.

    ``code`` is stable, ``retry`` says that the same may succeed later, ``after`` (in
    seconds) when; ``status`` is that of HTTP, or None on the socket.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry: bool = False,
        after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.retry = retry
        self.after = after
        self.status = status


class ConnectionLost(SnappioError):
    """The socket ended; ``code`` is its close code, 1006 if there was none."""

    def __init__(self, code: int = 1006, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class TokenExpired(ConnectionLost):
    """Refresh the token, then come back."""


class EpochChanged(ConnectionLost):
    """The database was restored from a backup: drop the revisions, then come back."""


class Ended(SnappioError):
    """The socket ended for good; ``code`` is its close code or the status of HTTP."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class ProtocolBroken(Ended):
    """One of us said what the protocol does not know."""


class SessionEnded(Ended):
    """The token is bad, or its session has ended."""


class Displaced(Ended):
    """There are too many sockets, or another one of the same device took this one's place."""


class HelloTooLate(Ended):
    """The greeting took longer than 5 seconds."""


class VersionUnknown(Ended):
    """There is no version in common."""


class HandshakeRefused(Ended):
    """What answers at this address will not open a socket for us."""


_BY_CODE: dict[int, type[ConnectionLost] | type[Ended]] = {
    4003: TokenExpired,
    4007: EpochChanged,
    4500: ProtocolBroken,
    4501: SessionEnded,
    4503: Displaced,
    4504: HelloTooLate,
    4505: VersionUnknown,
}
FIRST_FINAL_CODE = 4500


def of_close(code: int, reason: str = "") -> ConnectionLost | Ended:
    """Return the error that a close code means; codes yet unknown go by their number."""
    usual = Ended if code >= FIRST_FINAL_CODE else ConnectionLost
    return _BY_CODE.get(code, usual)(code, reason)
