"""The ways to try what `tests.contract.permissions` tells of.

http         the addresses below `conversations/` and `rooms/`
gateway      `/ws/`
old sockets  `/ws/user/…/` and `/ws/rooms/…/`; they know no codes
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from snappio.realtime.connections import POLICY_VIOLATION
from snappio.realtime.gateway.codes import SESSION_OVER
from tests.contract.permissions import (
    ACTORS,
    ALLOWED,
    GROUP,
    HIDDEN,
    KINDS,
    OPEN,
    PARTNERS,
    RECRUIT,
    UNKNOWN,
    Outcome,
    Place,
    Refused,
    World,
)
from tests.sockets.gateway import Gateway, open_gateway
from tests.sockets.listening import hear, say

Cell = tuple[str, str]


class Channel(Protocol):
    """A way to try something: HTTP, or one of the sockets."""

    kinds: Sequence[str]
    verbs: Sequence[str]

    async def attempt(self, actor: str, place: Place, verb: str) -> Outcome:
        """Try it, and tell what came of it."""


async def tried(channel: Channel, world: World, place: Place) -> dict[Cell, Outcome]:
    """Let everybody at once try every verb in a place, one verb after the other."""

    async def tries(actor: str) -> dict[Cell, Outcome]:
        outcomes: dict[Cell, Outcome] = {}
        for verb in channel.verbs:
            outcomes[actor, verb] = await channel.attempt(actor, place, verb)
            if outcomes[actor, verb] == ALLOWED:
                world.restore(place, actor, verb)
        return outcomes

    every = await asyncio.gather(*map(tries, ACTORS))
    return {cell: outcome for outcomes in every for cell, outcome in outcomes.items()}


Request = tuple[str, str, dict[str, Any] | None]


def _requests(place: Place, actor: str, recruit: str) -> Mapping[str, Request]:
    """Return method, path and body of each attempt."""
    path = f"/conversations/{place.id}"
    first = f"{path}/messages/{place.first}"
    to_edit, to_delete = place.own(actor, "edit"), place.own(actor, "http")
    return {
        "list": ("GET", "/conversations/", None),
        "get": ("GET", f"{path}/", None),
        "history": ("GET", f"{path}/messages/", None),
        "message": ("GET", f"{first}/", None),
        "members": ("GET", f"{path}/members/", None),
        "read": ("POST", f"{path}/read/", {"seq": 1}),
        "edit": ("PATCH", f"{path}/messages/{to_edit}/", {"text": f"{actor} is here"}),
        "react": ("PUT", f"{first}/reactions/👍/", None),
        "pin": ("PUT", f"{first}/pin/", None),
        "delete": ("DELETE", f"{path}/messages/{to_delete}/", None),
        "add": ("POST", f"{path}/members/", {"usernames": [recruit]}),
        "remove": ("DELETE", f"{path}/members/{recruit}/", None),
        "ban": ("PUT", f"{path}/bans/{recruit}/", None),
        "rename": ("PATCH", f"{path}/", {"description": f"as {actor} sees it"}),
        "invite": ("POST", f"/rooms/{place.room}/invites/", None),
        # Who speaks in an open room is in it from then on: so this comes last.
        "send": ("POST", f"{path}/messages/", {"text": "hello"}),
    }


class HttpChannel:
    """The addresses below `conversations/` and `rooms/`."""

    kinds = KINDS

    def __init__(self, world: World) -> None:
        self._world = world
        self.verbs = tuple(_requests(world.places[GROUP], "owner", ""))

    def ask(self, actor: str, place: Place, verb: str) -> httpx.Response:
        """Return the answer to an attempt."""
        people = self._world.people
        method, path, body = _requests(place, actor, people[RECRUIT].username)[verb]
        return people[actor].http.request(method, path, json=body)

    async def attempt(self, actor: str, place: Place, verb: str) -> Outcome:
        """Try it, and tell what came of it; nobody else tries anything meanwhile."""
        answer = self.ask(actor, place, verb)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            return UNKNOWN
        if not answer.is_success:
            return Refused(answer.json()["code"])
        if verb == "list" and place.id not in {row["id"] for row in answer.json()}:
            return HIDDEN
        return ALLOWED


def _frames(place: Place, actor: str) -> Mapping[str, dict[str, Any]]:
    """Return the fields of each attempt's frame, less the conversation."""
    return {
        "history": {},
        "read": {"seq": 1},
        "edit": {"seq": place.own(actor, "edit"), "text": f"{actor} is there"},
        "react": {"seq": place.first, "emoji": "🌱"},
        "pin": {"seq": place.first},
        "delete": {"seq": place.own(actor, "gateway")},
        "subscribe": {},
        "typing": {"on": True},
        "send": {"client_id": secrets.token_hex(8), "text": "hello"},
    }


