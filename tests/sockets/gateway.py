"""A client of `/ws/` for tests: it says frames, and awaits those that it wants."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.people import Person

Frame = dict[str, Any]
PATH = "/ws/"


class Gateway:
    """One socket; ``heard`` keeps all frames in their order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[Frame] = []
        self._ids = itertools.count(1)

    async def say(self, type_: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": type_, **fields}))

    async def next(self, seconds: float = 5) -> Frame:
        """Return the next frame."""
        async with asyncio.timeout(seconds):
            text = await self.socket.recv()
        frame: Frame = json.loads(text)
        self.heard.append(frame)
        return frame

    async def until(
        self, type_: str, holds: Callable[[Frame], bool] = lambda _: True, seconds: float = 5
    ) -> Frame:
        """Return the next frame of a type for which something holds."""
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.next(seconds)
                if frame["type"] == type_ and holds(frame):
                    return frame

    async def hello(self, **fields: Any) -> list[Frame]:
        """Say hello; return all frames up to and with `ready`."""
        await self.say("hello", **{"version": 1, **fields})
        frames = [await self.next()]
        while frames[-1]["type"] != "ready":
            frames.append(await self.next())
        return frames

    async def ask(self, type_: str, **fields: Any) -> Frame:
        """Say a request and return its answer, an `ok` or an `error`."""
        number = next(self._ids)
        await self.say(type_, id=number, **fields)
        while True:
            frame = await self.next()
            if frame["type"] in ("ok", "error") and frame["id"] == number:
                return frame

    async def result(self, type_: str, **fields: Any) -> Any:
        """Say a request that must succeed and return its result."""
        answer = await self.ask(type_, **fields)
        assert answer["type"] == "ok", answer
        return answer["result"]

    async def code(self, type_: str, **fields: Any) -> str:
        """Say a request that must be refused and return why."""
        answer = await self.ask(type_, **fields)
        assert answer["type"] == "error", answer
        return str(answer["code"])

    async def has_silence(self) -> bool:
        """Say that nothing is under way: what answers a ping came after all else."""
        before = len(self.heard)
        await self.result("ping")
        return len(self.heard) == before + 1


def open_gateway(
    person: Person, *, base: str | None = None, token: bool = True
) -> "AbstractAsyncContextManager[Gateway]":
    """Open `/ws/`, with the person's token in the handshake unless told otherwise."""
    return _opened(person, base, person.access if token else None)


@asynccontextmanager
async def _opened(person: Person, base: str | None, token: str | None) -> AsyncIterator[Gateway]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = (base or person.house.ws) + PATH
    async with connect(address, additional_headers=headers, proxy=None, compression=None) as socket:
        yield Gateway(socket)


@asynccontextmanager
async def greeted(
    person: Person, *, base: str | None = None, **fields: Any
) -> AsyncIterator[Gateway]:
    """Open `/ws/` and say hello."""
    async with open_gateway(person, base=base) as gateway:
        await gateway.hello(**fields)
        yield gateway


def conversation_with(one: Person, other: Person) -> str:
    """Open the private chat of two and return its id."""
    answer = one.http.post("/conversations/", json={"username": other.username})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def subscribed(frames: list[Frame]) -> Mapping[str, Frame]:
    """Return what was subscribed, by conversation."""
    return {each["conversation"]: each for each in frames if each["type"] == "subscribed"}
