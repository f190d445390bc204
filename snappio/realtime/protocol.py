"""uvicorn's WebSocket protocol, with a door for fan-out that never waits.

Plain ASGI offers only `await send()`: awaiting it for each of a thousand readers
lets the slowest stall all, and a task per reader costs more than the message.
This subclass puts an `Outbox` into the scope; it writes finished frames straight
to the transport, sees how much a reader has left unread, and can cut it off.
"""

import socket
import time
from functools import cached_property
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from snappio.core.limits import KIB, MIB, Rate
from snappio.core.rates import MemoryBuckets

EXTENSION = "snappio.outbox"

# A reader may leave this much unread before it is cut off; it resumes by number.
UNREAD_BYTES = MIB
# … or anything at all for this long without reading a byte.
STALLED_SECONDS = 12

# What the kernel takes for a reader before anything is left unread. On its own it
# takes up to 4 MiB, out of our sight, and a stalled reader is noticed that much later.
KERNEL_BYTES = 128 * KIB

SHORT = 126
MEDIUM = 65_536

# Control frames cost us an answer each; no honest client pings ten times a second.
PINGS = Rate(10, 1, burst=40)


def text_frame(payload: bytes) -> bytes:
    """Return one unmasked, unfragmented text frame (RFC 6455 §5.2)."""
    length = len(payload)
    if length < SHORT:
        return bytes((0x81, length)) + payload
    if length < MEDIUM:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


class Outbox:
    """What goes out on one socket, without waiting for its reader."""

    __slots__ = ("_held", "_held_bytes", "_protocol", "_read_at", "_unread", "_written")

    def __init__(self, protocol: "SocketProtocol") -> None:
        self._protocol = protocol
        self._held: list[bytes] | None = None
        self._held_bytes = 0
        self._written = 0
        self._unread = 0
        self._read_at = time.monotonic()

    def send(self, frames: bytes) -> None:
        """Write finished frames, or cut the reader off if too much lies unread. Never raises."""
        if self._held is not None:
            self._hold(frames)
            return
        protocol = self._protocol
        if protocol.close_sent or protocol.disconnected or protocol.transport.is_closing():
            return
        protocol.transport.write(frames)
        self._written += len(frames)
        if protocol.transport.get_write_buffer_size() > UNREAD_BYTES:
            self.abort()

    def hold(self) -> None:
        """Keep what is sent from now on until `release`, while older messages are caught up."""
        self._held = []

    def release(self) -> None:
        """Send what was held, and go on live."""
        frames, self._held, self._held_bytes = self._held or [], None, 0
        if frames:
            self.send(b"".join(frames))

    def _hold(self, frames: bytes) -> None:
        assert self._held is not None
        self._held.append(frames)
        self._held_bytes += len(frames)
        if self._held_bytes > UNREAD_BYTES:
            self.abort()

    def is_stalled(self, at: float) -> bool:
        """Say whether nothing was read for `STALLED_SECONDS` though something was there.

        To be asked every few seconds (``at`` in `time.monotonic`'s seconds).
        """
        if self._protocol.disconnected or self._protocol.transport.is_closing():
            return False
        unread = self._protocol.transport.get_write_buffer_size()
        # The reader got on if less lies there than before plus what came since.
        if unread == 0 or unread < self._unread + self._written:
            self._read_at = at
        self._unread, self._written = unread, 0
        return at - self._read_at > STALLED_SECONDS

    def abort(self) -> None:
        """Drop the connection at once: a close frame would wait behind what lies unread."""
        self._held = None
        self._protocol.transport.abort()


class SocketProtocol(WebSocketsSansIOProtocol):
    """The protocol that `manage.py serve` and `manage.py sockets` give to uvicorn."""

    @cached_property
    def _pings(self) -> MemoryBuckets:
        # Made at the first ping: most clients only answer ours.
        return MemoryBuckets(capacity=1)

    def handle_connect(self, event: Request) -> None:
        """Put the outbox into the scope before the application sees it."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            wire = self.transport.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
            extensions = cast("dict[str, Any]", self.scope["extensions"])
            extensions[EXTENSION] = Outbox(self)

    def handle_ping(self) -> None:
        """Answer a ping; a flood of them closes with 1008."""
        if self._pings.wait("pings", PINGS):
            self.fail(1008, "too many pings")
        else:
            super().handle_ping()

    def send_receive_event_to_app(self) -> None:
        """Hand a whole message on; text that is no UTF-8 closes with 1007, without a traceback."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.fail(1007, "text is not UTF-8")
                return
        super().send_receive_event_to_app()

    def fail(self, code: int, reason: str) -> None:
        """Close because of what the peer did."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.fail(code, reason)
        self.handle_parser_exception()
