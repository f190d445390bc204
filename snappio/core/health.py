"""Whether this process can serve requests."""

import logging
from functools import lru_cache

import redis
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from snappio.core.redis import command_client

logger = logging.getLogger(__name__)

OK = "ok"
# Redis holds no truth: without it things are slower and counted per process.
DEGRADED = "degraded"
DOWN = "unavailable"


def report() -> dict[str, str]:
    """Return a word for each part, and under ``status`` the sum of them."""
    database = _database()
    migrations = _migrations() if database == OK else "unknown"
    broker = _redis()
    status = DEGRADED if broker == "away" else OK
    if database != OK or migrations != OK:
        status = DOWN
    return {"status": status, "database": database, "migrations": migrations, "redis": broker}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("Not ready: the database is away (%s).", type(error).__name__)
        return "away"
    return OK


def _migrations() -> str:
    try:
        _require_migrated()
    except (DatabaseError, MigrationsMissing):
        return "missing"
    return OK


class MigrationsMissing(Exception):
    """The code is ahead of the tables."""


@lru_cache(maxsize=1)
def _require_migrated() -> None:
    # Only success is remembered: what is applied stays applied, and looking
    # costs reading every migration.
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise MigrationsMissing


def _redis() -> str:
    client = command_client()
    if client is None:
        return "none"
    try:
        client.ping()
    except redis.RedisError:
        return "away"
    return OK
