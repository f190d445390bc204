"""One socket for each installation: the newest takes the place of the others.

A phone that lost its network opens a socket while the server still keeps the old one.
What it names as its `device` tells that they are the same, in any process.
"""

import time

import msgspec

from snappio.realtime.connections import Connection
from snappio.realtime.gateway import codes
from snappio.realtime.publishing import publish_rollback_unsafe

CHANNEL = "control:devices"


class _Entered(msgspec.Struct, frozen=True, array_like=True):
    user_id: int
    device: str
    # Nanoseconds; two that come at the same moment must not end each other.
    at: int


_open: dict[tuple[int, str], tuple[int, Connection]] = {}
_names: dict[Connection, tuple[int, str]] = {}
_decoder = msgspec.json.Decoder(_Entered)


def enter(connection: Connection, user_id: int, device: str) -> None:
    """Note the socket of a device, and end older ones everywhere; nothing without a name."""
    if not device:
        return
    at = time.time_ns()
    _end_older(user_id, device, at)
    _open[user_id, device] = at, connection
    _names[connection] = user_id, device
    entered = _Entered(user_id, device, at)
    publish_rollback_unsafe([(CHANNEL, msgspec.json.encode(entered))])


def forget(connection: Connection) -> None:
    """Forget a socket that has closed."""
    name = _names.pop(connection, None)
    if name is not None and _open[name][1] is connection:
        del _open[name]


def hear(payload: bytes) -> None:
    """Take the word of a device that entered somewhere."""
    entered = _decoder.decode(payload)
    _end_older(entered.user_id, entered.device, entered.at)


def _end_older(user_id: int, device: str, at: int) -> None:
    since, connection = _open.get((user_id, device), (at, None))
    if connection is not None and since < at:
        connection.close(codes.TOO_MANY_SOCKETS)
