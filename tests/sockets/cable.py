"""A cable between a client and a house, which a test can cut, or make deaf."""

import asyncio
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit


class Cable:
    """Forwards TCP to a house at an address of its own.

    Without ``is_heard`` what the house says is thrown away: a request is carried out
    and its answer lost. Without ``is_plugged`` nobody gets through any more.
    """

    def __init__(self, house_url: str) -> None:
        self.is_heard = self.is_plugged = True
        self._house = urlsplit(house_url)
        self._ends: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"ws://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """End all connections, without a word."""
        for end in self._ends:
            end.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_plugged:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(
            self._house.hostname, self._house.port
        )
        ends = {writer, far_writer}
        self._ends |= ends
        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(
                self._forward(reader, far_writer), self._forward(far_reader, writer, is_back=True)
            )
        self._ends -= ends
        for end in ends:
            end.transport.abort()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_back: bool = False
    ) -> None:
        while data := await reader.read(65_536):
            if self.is_heard or not is_back:
                writer.write(data)
        writer.close()
