"""Paged lists as bare arrays with a `Link` header (RFC 8288)."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from snappio.core.errors import InvalidInput
from snappio.core.http.addresses import public_url
from snappio.core.http.json import OrjsonRenderer, encoded
from snappio.core.pagination import LARGEST_ID, decode_cursor

# Long digit strings take quadratic time to read.
LONGEST_NUMBER = 20


def number_in(request: Request, name: str) -> int | None:
    """Return ``?name=`` as an integer, or None where it is not given; no number is a 400."""
    given = request.query_params.get(name)
    if given is None or given == "":
        return None
    digits = given.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > LONGEST_NUMBER:
        raise InvalidInput(fields={name: ["A valid integer is required."]})
    # Databases know no larger ones; what lies beyond means "past the end" anyway.
    return max(-LARGEST_ID, min(int(given), LARGEST_ID))


def page_size(request: Request, *, default: int, largest: int) -> int:
    """Return ``?limit=`` clamped to 1…``largest``; a limit that is no number is a 400."""
    given = number_in(request, "limit")
    return default if given is None else max(1, min(given, largest))


def position(request: Request) -> int | None:
    """Return the id that ``?cursor=`` continues after, or None for the first page."""
    cursor = request.query_params.get("cursor")
    return decode_cursor(cursor) if cursor else None


def answer_page(request: Request, items: Collection[Any], next_cursor: str | None) -> HttpResponse:
    """Answer the items as an array; the next page's address is in ``Link``."""
    # Not DRF's `Response`, whose template machinery costs more than writing the JSON.
    response = HttpResponse(encoded(items), content_type=OrjsonRenderer.media_type)
    if next_cursor:
        set_links(response, request, next={**request.query_params.dict(), "cursor": next_cursor})
    return response


def set_links(
    response: HttpResponseBase, request: Request, **relations: Mapping[str, object]
) -> None:
    """Name other parts of this list in ``Link``, each by the parameters that ask for it."""
    addresses = {
        relation: public_url(request, f"{request.path}?{urlencode(parameters)}")
        for relation, parameters in relations.items()
    }
    if addresses:
        response["Link"] = ", ".join(
            f'<{address}>; rel="{relation}"' for relation, address in addresses.items()
        )
