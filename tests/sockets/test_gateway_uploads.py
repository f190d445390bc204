"""`/ws/`: messages with uploads, pins, and pages from the middle of a history."""

from typing import Any

from tests.people import Person
from tests.sockets.gateway import conversation_with, greeted


def upload(person: Person, words: bytes) -> int:
    answer = person.http.post("/media/", files={"file": ("note.txt", words, "text/plain")})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def test_a_message_may_show_uploads_and_say_nothing(alice: Person, bob: Person) -> None:
    chat = conversation_with(alice, bob)
    shown = [upload(alice, b"one"), upload(alice, b"two")]
    async with greeted(alice) as mine, greeted(bob) as other:
        send: dict[str, Any] = {"conversation": chat, "client_id": "a", "attachments": shown}
        await mine.result("send", **send)
        heard = await other.until("message")
        again = await mine.result("send", **send)

        assert [each["id"] for each in heard["message"]["attachments"]] == shown
        assert heard["message"]["text"] == ""
        assert (again["seq"], again["duplicate"]) == (1, True)
        # Used once, they are nobody's to use again.
        assert await mine.code("send", **{**send, "client_id": "b"}) == "media_not_found"


async def test_uploads_of_others_and_empty_messages_are_refused(alice: Person, bob: Person) -> None:
    chat = conversation_with(alice, bob)
    foreign = upload(bob, b"mine")
    async with greeted(alice) as mine:
        place = {"conversation": chat, "client_id": "a"}
        assert await mine.code("send", **place, attachments=[foreign]) == "media_not_found"
        assert await mine.code("send", **place, attachments=[1] * 11) == "bad_frame"
        assert await mine.code("send", **place) == "empty_message"


async def test_pins_are_changes_that_everybody_hears(alice: Person, bob: Person) -> None:
    chat = conversation_with(alice, bob)
    async with greeted(alice) as mine, greeted(bob) as other:
        await mine.result("send", conversation=chat, client_id="a", text="Keep this")
        pinned = await other.result("pin", conversation=chat, seq=1)
        heard = await mine.until("message", lambda frame: frame["message"]["pinned"])
        assert heard["message"]["revision"] == pinned["revision"]

        await mine.result("unpin", conversation=chat, seq=1)
        await other.until("message", lambda frame: not frame["message"]["pinned"])
        assert alice.http.get(f"/conversations/{chat}/pins/").json() == []


async def test_history_begins_in_the_middle_or_where_one_left_off(
    alice: Person, bob: Person
) -> None:
    chat = conversation_with(alice, bob)
    async with greeted(alice) as mine, greeted(bob) as other:
        for number in range(12):
            await mine.result("send", conversation=chat, client_id=f"{number}", text="word")
        await other.result("read", conversation=chat, seq=8)

        async def seqs(**stretch: Any) -> list[int]:
            page = await other.result("history", conversation=chat, limit=4, **stretch)
            return [message["seq"] for message in page["messages"]]

        assert 6 in await seqs(around=6)
        assert 9 in await seqs(first_unread=True)
        both = await other.code("history", conversation=chat, around=6, before=3)
        assert both == "bad_frame"
