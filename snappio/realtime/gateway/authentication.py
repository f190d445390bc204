"""Asking who opens sockets, for many at a time: after a restart all come at once."""

from functools import partial

from snappio.realtime.connections import patiently
from snappio.realtime.gateway.identity import Identity, authenticate
from snappio.realtime.gathering import Gathering

HEADERS_TOGETHER = 256

_headers = Gathering[str, Identity](authenticate, most=HEADERS_TOGETHER)


async def authenticated(authorization: str) -> Identity:
    """Return who an `Authorization` header belongs to, waiting while the database is away.

    Raises `NotAuthenticated`; `TokenExpired` for a token that was good.
    """
    return await patiently(partial(_headers.ask, authorization))
