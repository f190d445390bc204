"""Django's PostgreSQL with a pool that a restart of the server costs no request.

The pool notices a dead connection only in the request that is given it. Its own
check (`CONN_HEALTH_CHECKS`) costs every request a round trip, and waits a second
after a dead connection, two after the next, then four: with a full pool the first
requests after a restart time out.
"""

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """Gives out no connection that has died in the pool."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection that is alive, as far as is known here."""
        given = super().get_new_connection(conn_params)
        if self.pool is None or _is_alive(given):
            return given
        # What ended one has probably ended others: all are looked at, at once.
        self.pool.putconn(given)
        self.pool.check()
        return super().get_new_connection(conn_params)


def _is_alive(connection: "psycopg.Connection[Any]") -> bool:
    try:
        # A server that ends, or dies, leaves something to read. Where there is
        # nothing, no round trip is needed.
        if _has_unread(connection.fileno()):
            ConnectionPool.check_connection(connection)
    except psycopg.OperationalError:
        return False
    return True


def _has_unread(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
