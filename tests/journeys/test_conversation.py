"""The conversation that the protocol's page shows is what the server says."""

import asyncio
import json
import signal
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from config.env import BASE_DIR
from tests.house import House
from tests.journeys import script
from tests.people import Person

PAGE = BASE_DIR / "docs" / "realtime.md"
HEADING = "A conversation from beginning to end"
SECONDS = 20


class Actor:
    """A member of the example: what they say is sent, what they hear is compared."""

    def __init__(self, person: Person, stage: "Stage") -> None:
        self.person = person
        self._stage = stage
        self._socket: ClientConnection | None = None
        # What came while something else was waited for: answers, and all else in order.
        self._answers: deque[dict[str, Any]] = deque()
        self._heard: deque[dict[str, Any]] = deque()
        self._answer: tuple[int, Any] = (0, None)

    async def open(self) -> None:
        house = self.person.house
        self._socket = await connect(f"{house.ws}/ws/", proxy=None, compression=None)
        self._stage.exits.push_async_callback(self._socket.close)

    async def lose(self) -> None:
        """End the connection as a tunnel would: without a word."""
        assert self._socket
        assert not self._heard, f"the page does not have {self._heard}"
        self._socket.transport.abort()
        await self._socket.wait_closed()

    async def say(self, frame: dict[str, Any]) -> None:
        assert self._socket
        said = self._stage.real(frame)
        if said.get("token") == script.ANY:
            said["token"] = self.person.access
        await self._socket.send(json.dumps(said))

    async def hear(self, written: dict[str, Any]) -> str:
        """Return how what is heard differs from what is written.

        Answers come when they are ready, so each is looked for by itself; the rest comes
        in the order of the page.
        """
        is_answer = written["type"] in ("ok", "error")
        waiting = self._answers if is_answer else self._heard
        while not waiting:
            await self._receive()
        return script.difference(written, self._stage.written(waiting.popleft(), written))

    async def _receive(self) -> None:
        assert self._socket
        async with asyncio.timeout(SECONDS):
            frame = json.loads(await self._socket.recv())
        (self._answers if frame["type"] in ("ok", "error") else self._heard).append(frame)

    async def closed(self) -> int:
        """Return the code of the server's close; nothing may be left unheard before it."""
        try:
            while True:
                await self._receive()
        except ConnectionClosed as closed:
            assert not self._heard, f"the page does not have {self._heard}"
            return closed.rcvd.code if closed.rcvd else 1006

    def ask(self, method: str, path: str, body: dict[str, Any] | None) -> None:
        if body and "refresh" in body:
            body = {"refresh": self.person.refresh}
        answer = self.person.http.request(method, path.removeprefix("/api/v1"), json=body)
        given = answer.json() if answer.content else None
        self._answer = (answer.status_code, given)
        if isinstance(given, dict) and "access" in given:
            self.person.access, self.person.refresh = given["access"], given["refresh"]
            self.person.http.headers["Authorization"] = f"Bearer {given['access']}"

    def answered(self, status: int, written: Any) -> str:
        return script.difference([status, written], list(self._answer), "the answer")


class Stage:
    """Whoever acts, and what the names of the page are in reality."""

    def __init__(self, house: House, exits: AsyncExitStack, **people: Person) -> None:
        self.house = house
        self.exits = exits
        self.actors = {name: Actor(person, self) for name, person in people.items()}
        self._usernames = {name: person.username for name, person in people.items()}
        self._conversations: dict[str, str] = {}

    def real(self, written: Any) -> Any:
        """Return what the page says in the names of this house."""
        return _renamed(written, {**self._usernames, **self._conversations})

    def written(self, real: Any, written: dict[str, Any]) -> Any:
        """Return what was heard in the names of the page; a conversation is named at first use."""
        for found, name in _conversations_of(real, written):
            self._conversations.setdefault(name, found)
        names = {**self._usernames, **self._conversations}
        return _renamed(real, {value: name for name, value in names.items()})

    async def play(self, line: script.Line) -> str:
        """Do what a line says, and return how reality differs from it."""
        match line:
            case script.Says(who, frame):
                await self.actors[who].say(frame)
            case script.Hears(who, frame):
                return await self.actors[who].hear(frame)
            case script.Asks(who, method, path, body):
                await asyncio.to_thread(self.actors[who].ask, method, path, body)
            case script.IsAnswered(who, status, body):
                return self.actors[who].answered(status, body)
            case script.IsClosed(who, code):
                return script.difference(code, await self.actors[who].closed(), "the code")
            case script.Happens(what):
                await self._happen(what)
        return ""

    async def _happen(self, what: str) -> None:
        match what.split():
            case [who, "opens", "the", "socket"]:
                await self.actors[who].open()
            case [who, "loses", "the", "connection"]:
                await self.actors[who].lose()
            case ["the", "server", "is", "told", "to", "end"]:
                for part in self.house.parts:
                    if part.name in ("serve", "sockets"):
                        part.process.send_signal(signal.SIGTERM)
            case _:
                raise AssertionError(f"nobody knows how this happens: {what}")


def _renamed(value: Any, names: dict[str, str]) -> Any:
    match value:
        case str():
            return names.get(value, value)
        case list():
            return [_renamed(each, names) for each in value]
        case dict():
            return {names.get(key, key): _renamed(each, names) for key, each in value.items()}
    return value


def _conversations_of(real: Any, written: Any) -> list[tuple[str, str]]:
    """Return pairs of what a conversation is called in reality and on the page."""
    if not (isinstance(real, dict) and isinstance(written, dict)):
        return []
    found = [pair for key in written.keys() & real.keys() for pair in
             _conversations_of(real[key], written[key])]  # fmt: skip
    if "conversation" in written and isinstance(real.get("conversation"), str):
        found.append((real["conversation"], written["conversation"]))
    return found


async def test_plays_as_it_is_written(house_with: Callable[..., House]):
    lines = script.lines_below(HEADING, PAGE)
    house = house_with()
    async with AsyncExitStack() as stack:
        people = [stack.enter_context(Person(house, name)) for name in ("Alice", "Bob")]
        alice, bob = [person.sign_up().sign_in() for person in people]
        stage = Stage(house, stack, alice=alice, bob=bob)
        for line in lines:
            assert await stage.play(line) == "", line
