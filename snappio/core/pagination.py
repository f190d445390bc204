"""Keyset cursors: a page continues after the last row seen, however many were added since."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

from snappio.core.errors import InvalidInput

Row = TypeVar("Row")
Record = TypeVar("Record", bound=Model)

LARGEST_ID = 2**63 - 1
LONGEST_NUMBER = len(str(LARGEST_ID))


class BadCursor(InvalidInput):
    """The cursor was not made by this address."""

    code = "bad_cursor"
    detail = "Invalid cursor."


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of rows, and the cursor of the next page or None at the end."""

    rows: Sequence[Row]
    next_cursor: str | None


def page_of(rows: QuerySet[Record], limit: int) -> Page[Record]:
    """Return the first ``limit`` of ``rows``, which are in descending order of id. One query."""
    # One more than asked for tells whether there is a next page.
    found = list(rows[: limit + 1])
    shown = found[:limit]
    return Page(shown, encode_cursor(shown[-1].pk) if len(found) > limit else None)


def encode_cursor(*numbers: int) -> str:
    """Return the opaque cursor that continues after a row with these sort keys."""
    text = ".".join(map(str, numbers))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> int:
    """Return the id that ``cursor`` continues after, or raise `BadCursor`."""
    (last_id,) = decode_numbers(cursor, count=1)
    return last_id


def decode_numbers(cursor: str, *, count: int) -> tuple[int, ...]:
    """Return the ``count`` sort keys that ``cursor`` continues after, or raise `BadCursor`.

    A forged cursor gains nothing: it is a position, and every page filters by
    what the viewer may see.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadCursor from None
    parts = text.split(b".")
    # Plain ASCII digits only (int() alone would also take " 1_0 "), and few of
    # them: long strings take quadratic time.
    if len(parts) != count or not all(p.isdigit() and len(p) <= LONGEST_NUMBER for p in parts):
        raise BadCursor
    numbers = tuple(map(int, parts))
    if max(numbers) > LARGEST_ID:
        raise BadCursor
    return numbers
