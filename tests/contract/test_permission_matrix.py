"""Every actor tries every verb in every kind of conversation, on every channel (P1-P3, P9)."""

import dataclasses
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import yaml

from tests.contract.channels import CHANNELS, GUESTS, Cell, HttpChannel, tried
from tests.contract.permissions import (
    ALLOWED,
    KINDS,
    OPEN,
    Outcome,
    World,
    agree,
    expected,
)
from tests.house import House
from tests.people import Person

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "api.yaml"


@pytest.fixture(scope="module")
def world(house: House) -> Iterator[World]:
    """The people and places that all attempts share."""
    made = World(house)
    yield made
    made.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_everybody_may_do_what_the_law_says_and_nothing_else_on_every_channel(world, kind):
    outcomes = {}
    for name, channel in CHANNELS.items():
        if kind in channel.kinds:
            outcomes[name] = await tried(channel(world), world, world.places[kind])

    assert unlawful(outcomes, kind) == []
    assert differences(outcomes, kind) == []


def unlawful(outcomes: Mapping[str, Mapping[Cell, Outcome]], kind: str) -> list[str]:
    """Return what came out otherwise than the law has it, or than decided for guests."""
    wrong = []
    for channel, cells in outcomes.items():
        for (actor, verb), outcome in cells.items():
            is_guest = (channel, kind, actor) in GUESTS
            law = ALLOWED if is_guest else expected(actor, kind, verb)
            if not agree(outcome, law):
                wrong.append(f"{actor} may {verb} on {channel}: {outcome}, should be {law}")
    return wrong


def differences(outcomes: Mapping[str, Mapping[Cell, Outcome]], kind: str) -> list[str]:
    """Return what two channels both let one try, and answer differently."""
    return [
        f"{actor} may {verb}: {cells[actor, verb]} on {channel}, {others[actor, verb]} on {other}"
        for (channel, cells), (other, others) in combinations(outcomes.items(), 2)
        for actor, verb in cells.keys() & others.keys()
        if not {(channel, kind, actor), (other, kind, actor)} & GUESTS
        and not agree(cells[actor, verb], others[actor, verb])
    ]


# P1
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != OPEN])
@pytest.mark.parametrize("actor", ["stranger", "ex-member", "banned"])
def test_what_is_hidden_and_what_is_absent_are_alike_to_the_byte(world, actor, kind):
    channel, place = HttpChannel(world), world.places[kind]
    nowhere = dataclasses.replace(place, id="999999999", room="~nowhere")
    for verb in set(channel.verbs) - {"list"}:
        hidden, absent = (channel.ask(actor, where, verb) for where in (place, nowhere))

        assert (hidden.status_code, hidden.content) == (404, absent.content), verb


# --- P9: somebody else's ids in every address ---------------------------------


@dataclasses.dataclass(frozen=True)
class Belongings:
    """What a member has, by the names that addresses give to ids."""

    group: dict[str, str]
    room: dict[str, str]


def belongings_of(person: Person, other: Person) -> Belongings:
    """Let a person make a group and a private room with somebody, and say something in each."""
    usernames = {"usernames": [other.username]}
    group = person.http.post("/conversations/", json=usernames).json()
    room = person.http.post("/rooms/", json={"name": "Ours", "visibility": "private"}).json()
    person.http.post(f"/rooms/{room['id']}/members/", json=usernames)
    invite = person.http.post(f"/rooms/{room['id']}/invites/").json()
    for conversation in (group["id"], room["conversation"]):
        said = person.http.post(f"/conversations/{conversation}/messages/", json={"text": "Hi"})
        assert said.status_code == 201
    shared = {"username": other.username, "emoji": "👍", "code": invite["code"]}
    return Belongings(
        {**shared, "conversation_id": group["id"], "seq": "2"},
        {**shared, "conversation_id": room["conversation"], "room_id": room["id"], "seq": "1"},
    )


def addresses() -> list[tuple[str, str]]:
    """Return the methods and paths of conversations and rooms that name one."""
    paths = yaml.safe_load(SCHEMA.read_text())["paths"]
    return [
        (method, path)
        for path, item in paths.items()
        if "{conversation_id}" in path or "{room_id}" in path
        for method in item
        if method in {"get", "post", "put", "patch", "delete"}
    ]


# Whatever an address wants to be told, so that it is refused for nothing but the ids.
BODY = {
    "text": "mine now",
    "seq": 1,
    "role": "member",
    "seconds": 60,
    "description": "mine now",
    "send_at": "2100-01-01T00:00:00Z",
}


@pytest.mark.parametrize("kept_in", ["group", "room"])
def test_ids_of_another_member_open_nothing(alice, bob, carol, kept_in):
    """With every id but the last swapped, too: nothing of another conversation is reached."""
    own = dataclasses.asdict(belongings_of(alice, carol))[kept_in]
    foreign = dataclasses.asdict(belongings_of(bob, carol))[kept_in]
    body = {**BODY, "usernames": [alice.username], "username": alice.username}
    opened = []
    for method, path in addresses():
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if not foreign.keys() >= set(names):
            continue
        answer = ask(alice, method, path, foreign, body)
        if answer.status_code != 404:
            opened.append(f"{method} {path}: {answer.status_code}")

    assert opened == []
    swapped = {**own, "code": foreign["code"]}
    if kept_in == "room":
        path = "/api/v1/rooms/{room_id}/invites/{code}/"
        assert ask(alice, "delete", path, swapped, {}).status_code == 404


def ask(
    person: Person, method: str, path: str, ids: dict[str, str], body: dict[str, Any]
) -> httpx.Response:
    """Send a request to the address that has these ids."""
    filled = path.removeprefix("/api/v1")
    for name, value in ids.items():
        filled = filled.replace("{" + name + "}", quote(value, safe="~"))
    content = {} if method in {"get", "delete"} else {"json": body}
    return person.http.request(method.upper(), filled, **content)
