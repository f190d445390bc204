"""uvicorn's HTTP protocol, with an end to what a request may say before its body.

uvicorn limits headers with its slower parser only. Without a limit one client
could fill memory, and a hundred thousand headers hold up everybody's sockets.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from snappio.core.limits import KIB

# Request line and headers together. The longest honest ones hold one token.
HEAD_BYTES = 64 * KIB
HEADERS = 200

MALFORMED = (
    b"400 Bad Request",
    b'{"detail":"Bad request.","code":"bad_request"}',
)
HEAD_TOO_LARGE = (
    b"431 Request Header Fields Too Large",
    b'{"detail":"The request has too many or too long headers.","code":"headers_too_large"}',
)


class _HeadTooLarge(Exception):
    pass


class HttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 with bounded headers; what is no HTTP is answered as JSON, too."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._in_head = True
        # What arrived before the head was complete, and what its headers amount to.
        self._arrived = self._header_bytes = 0
        self._refusal = MALFORMED

    def data_received(self, data: bytes) -> None:
        """Take bytes from the network; the parser calls the methods below."""
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        # A header that does not end never reaches `on_header`.
        self._arrived += len(data)
        if self._arrived > HEAD_BYTES:
            self._refusal = HEAD_TOO_LARGE
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._in_head = True
        self._arrived = self._header_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header, unless it is one too many."""
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value)
        if len(self.headers) > HEADERS or self._header_bytes > HEAD_BYTES:
            self._refusal = HEAD_TOO_LARGE
            # Stops the parser, which makes uvicorn send "400": see below.
            raise _HeadTooLarge

    def on_headers_complete(self) -> None:
        """Serve the request; its body has limits of its own."""
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse and close."""
        status, body = self._refusal
        lines = [
            b"HTTP/1.1 " + status,
            b"content-type: application/json",
            b"content-length: %d" % len(body),
            b"access-control-allow-origin: *",
            b"connection: close",
            b"",
            body,
        ]
        self.transport.write(b"\r\n".join(lines))
        self.transport.close()
