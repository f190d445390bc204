"""The published protocol, held against what the server really says."""

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest

from tests.house import House
from tests.sockets.gateway import Frame, conversation_with, greeted

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document(house: House) -> Document:
    answer = httpx.get(f"{house.http}/docs/asyncapi/")
    assert answer.headers["content-type"] == "application/json"
    described: Document = answer.json()
    return described


def validator_of(document: Document, *payloads: Any) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        {"anyOf": list(payloads), "components": document["components"]}
    )


def references_in(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references_in(each)


def test_every_reference_leads_somewhere(document: Document) -> None:
    references = set(references_in(document))
    assert len(references) > 50
    for reference in references:
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_request_is_answered_and_every_event_is_in_the_channel(document: Document) -> None:
    operations, messages = document["operations"], document["components"]["messages"]
    said = [name for name in messages if name.startswith("say.")]
    assert {f"say.{name}" for name in operations if name != "events"} == set(said)
    assert all(operations[name.removeprefix("say.")]["reply"]["messages"] for name in said)
    assert set(document["channels"]["socket"]["messages"]) == set(messages)


async def talk(alice: Any, bob: Any, conversation: str) -> tuple[list[Frame], dict[str, Frame]]:
    """Ask for everything once; return what two sockets heard, and the answers by request."""
    place = {"conversation": conversation}
    asked: dict[str, dict[str, Any]] = {
        "auth": {"token": alice.access},
        "ping": {},
        "open": {"username": bob.username},
        "subscribe": place,
        "send": {**place, "client_id": "one", "text": "Hello, see https://example.org #now"},
        "edit": {**place, "seq": 1, "text": "Hello"},
        "react": {**place, "seq": 1, "emoji": "\U0001f44d"},
        "unreact": {**place, "seq": 1, "emoji": "\U0001f44d"},
        "pin": {**place, "seq": 1},
        "unpin": {**place, "seq": 1},
        "delivered": {**place, "seq": 1},
        "presence": {"state": "away", "watch": [bob.username]},
        "history": place,
        "typing": {**place, "on": True},
        "read": {**place, "seq": 1},
        "delete": {**place, "seq": 1},
        "unsubscribe": place,
    }
    async with greeted(bob) as other, greeted(alice) as mine:
        answers = {kind: await mine.ask(kind, **fields) for kind, fields in asked.items()}
        refused = await mine.ask("edit", **place, seq=9, text="x")
        assert refused["type"] == "error"
        await other.result("ping")
        return [*mine.heard, *other.heard], answers


async def test_says_only_what_is_described(document: Document, alice: Any, bob: Any) -> None:
    conversation = conversation_with(alice, bob)
    heard, answers = await talk(alice, bob, conversation)

    messages = document["components"]["messages"]
    said = {name.removeprefix("say.") for name in messages if name.startswith("say.")}
    assert answers.keys() == said - {"hello"}
    for kind, answer in answers.items():
        assert answer["type"] == "ok", (kind, answer)
        validator_of(document, messages[f"ok.{kind}"]["payload"]).validate(answer)
    events = [each for each in heard if each["type"] != "ok"]
    kinds = {each["type"] for each in events}
    assert kinds >= {"welcome", "subscribed", "ready", "message", "error"}
    for event in events:
        validator_of(document, messages[f"hear.{event['type']}"]["payload"]).validate(event)


def test_shows_people_a_page_that_works_offline(house: House) -> None:
    page = httpx.get(f"{house.http}/docs/asyncapi/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert 'id="say-send"' in page.text
    assert "http" not in page.text.split("<body>")[1].replace("docs/realtime.md", "")
