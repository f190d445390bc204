"""The kernel: errors, ids, clock, limits, pagination, HTTP glue."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    """Has no models and imports no other app."""

    name = "snappio.core"

    def ready(self) -> None:
        """Register the lookup `one_of`, and prepare SQLite whenever tables change."""
        # Fields can be imported only now.
        from snappio.core import lookups  # noqa: F401, PLC0415

        post_migrate.connect(write_ahead, sender=self)


def write_ahead(using: str, **arguments: Any) -> None:
    """Let readers of SQLite go on while somebody writes.

    The mode is kept in the file. Setting it on every connection instead would
    itself ask for the lock.
    """
    connection = connections[using]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
