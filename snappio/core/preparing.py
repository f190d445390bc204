"""The cursor that hot reads use on PostgreSQL."""

from typing import Any, cast

import psycopg
from psycopg.abc import Loader
from psycopg.postgres import types
from psycopg.pq import Format

# psycopg's own loader of times, in C. Django's, in Python, exchanges the zone of each,
# which is UTC anyway: twenty calls for a page of posts.
_TIMES = types["timestamptz"].oid
_LOADER = cast("type[Loader]", psycopg.adapters.get_loader(_TIMES, Format.TEXT))


class PreparingCursor(psycopg.Cursor[Any]):
    """Sends a statement's text once per connection, then its values alone.

    Django's own cursor writes the values into the text, and PostgreSQL parses and
    plans it every time: measured at three times the work for a page of posts.
    """

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        super().__init__(connection)
        self.adapters.register_loader(_TIMES, _LOADER)
