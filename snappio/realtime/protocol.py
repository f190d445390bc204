"""uvicorn's WebSocket protocol, with a door for fan-out that never waits.

Plain ASGI offers only `await send()`: awaiting it for each of a thousand readers
lets the slowest stall all, and a task per reader costs more than the message.
This subclass puts an `Outbox` into the scope; it writes finished frames straight
to the transport, sees how much a reader has left unread, and can cut it off.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Literal, cast

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from snappio.core.limits import KIB, MIB, Rate
from snappio.core.rates import MemoryBuckets

# Not uvicorn's own logger: that one writes every handshake with its query string, in
# which a client may have put a token, and at DEBUG every frame.
logger = logging.getLogger(__name__)
logger.setLevel(logging.WARNING)

EXTENSION = "snappio.outbox"

# A reader may leave this much unread before it is cut off; it resumes by number.
UNREAD_BYTES = MIB
# … or anything at all for this long without reading a byte.
STALLED_SECONDS = 12

# Beyond this nothing is added that may be lost.
BUSY_BYTES = 64 * KIB

# What the kernel takes for a reader before anything is left unread. On its own it
# takes up to 4 MiB, out of our sight, and a stalled reader is noticed that much later.
KERNEL_BYTES = 128 * KIB

SHORT = 126
MEDIUM = 65_536

# Control frames cost us an answer each; no honest client pings ten times a second.
PINGS = Rate(10, 1, burst=40)
# Of one message. Empty ones add nothing to its size and could come for ever.
FRAGMENTS = 1_000
# A peer that is still sending gets this long to read why we closed.
LINGER_SECONDS = 2.0

BAD_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def text_frame(payload: bytes) -> bytes:
    """Return one unmasked, unfragmented text frame (RFC 6455 §5.2)."""
    length = len(payload)
    if length < SHORT:
        return bytes((0x81, length)) + payload
    if length < MEDIUM:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


class Outbox:
    """What goes out on one socket, without waiting for its reader.

    ``member_id`` is None for guests. ``on_dropped`` is told the topics that the member
    may not listen to any more, and the last revision that was heard of each.
    """

    __slots__ = (
        "_held",
        "_held_bytes",
        "_holds",
        "_protocol",
        "_read_at",
        "_unread",
        "_written",
        "member_id",
        "on_dropped",
    )

    def __init__(self, protocol: "SocketProtocol") -> None:
        self._protocol = protocol
        self.member_id: int | None = None
        self.on_dropped: Callable[[str, int], None] | None = None
        self._held: list[bytes] | None = None
        self._held_bytes = 0
        self._holds = 0
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

    def send_if_idle(self, frames: bytes) -> None:
        """Write what may be lost, unless much lies unread or is held."""
        if self._held is None and self._protocol.transport.get_write_buffer_size() <= BUSY_BYTES:
            self.send(frames)

    def dropped(self, topic: str, revision: int) -> None:
        """Tell the socket's owner that a topic is not delivered behind this revision."""
        if self.on_dropped is not None:
            self.on_dropped(topic, revision)

    async def send_patiently(self, frames: bytes) -> None:
        """Write finished frames as fast as the reader reads, past what is held.

        Raises `ConnectionError` once the reader is gone.
        """
        protocol = self._protocol
        await protocol.writable.wait()
        if protocol.close_sent or protocol.disconnected or protocol.transport.is_closing():
            raise ConnectionResetError
        protocol.transport.write(frames)
        self._written += len(frames)

    @property
    def has_held(self) -> bool:
        """Whether something waits for a `release`."""
        return bool(self._held)

    def hold(self) -> None:
        """Keep what is sent from now on until `release`, while older messages are caught up.

        Whoever holds while somebody else does waits for both releases.
        """
        self._holds += 1
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Send what was held, and go on live."""
        self._holds -= 1
        if self._holds:
            return
        frames, self._held, self._held_bytes = self._held or [], None, 0
        if frames:
            self.send(b"".join(frames))

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Hold, and release at the end."""
        self.hold()
        try:
            yield
        finally:
            self.release()

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


