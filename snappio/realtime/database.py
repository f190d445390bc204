"""Asking the database from the event loop: a few threads, so that the loop never waits."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar
from weakref import WeakSet

import psycopg.errors
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
# Whoever changes something may wait for a lock, which must not keep readers waiting.
CHANGING_THREADS = 2
CHANGING_LOCK_SECONDS = 1.0

_kept: "WeakSet[BaseDatabaseWrapper]" = WeakSet()


def keep_own_connection(*, lock_seconds: float | None = None) -> None:
    """Give this thread a connection of its own, outside the pool that requests share.

    Requests may have taken all of the pool, and after an outage it comes back
    late: it doubles its pause after every try that failed.

    With ``lock_seconds``, PostgreSQL waits no longer than that for any one lock
    (see `is_lock_timeout`); SQLite has no locks of single rows.
    """
    mine = connections[DEFAULT_DB_ALIAS]
    options = {
        name: value for name, value in mine.settings_dict["OPTIONS"].items() if name != "pool"
    }
    if lock_seconds is not None and mine.vendor == "postgresql":
        # Said when connecting, so it holds after every reconnection too.
        given = options.get("options", "")
        options["options"] = f"{given} -c lock_timeout={_milliseconds(lock_seconds)}".strip()
    mine.settings_dict = {**mine.settings_dict, "OPTIONS": options, "CONN_MAX_AGE": None}
    # `close_kept_connections` runs in another thread.
    mine.inc_thread_sharing()
    _kept.add(mine)


@contextmanager
def lock_timeout(seconds: float) -> Iterator[None]:
    """Have PostgreSQL wait for a lock no longer than that, on this thread's own connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [_milliseconds(seconds)])
    try:
        yield
    finally:
        # As it was when connecting. A connection that has died needs none of it.
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")


def is_lock_timeout(error: Exception) -> bool:
    """Say whether the database is there, and only a lock was not to be had in time."""
    return isinstance(error.__cause__, psycopg.errors.LockNotAvailable)


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def close_kept_connections() -> None:
    """Close what the threads of `in_database` have kept; they open it again when needed."""
    for kept in tuple(_kept):
        kept.close()


_threads = ThreadPoolExecutor(
    THREADS, thread_name_prefix="database", initializer=keep_own_connection
)


_changing_threads = ThreadPoolExecutor(
    CHANGING_THREADS,
    thread_name_prefix="changes",
    initializer=partial(keep_own_connection, lock_seconds=CHANGING_LOCK_SECONDS),
)


async def changed_in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that waits for locks in a thread of its own kind, and return its result.

    A lock that is not to be had in a second ends it with an `OperationalError`. It may
    be run twice, as `in_database`.
    """
    call = partial(function, *args, **kwargs)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_changing_threads, _with_fresh_connection, call)


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
    except AWAY as error:
        if not was_open or is_lock_timeout(error):
            raise
        connection.close()
        return call()
    finally:
        close_old_connections()
