"""HTTP/1.1 over kept connections, one request at a time on each."""

import asyncio
import re
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
OK = b"HTTP/1.1 200 "


class BadAnswer(Exception):
    """Not the answer that was to be measured."""


class Client(asyncio.Protocol):
    """Asks again as soon as the last answer is there, and counts."""

    def __init__(self, path: str, authorization: str = "") -> None:
        head = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: */*"]
        if authorization:
            head.append(f"Authorization: {authorization}")
        head += ["", ""]
        self._request = "\r\n".join(head).encode()
        self._received = b""
        self.answers = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        length = _LENGTH.search(head)
        if not head.startswith(OK) or length is None:
            self._fail(head)
        elif len(body) >= int(length[1]):
            self.answers += 1
            self._received = b""
            self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(b"the connection ended")

    def close(self) -> None:
        """Ask nothing more."""
        self.ended.cancel()
        self._transport.close()

    def _fail(self, what: bytes) -> None:
        if not self.ended.done():
            self.ended.set_exception(BadAnswer(what[:200].decode("latin-1")))
