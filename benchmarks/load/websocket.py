"""WebSockets that cost the load next to nothing, so that the server is what is measured.

Frames out are built once. Frames in are counted, not parsed: messages are ASCII,
so the byte that opens a frame is nowhere else in them.
"""

import asyncio
import base64
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

OPENS_TEXT = b"\x81"
OPENS_PING = b"\x89"
PONG = 0x8A
MASKED = 0x80
# Masks nothing; the server unmasks as it would any other.
NO_MASK = b"\0\0\0\0"
SHORT = 126

STAMP = b"#"
STAMP_DIGITS = 16
HANDSHAKES_AT_ONCE = 50


class Refused(Exception):
    """The server refused a handshake."""


class Socket(asyncio.Protocol):
    """One open socket that counts what comes."""

    def __init__(self, path: str, authorization: str | None) -> None:
        self._path = path
        self._authorization = authorization
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_closed = False
        self.frames = 0
        self.transport: Any = None
        self._handshake = b""
        self._cut_ping = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        lines = [
            f"GET {self._path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        ]
        if self._authorization:
            lines.append(f"Authorization: {self._authorization}")
        self.transport.write("\r\n".join([*lines, "", ""]).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        if not self.opened.done():
            self.opened.set_exception(Refused(self._path))

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            data = self._after_handshake(data)
        if self._cut_ping or OPENS_PING in data:
            data = self._answer_pings(self._cut_ping + data)
        if count := data.count(OPENS_TEXT):
            self.frames += count
        self.hear(data)

    def hear(self, data: bytes) -> None:
        """Look at what came, whole frames or parts of them."""

    def send(self, frame: bytes) -> None:
        """Send a finished frame."""
        self.transport.write(frame)

    def _after_handshake(self, data: bytes) -> bytes:
        self._handshake += data
        head, end, rest = self._handshake.partition(b"\r\n\r\n")
        if not end:
            return b""
        if b" 101 " in head.partition(b"\r\n")[0]:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(Refused(f"{self._path}: {head[:40]!r}"))
        return rest

    def _answer_pings(self, data: bytes) -> bytes:
        # Servers ping every 20 s; an unanswered one closes the socket.
        before, _, after = data.partition(OPENS_PING)
        length = after[0] if after else 0
        if len(after) < 1 + length or not after:
            self._cut_ping = OPENS_PING + after
            return before
        self._cut_ping = b""
        payload, rest = after[1 : 1 + length], after[1 + length :]
        self.transport.write(bytes((PONG, MASKED | length)) + NO_MASK + payload)
        return before + (self._answer_pings(rest) if OPENS_PING in rest else rest)


class Writer(Socket):
    """Sends the next message as soon as its own last one came back."""

    def __init__(self, path: str, authorization: str | None, name: str) -> None:
        super().__init__(path, authorization)
        self.echoes = 0
        self._own = f'"{name}"'.encode()
        self.frame = text_frame(message(name))
        self._tail = b""
        self._is_writing = False

    def start(self) -> None:
        """Begin; from here on each echo brings the next message."""
        self._is_writing = True
        self.send(self.frame)

    def stop(self) -> None:
        """Send nothing more."""
        self._is_writing = False

    def send_stamped(self, at: float) -> None:
        """Send one message that carries the moment it was due."""
        digits = f"{int(at * 1e6):0{STAMP_DIGITS}}".encode()
        head, _, rest = self.frame.partition(STAMP)
        self.send(head + STAMP + digits + rest[STAMP_DIGITS:])

    def hear(self, data: bytes) -> None:
        seen = self._tail + data
        # Too short to hold the whole mark: nothing is counted twice.
        self._tail = seen[1 - len(self._own) :]
        if count := seen.count(self._own):
            self.echoes += count
            if self._is_writing:
                self.send(self.frame)


class Clocked(Writer):
    """Notes how long stamped messages took to get here."""

    def __init__(self, path: str, authorization: str | None, name: str) -> None:
        super().__init__(path, authorization, name)
        self.delays: list[float] = []
        self._cut = b""

    def hear(self, data: bytes) -> None:
        at = time.monotonic()
        _, *parts = (self._cut + data).split(STAMP)
        self._cut = b""
        if parts and len(parts[-1]) < STAMP_DIGITS:
            self._cut = STAMP + parts.pop()
        self.delays += [at - int(part[:STAMP_DIGITS]) / 1e6 for part in parts]


class Greeter(Socket):
    """Says hello on `/ws/`; open once it has heard `ready`."""

    READY = b'"type":"ready"'

    def __init__(self, path: str, authorization: str | None, hello: str) -> None:
        super().__init__(path, authorization)
        self._hello = text_frame(hello.encode())
        self._hello_at = 0.0
        # Seconds from hello to ready.
        self.ready_after = 0.0
        self._tail = b""

    def _after_handshake(self, data: bytes) -> bytes:
        if self._hello_at:
            self._look_for_ready(data)
            return data
        self._handshake += data
        head, end, rest = self._handshake.partition(b"\r\n\r\n")
        if end and b" 101 " in head.partition(b"\r\n")[0]:
            self._hello_at = time.monotonic()
            self.send(self._hello)
        elif end:
            self.opened.set_exception(Refused(f"{self._path}: {head[:40]!r}"))
        return rest

    def _look_for_ready(self, data: bytes) -> None:
        seen = self._tail + data
        self._tail = seen[1 - len(self.READY) :]
        if self.READY in seen:
            self.ready_after = time.monotonic() - self._hello_at
            self.opened.set_result(None)


class Talker(Greeter):
    """Sends its next message on `/ws/` as soon as the last one was acknowledged."""

    OK = b'"type":"ok"'

    def __init__(
        self, path: str, authorization: str | None, hello: str, conversation: str, name: str
    ) -> None:
        super().__init__(path, authorization, hello)
        self.echoes = 0
        self._conversation = conversation
        self._name = name
        self._count = 0
        self._cut = b""
        self._is_writing = False

    def start(self) -> None:
        """Begin; from here on each acknowledgement brings the next message."""
        self._is_writing = True
        self._send_next()

    def stop(self) -> None:
        """Send nothing more."""
        self._is_writing = False

    def hear(self, data: bytes) -> None:
        seen = self._cut + data
        self._cut = seen[1 - len(self.OK) :]
        if count := seen.count(self.OK):
            self.echoes += count
            if self._is_writing:
                self._send_next()

    def _send_next(self) -> None:
        self._count += 1
        # Always of the same length, which is none that could pass for an opening byte.
        number = f"{self._count:09}"
        text = "It is a truth universally acknowledged, that a single byte must be counted."
        head = f'{{"type":"send","id":{number.lstrip("0")},"conversation":"{self._conversation}",'
        body = f'"client_id":"{self._name}-{number}","text":"{text}"}}'
        self.send(text_frame((head + body).ljust(PADDED).encode()))


# Of a message on `/ws/`, whatever the digits of its numbers.
PADDED = 224


def message(name: str, *, padding: int = 0) -> bytes:
    """Return a frame's text as the existing app writes it; about 200 bytes."""
    stamp = STAMP + b"0" * STAMP_DIGITS
    text = stamp + b" It is a truth universally acknowledged, that a single byte must be counted."
    text += b"." * padding
    user = f'"user": "{name}", "time": "12:30", "isme": false'.encode()
    return b'{"message": {"data": "' + text + b'", ' + user + b"}}"


def text_frame(payload: bytes) -> bytes:
    """Return a client's text frame."""
    length = len(payload)
    # Otherwise the length could pass for the byte that opens a frame.
    assert length < SHORT or not {0x81, 0x89} & set(length.to_bytes(2))
    size = bytes((MASKED | length,)) if length < SHORT else b"\xfe" + length.to_bytes(2)
    return OPENS_TEXT + size + NO_MASK + payload


async def connect(port: int, sockets: Sequence[Callable[[], Socket]]) -> list[Any]:
    """Open sockets, some at a time; return once all handshakes are done."""
    gate = asyncio.Semaphore(HANDSHAKES_AT_ONCE)

    async def opened(make: Callable[[], Socket]) -> Socket:
        async with gate:
            loop = asyncio.get_running_loop()
            _, made = await loop.create_connection(make, "127.0.0.1", port)
            await made.opened
            return made

    return await asyncio.gather(*map(opened, sockets))