class GatewayChannel:
    """`/ws/`, each attempt on a socket of its own."""

    kinds = KINDS

    def __init__(self, world: World) -> None:
        self._world = world
        self.verbs = tuple(_frames(world.places[GROUP], "owner"))

    async def attempt(self, actor: str, place: Place, verb: str) -> Outcome:
        """Try it, and tell what came of it."""
        person = self._world.people[actor]
        # In a handshake a bad token is refused as well, but a second later.
        token = {"token": person.access} if person.access else {}
        async with open_gateway(person, token=False) as socket:
            try:
                await socket.hello(**token)
            except ConnectionClosed as closed:
                _require_code(closed, SESSION_OVER)
                return UNKNOWN
            return await self._tried(socket, actor, place, verb)

    async def _tried(self, socket: Gateway, actor: str, place: Place, verb: str) -> Outcome:
        if verb == "typing":
            # Only who listens is asked; who may not listen is to be refused all the same.
            await socket.ask("subscribe", conversation=place.id)
        fields = _frames(place, actor)[verb]
        answer = await socket.ask(verb, conversation=place.id, **fields)
        return ALLOWED if answer["type"] == "ok" else Refused(answer["code"])


class OldSocketsChannel:
    """`/ws/user/…/` and `/ws/rooms/…/`: one can only speak there, and hear the echo."""

    # Groups came after these sockets.
    kinds = tuple(kind for kind in KINDS if kind != GROUP)
    verbs = ("send",)

    def __init__(self, world: World) -> None:
        self._world = world

    async def attempt(self, actor: str, place: Place, verb: str) -> Outcome:
        """Say something, and tell whether it came into the place."""
        word = secrets.token_hex(8)
        is_heard = await self._is_heard(actor, place, word)
        # Whoever names the owner from outside has a private chat of their own with them.
        is_there = word in self._words(place)
        assert is_heard or not is_there
        return ALLOWED if is_there else Refused(None)

    async def _is_heard(self, actor: str, place: Place, word: str) -> bool:
        opening = self._world.people[actor].open_socket(self._path(actor, place))
        try:
            async with opening as socket:
                return await _hears_itself(socket, word)
        except InvalidStatus as refused:
            if refused.response.status_code != httpx.codes.FORBIDDEN:
                raise
            return False

    def _path(self, actor: str, place: Place) -> str:
        if place.kind not in PARTNERS:
            return f"/ws/rooms/{quote(place.room, safe='~')}/"
        partner = PARTNERS[place.kind] if actor == "owner" else "owner"
        return f"/ws/user/{quote(self._world.people[partner].username)}/"

    def _words(self, place: Place) -> set[str]:
        owner = self._world.people["owner"].http
        page = owner.get(f"/conversations/{place.id}/messages/")
        return {message["text"] for message in page.json()}


async def _hears_itself(socket: ClientConnection, word: str) -> bool:
    await say(socket, word)
    try:
        # Others speak there, too.
        while await hear(socket) != word:
            pass
    except ConnectionClosed as closed:
        _require_code(closed, POLICY_VIOLATION)
        return False
    return True


def _require_code(closed: ConnectionClosed, code: int) -> None:
    # Any other end is no refusal.
    if closed.rcvd is None or closed.rcvd.code != code:
        raise closed


CHANNELS = {"http": HttpChannel, "gateway": GatewayChannel, "old sockets": OldSocketsChannel}

# Old clients may come without a token and talk in open rooms, as guests
# (docs/decisions/0003); no other channel knows such people.
GUESTS = {("old sockets", OPEN, "anonymous")}