class _Incoming:
    """What an `asyncio.Queue` does for one reader, in a tenth of its 3 KB.

    Most sockets say nothing, and there are thousands.
    """

    __slots__ = ("_events", "_waiter")

    def __init__(self) -> None:
        self._events: list[ASGIReceiveEvent] = []
        self._waiter: asyncio.Future[None] | None = None

    def put_nowait(self, event: ASGIReceiveEvent) -> None:
        """Add an event. There are never many: uvicorn stops reading behind one."""
        self._events.append(event)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def empty(self) -> bool:
        """Say whether nothing waits."""
        return not self._events

    async def get(self) -> ASGIReceiveEvent:
        """Return the next event, waiting for it."""
        while not self._events:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._events.pop(0)


class _Writable:
    """What an `asyncio.Event` does, which is made only while the transport takes no more."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: asyncio.Event | None = None

    def set(self) -> None:
        """Let all who wait go on."""
        if self._event is not None:
            self._event.set()
            self._event = None

    def clear(self) -> None:
        """Have everybody wait."""
        if self._event is None:
            self._event = asyncio.Event()

    async def wait(self) -> Literal[True]:
        """Return at once, or when it is set."""
        if self._event is not None:
            await self._event.wait()
        return True


class SocketProtocol(WebSocketsSansIOProtocol):
    """The protocol that `manage.py serve` and `manage.py sockets` give to uvicorn."""

    @cached_property
    def _controls(self) -> MemoryBuckets:
        # Made at the first ping: most clients only answer ours.
        return MemoryBuckets(capacity=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = self.conn.logger = logger
        self.conn.debug = False
        self._has_failed = False
        self.queue = cast("asyncio.Queue[ASGIReceiveEvent]", _Incoming())
        self.writable = cast("asyncio.Event", _Writable())

    def start_keepalive(self) -> None:
        """Forget the handshake, which was answered and is kilobytes."""
        super().start_keepalive()
        # The parser, which goes on, holds the request.
        self.request.headers.clear()
        del self.request, self.response
        # The same list is in the copies of the scope that routing has made.
        cast("list[tuple[bytes, bytes]]", self.scope["headers"]).clear()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer; after a failure, only to let it read our close frame."""
        if self._has_failed:
            return
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            # uvicorn gives no answer to headers that are too many or too long.
            self._has_failed = True
            self.transport.write(BAD_HANDSHAKE)
            self.transport.close()

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
        if self._controls.wait("controls", PINGS):
            self.fail(1008, "too many pings")
        else:
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Take a pong; they count as pings, since nobody asked for most of a flood."""
        if self._controls.wait("controls", PINGS):
            self.fail(1008, "too many pongs")
        else:
            super().handle_pong(event)

    def handle_close(self, event: Frame) -> None:
        """Take a close frame; one that comes before our answer ends the handshake."""
        if self.handshake_complete:
            super().handle_close(event)
        else:
            self._drop_handshake()

    def _drop_handshake(self) -> None:
        self._has_failed = True
        # Nobody waits for an answer any more, not even for a 500.
        self.handshake_complete = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": ""})
        self.transport.close()

    def handle_cont(self, event: Frame) -> None:
        """Take one more fragment; a message of very many closes with 1009."""
        if len(self.frames) >= FRAGMENTS:
            self.frames = []
            self.fail(1009, "too many fragments")
        else:
            super().handle_cont(event)

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

    def handle_parser_exception(self) -> None:
        """Tell the application and the peer, and drop the connection a moment later.

        Closed at once with bytes of the peer still unread, TCP would reset the
        connection, and the close frame with its code would be lost.
        """
        if self._has_failed:
            return
        self._has_failed = True
        self.stop_keepalive()
        close = self.conn.close_sent
        if close is None:
            # The handshake was not even answered: there is no frame to send.
            self._drop_handshake()
            return
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": close.code, "reason": close.reason}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.write_eof()
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # While it is set, uvicorn leaves the transport open though the application ends.
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
