"""The greeted sockets of this process, for what concerns all of them."""

from collections.abc import Sequence

from snappio.realtime.connections import Connection

_open: set[Connection] = set()


def add(connection: Connection) -> None:
    """Count a socket that was greeted."""
    _open.add(connection)


def remove(connection: Connection) -> None:
    """Forget a socket; nothing if it was not greeted."""
    _open.discard(connection)


def connections() -> Sequence[Connection]:
    """Return all that are open."""
    return tuple(_open)
