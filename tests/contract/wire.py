"""HTTP as bytes on a connection, for what no client library would send."""

import json
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

SECONDS = 30


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@contextmanager
def connection(url: str, *, seconds: float = SECONDS) -> Iterator[socket.socket]:
    """Connect to where ``url`` is served."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), seconds) as opened:
        yield opened


def head(url: str, method: str, path: str, headers: Iterable[bytes] = ()) -> bytes:
    """Write a request's line and headers, ``host`` among them, and the empty line."""
    lines = [f"{method} {path} HTTP/1.1".encode(), f"host: {urlsplit(url).netloc}".encode()]
    return b"\r\n".join([*lines, *headers, b"", b""])


def exchange(
    url: str, method: str, path: str, headers: Iterable[bytes] = (), body: bytes = b""
) -> Reply:
    """Send a request exactly as given (without any header but ``host``) and read the answer."""
    with connection(url) as opened:
        return answer_to(opened, head(url, method, path, headers) + body, method)


def answer_to(opened: socket.socket, request: bytes, method: str = "GET") -> Reply:
    """Send the last bytes of a request and read the answer."""
    # Refused before all of it was sent: the answer is there already.
    with suppress(BrokenPipeError, ConnectionResetError):
        opened.sendall(request)
    return read(opened, method)


def read(opened: socket.socket, method: str = "GET") -> Reply:
    """Read one answer."""
    with HTTPResponse(opened, method=method) as response:
        response.begin()
        return Reply(response.status, response.headers, response.read())


def is_closed(opened: socket.socket, *, seconds: float = SECONDS) -> bool:
    """Say whether the server closes the connection within so many seconds."""
    opened.settimeout(seconds)
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            if not opened.recv(65_536):
                return True
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True
    return False


def in_chunks(body: bytes, size: int = 65_536) -> bytes:
    """Write a body in chunks (`transfer-encoding: chunked`)."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
