"""A client that speaks WebSocket byte by byte, so that it can also speak it wrongly."""

import asyncio
import base64
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from tests.people import Person

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0
MASK = b"\x00\x00\x00\x00"


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    masked: bool = True,
    reserved: int = 0,
    length: int | None = None,
) -> bytes:
    """Return one client frame; ``length`` is what its header claims, if that is a lie."""
    size = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    bit = 0x80 if masked else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65_536:
        head += bytes([bit | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + size.to_bytes(8, "big")
    # A mask of zeros leaves the payload as it is.
    return head + (MASK if masked else b"") + payload


def text(message: str, **options) -> bytes:
    return frame(TEXT, message.encode(), **options)


def handshake(
    path: str | bytes,
    host: str,
    *headers: tuple[str, str],
    version: str = "HTTP/1.1",
    without: Sequence[str] = (),
) -> bytes:
    """Return the bytes that ask for a socket, less the headers named in ``without``."""
    raw = path if isinstance(path, bytes) else path.encode()
    usual = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    lines = [(name, value) for name, value in usual.items() if name not in without]
    written = "".join(f"{name}: {value}\r\n" for name, value in [*lines, *headers])
    return b"GET " + raw + f" {version}\r\n".encode() + written.encode("latin-1") + b"\r\n"


@dataclass
class Wire:
    """One TCP connection to a process that serves sockets."""

    base: str
    status: int = 0
    head: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return urlsplit(self.base).netloc

    async def __aenter__(self) -> Self:
        address = urlsplit(self.base)
        self.reader, self.writer = await asyncio.open_connection(address.hostname, address.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()

    async def open(self, path: str | bytes, *headers: tuple[str, str], **options) -> int:
        """Shake hands and return the status of the answer."""
        self.write(handshake(path, self.host, *headers, **options))
        return await self.answer()

    async def answer(self, seconds: float = 10) -> int:
        """Read an HTTP answer's head and return its status; 0 if there was none."""
        async with asyncio.timeout(seconds):
            try:
                self.head = await self.reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return 0
        first, *lines = self.head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self.status = int(first.split()[1])
        return self.status

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def read_frame(self, seconds: float = 10) -> tuple[int, bytes]:
        """Return the next frame's opcode and payload."""
        async with asyncio.timeout(seconds):
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(length)

    async def read_text(self, seconds: float = 10) -> str:
        opcode, payload = await self.read_frame(seconds)
        assert opcode == TEXT, (opcode, payload)
        return payload.decode()

    async def close_code(self, seconds: float = 10) -> int | None:
        """Read on to the end; return the code of the server's close frame, or None without one."""
        async with asyncio.timeout(seconds):
            try:
                while True:
                    opcode, payload = await self.read_frame(seconds)
                    if opcode == CLOSE:
                        return int.from_bytes(payload[:2], "big") if payload else 1005
            except (asyncio.IncompleteReadError, ConnectionError):
                return None


def bearer(person: Person) -> tuple[str, str]:
    return "Authorization", f"Bearer {person.access}"
