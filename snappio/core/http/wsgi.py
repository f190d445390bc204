"""What must be settled before Django makes a request of it."""

import tempfile
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import IO
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

import orjson
from django.utils.http import parse_header_parameters

from snappio.core.errors import TooLarge
from snappio.core.limits import MIB, current_limits

UTF8 = frozenset({"utf-8", "utf8", "us-ascii"})
CHUNK_BYTES = 256 * 1024


def utf8_only(application: WSGIApplication) -> WSGIApplication:
    """Wrap ``application``: 415 for a request that says it is in another encoding than UTF-8.

    Python takes `charset=rot13` for an encoding, and Django then fails while it
    makes the request: no middleware sees it, and the server answers 500.
    """

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        _, parameters = parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        if parameters.get("charset", "utf-8").lower() in UTF8:
            return application(environ, start_response)
        return _refuse(
            start_response,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Requests must be encoded in UTF-8.",
            "unsupported_charset",
        )

    return wrapped


def measured_body(application: WSGIApplication) -> WSGIApplication:
    """Wrap ``application``: a body sent in chunks gets the length it turns out to have.

    Django reads as many bytes as were declared, so it would take such a body for
    an empty one. Embedded, `core.http.gate.BodyGate` has measured it already.
    """

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH") or not environ.get("HTTP_TRANSFER_ENCODING"):
            return application(environ, start_response)
        # Waits in memory while it is small, else on disk.
        with tempfile.SpooledTemporaryFile(max_size=MIB) as body:
            length = _copy(environ["wsgi.input"], body)
            if length > current_limits().upload_bytes:
                status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                return _refuse(start_response, status, TooLarge.detail, TooLarge.code)
            body.seek(0)
            given = {**environ, "wsgi.input": body, "CONTENT_LENGTH": str(length)}
            return application(given, start_response)

    return wrapped


def whole_body(application: WSGIApplication) -> WSGIApplication:
    """Wrap ``application``: what it left of a body is read before its answer goes out.

    A refusal often needs no body. But where one is still coming, the server closes the
    connection behind the answer, and a client that goes on using it has its next request
    lost. An upload is not waited for: it may be larger than all that is allowed.
    """

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = _length_of(environ)
        if not length:
            return application(environ, start_response)
        body = _Counted(environ["wsgi.input"])
        answer = application({**environ, "wsgi.input": body}, start_response)
        # Not more than there is: for that a server may wait for ever (PEP 3333).
        left = length - body.taken
        if 0 < left <= current_limits().body_bytes:
            with suppress(OSError):
                body.read(left)
        return answer

    return wrapped


class _Counted:
    """A body, and how much of it was taken."""

    def __init__(self, stream: InputStream) -> None:
        self._stream = stream
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, fewer at the end."""
        return self._count(self._stream.read(size))

    def readline(self, size: int = -1) -> bytes:
        """Return a line, or so many bytes of it."""
        return self._count(self._stream.readline(size))

    def _count(self, chunk: bytes) -> bytes:
        self.taken += len(chunk)
        return chunk


def _length_of(environ: WSGIEnvironment) -> int:
    """Return the declared length of the body, or 0; one sent in chunks is measured elsewhere."""
    try:
        return max(0, int(environ.get("CONTENT_LENGTH") or 0))
    except ValueError:
        return 0


def _copy(source: InputStream, body: IO[bytes]) -> int:
    """Copy until the end or just past the limit, and return how much it was."""
    length = 0
    while length <= current_limits().upload_bytes and (chunk := source.read(CHUNK_BYTES)):
        body.write(chunk)
        length += len(chunk)
    return length


def _refuse(
    start_response: StartResponse, status: HTTPStatus, detail: str, code: str
) -> Iterable[bytes]:
    body = orjson.dumps({"detail": detail, "code": code})
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        # No middleware comes this far, and web pages are to read refusals, too.
        ("Access-Control-Allow-Origin", "*"),
    ]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
