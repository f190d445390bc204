"""Asking the database from the event loop: a few threads, so that the loop never waits."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar
from weakref import WeakSet

from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
)
from django.db.backends.base.base import BaseDatabaseWrapper

P = ParamSpec("P")
T = TypeVar("T")

# Reads of a socket process are short; more threads would only hold connections.
THREADS = 4
AWAY = (OperationalError, InterfaceError)

_kept: "WeakSet[BaseDatabaseWrapper]" = WeakSet()


def keep_own_connection() -> None:
    """Give this thread a connection of its own, outside the pool that requests share.

    Requests may have taken all of the pool, and after an outage it comes back
    late: it doubles its pause after every try that failed.
    """
    mine = connections[DEFAULT_DB_ALIAS]
    options = {
        name: value for name, value in mine.settings_dict["OPTIONS"].items() if name != "pool"
    }
    mine.settings_dict = {**mine.settings_dict, "OPTIONS": options, "CONN_MAX_AGE": None}
    # `close_kept_connections` runs in another thread.
    mine.inc_thread_sharing()
    _kept.add(mine)


def close_kept_connections() -> None:
    """Close what the threads of `in_database` have kept; they open it again when needed."""
    for kept in tuple(_kept):
        kept.close()


_threads = ThreadPoolExecutor(
    THREADS, thread_name_prefix="database", initializer=keep_own_connection
)


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that uses the ORM in a database thread, and return its result.

    It may be run twice: a connection that was kept may have died since.
    """
    call = partial(function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_threads, _with_fresh_connection, call)


def _with_fresh_connection(call: Callable[[], T]) -> T:
    close_old_connections()
    was_open = connection.connection is not None
    try:
        return call()
    except AWAY:
        if not was_open:
            raise
        connection.close()
        return call()
    finally:
        close_old_connections()
