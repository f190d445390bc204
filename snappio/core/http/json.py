"""JSON in and out of the HTTP API."""

from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

import orjson
from django.utils.functional import Promise
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from snappio.core.errors import TooLarge
from snappio.core.limits import current_limits


class OrjsonParser(BaseParser):
    """Reads JSON bodies of bounded size and depth; anything else is a 400."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = current_limits().body_bytes
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(f"The request is larger than {limit} bytes.")
        try:
            # orjson refuses nesting past 1,024, lone surrogates, NaN and a BOM.
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"JSON parse error - {error}") from None


class OrjsonRenderer(BaseRenderer):
    """Writes every answer as JSON, in UTF-8 without escapes."""

    media_type = "application/json"
    format = "json"
    # JSON is UTF-8 by definition; dio takes the bare type as JSON.
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        # What is wrong with a list is told by the places of its items, which are numbers.
        return orjson.dumps(data, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def encoded(value: Any) -> bytes:
    """Return ``value`` as JSON."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    # str subclasses of Django and DRF (ErrorDetail, SafeString, lazy texts).
    if isinstance(value, str | Promise):
        return str(value)
    # ReturnDict, ReturnList.
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


class AlwaysJson(BaseContentNegotiation):
    """Answers JSON whatever `Accept` says: the existing app sends none, others send anything."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Take the parser for the request's content type, or None for a 415."""
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((p for p in parsers if p.media_type == content_type), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Take the first renderer."""
        first = next(iter(renderers))
        return first, first.media_type or ""
