"""What stands before HTTP when one process serves everything.

In a fleet the gateway does this. Embedded, a slow upload would otherwise hold one
of the few threads for as long as the client likes.
"""

import asyncio
import tempfile
from typing import IO, cast

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    HTTPScope,
    Scope,
)

from snappio.core.limits import MIB, current_limits

# Of a whole body; then the client may try again.
BODY_SECONDS = 120.0
CHUNK_BYTES = 256 * 1024

TOO_LARGE = b'{"detail":"The request is too large.","code":"too_large"}'
TOO_SLOW = b'{"detail":"The request took too long to arrive.","code":"too_slow"}'


class _TooLarge(Exception):
    pass


class _Gone(Exception):
    pass


class BodyGate:
    """Takes a request's whole body, of bounded size and time, before a thread is given to it."""

    def __init__(self, application: ASGI3Application) -> None:
        self._application = application

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Serve one request (ASGI)."""
        http = cast("HTTPScope", scope)
        # Waits in memory while it is small, else on disk.
        with tempfile.SpooledTemporaryFile(max_size=MIB) as body:
            try:
                _check_declared_length(http)
                async with asyncio.timeout(BODY_SECONDS):
                    length = await _take_body(body, receive)
            except _TooLarge:
                await _answer(send, 413, TOO_LARGE)
            except TimeoutError:
                await _answer(send, 408, TOO_SLOW)
            except _Gone:
                return
            else:
                body.seek(0)
                given = _Replayed(body, receive)
                await self._application(_with_length(http, length), given.receive, send)


def _check_declared_length(scope: HTTPScope) -> None:
    # The server has refused what is no number. Told now, a client need not send it.
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if int(declared) > current_limits().upload_bytes:
        raise _TooLarge


async def _take_body(body: IO[bytes], receive: ASGIReceiveCallable) -> int:
    length, more = 0, True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _Gone
        assert event["type"] == "http.request"
        length += len(event["body"])
        if length > current_limits().upload_bytes:
            raise _TooLarge
        body.write(event["body"])
        more = event["more_body"]
    return length


class _Replayed:
    """Gives a body that has arrived, then whatever the server says."""

    def __init__(self, body: IO[bytes], receive: ASGIReceiveCallable) -> None:
        self._body = body
        self._receive = receive
        self._is_over = False

    async def receive(self) -> ASGIReceiveEvent:
        if self._is_over:
            return await self._receive()
        chunk = self._body.read(CHUNK_BYTES)
        self._is_over = len(chunk) < CHUNK_BYTES
        return {"type": "http.request", "body": chunk, "more_body": not self._is_over}


def _with_length(scope: HTTPScope, length: int) -> HTTPScope:
    # A body sent in chunks gets the length that it turned out to have. Names with
    # an underscore are dropped: they could pass for a proxy's headers.
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name not in (b"content-length", b"transfer-encoding") and b"_" not in name
    ]
    if length:
        headers.append((b"content-length", str(length).encode()))
    return {**scope, "headers": headers}


async def answer_health(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer `/healthz` in a process that serves nothing else over HTTP (ASGI)."""
    path = cast("HTTPScope", scope)["path"].rstrip("/")
    if path == "/healthz":
        await _answer(send, 200, b'{"status":"ok"}')
    else:
        await _answer(send, 404, b'{"detail":"Not found.","code":"not_found"}')


async def _answer(send: ASGISendCallable, status: int, body: bytes) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                # What is left of a refused body must not be read as a request.
                (b"connection", b"close"),
                # No middleware comes this far, and web pages are to read refusals, too.
                (b"access-control-allow-origin", b"*"),
            ],
            "trailers": False,
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
