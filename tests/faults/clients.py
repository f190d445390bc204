"""Clients that talk and listen, and come back whenever they are cut off.

They do what a good app would on the two existing sockets: the echo is the
acknowledgement, nothing is sent twice, and a member's new socket asks for what came
after the last message that the old one brought.
"""

import asyncio
import json
import random
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.faults.fleet import Member, body_of, open_socket
from tests.faults.histories import Connection, Heard, History, Sent
from tests.house import Part

# A frozen process accepts nobody; then the other one is tried.
HANDSHAKE_SECONDS = 4
PAUSE_SECONDS = 0.1
CUT_OFF = (OSError, InvalidHandshake, ConnectionClosed, TimeoutError)


class Client:
    """One reader of one conversation, who also talks if ``per_second`` is not 0.

    Prefers the process ``home``, as a balancer's cookie would make it.
    """

    def __init__(
        self,
        name: str,
        *,
        conversation: str,
        path: str,
        member: Member | None,
        parts: Callable[[], Sequence[Part]],
        home: int,
        per_second: float,
        history: History,
        dice: random.Random,
    ) -> None:
        self.name = name
        self.conversation = conversation
        self.opened = 0
        self.is_away = False
        self._path = path
        self._member = member
        self._parts = parts
        self._home = home
        self._home_port = parts()[home % len(parts())].port
        self._per_second = per_second
        self._history = history
        self._dice = dice
        self._numbers = count(1)
        self._socket: ClientConnection | None = None
        self._connection: Connection | None = None
        self._last: int | None = None

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    async def listen(self) -> None:
        """Be connected for ever: at home, or elsewhere while that does not answer."""
        tries = 0
        while True:
            opened = self.opened
            with suppress(*CUT_OFF):
                await self._listen_once(self._home + tries)
            tries = tries + 1 if self.opened == opened else 0
            await asyncio.sleep(PAUSE_SECONDS * self._dice.uniform(0.5, 1.5))

    async def _listen_once(self, tries: int) -> None:
        parts = self._parts()
        part = parts[tries % len(parts)]
        self.is_away = part.port != self._home_port
        since = "" if self._last is None else f"?since={self._last}"
        async with open_socket(
            part.ws_url + self._path + since,
            self._member.access if self._member else None,
            open_timeout=HANDSHAKE_SECONDS,
            close_timeout=0.5,
            ping_interval=None,
        ) as opened:
            connection = self._record(opened)
            try:
                async for frame in opened:
                    body = body_of(json.dumps(json.loads(frame)["message"]))
                    connection.heard.append(Heard(body, time.time()))
            finally:
                # Guests are shown nothing older than their socket.
                self._last = connection.last if self._member else None
                connection.closed_at = time.time()
                self._socket = None

    def _record(self, opened: ClientConnection) -> Connection:
        assert opened.response is not None
        since = self._last
        if since is None:
            since = int(opened.response.headers["X-Last-Seq"])
        self._connection = Connection(
            self._history.next_number(), self.name, self.conversation, since, time.time()
        )
        self._history.connections.append(self._connection)
        self._socket = opened
        self.opened += 1
        return self._connection

    async def talk(self) -> None:
        """Say something now and then, whenever there is a socket."""
        while True:
            await asyncio.sleep(self._dice.expovariate(self._per_second))
            opened, connection = self._socket, self._connection
            if opened is None or connection is None:
                continue
            body = (self.name, next(self._numbers))
            self._history.sent.append(Sent(body, self.conversation, connection.number))
            with suppress(ConnectionClosed):
                await opened.send(json.dumps({"message": {"sender": body[0], "n": body[1]}}))

    @property
    def talks(self) -> bool:
        return self._per_second > 0

    @property
    def last(self) -> int:
        """The number of the last message that this client knows."""
        return self._connection.last if self._connection else 0

    def cut(self) -> None:
        """Reset the connection, as a network that changes does."""
        if self._socket is not None:
            reset(self._socket)


def reset(opened: ClientConnection) -> None:
    """End a connection with RST: unsent and unread bytes are lost, nobody says goodbye."""
    raw = opened.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    opened.transport.abort()
