"""`/ws/`: changing what was said, one's own other devices, and sending again."""

import asyncio

import psycopg
import pytest

from tests.sockets.gateway import conversation_with, greeted
from tests.sockets.listening import hear


@pytest.fixture
def chat(alice, bob):
    return conversation_with(alice, bob)


async def test_an_edit_is_heard_by_all_with_the_next_revision(alice, bob, chat):
    async with greeted(alice) as a, greeted(alice) as tablet, greeted(bob) as b:
        await a.result("send", conversation=chat, client_id="x", text="Helo")
        result = await a.result("edit", conversation=chat, seq=1, text="Hello")
        assert result == {"revision": 2}
        for socket in (tablet, b):
            first, second = [(await socket.until("message"))["message"] for _ in range(2)]
            assert (first["text"], second["text"]) == ("Helo", "Hello")
            assert (second["seq"], second["revision"]) == (1, 2)
            assert second["edited_at"]
        # The same text again is no edit, and nobody hears of it.
        assert await a.result("edit", conversation=chat, seq=1, text="Hello") == result
        assert await b.has_silence()


async def test_only_its_sender_changes_a_message(alice, bob, chat):
    async with greeted(alice) as a, greeted(bob) as b:
        await a.result("send", conversation=chat, client_id="x", text="mine")
        for request, fields in (("edit", {"text": "ours"}), ("delete", {})):
            code = await b.code(request, conversation=chat, seq=1, **fields)
            assert code == "not_your_message"
        assert await b.code("delete", conversation=chat, seq=2) == "message_not_found"
        assert await a.result("delete", conversation=chat, seq=1) == {"revision": 2}
        assert await a.code("edit", conversation=chat, seq=1, text="x") == "message_not_found"
        deleted = (await b.until("message", lambda f: f["message"]["deleted"]))["message"]
        assert (deleted["text"], deleted["seq"], deleted["revision"]) == ("", 1, 2)


async def test_reactions_come_and_go_and_doing_it_twice_changes_nothing(alice, bob, chat):
    async with greeted(alice) as a, greeted(bob) as b:
        await a.result("send", conversation=chat, client_id="x", text="Hello")
        react = {"conversation": chat, "seq": 1, "emoji": "👍"}
        assert await b.result("react", **react) == {"revision": 2}
        assert await b.result("react", **react) == {"revision": 2}
        assert await b.result("unreact", **react) == {"revision": 3}
        assert await b.result("unreact", **react) == {"revision": 3}
        assert await b.code("react", **{**react, "emoji": "text"}) == "not_an_emoji"
        seen = [(await a.until("message"))["message"]["reactions"] for _ in range(2)]
        assert seen == [[{"emoji": "👍", "count": 1, "usernames": [bob.username]}], []]


async def test_sending_again_is_the_same_message_and_says_so(alice, bob, chat):
    async with greeted(alice) as a, greeted(alice) as other, greeted(bob) as b:
        first = await a.result("send", conversation=chat, client_id="x", text="once")
        again = await other.result("send", conversation=chat, client_id="x", text="twice")
        assert (first["duplicate"], again) == (False, {**first, "duplicate": True})

        # Another's, and elsewhere, it is another.
        mine = await b.result("send", conversation=chat, client_id="x", text="mine")
        assert (mine["seq"], mine["duplicate"]) == (2, False)
        texts = [(await a.until("message"))["message"]["text"]]
        assert texts == ["mine"]


async def test_two_devices_that_send_the_same_at_once_send_it_once(house, alice, bob, chat):
    bases = house.sockets_urls
    async with (
        greeted(alice, base=bases[0]) as one,
        greeted(alice, base=bases[-1]) as two,
        greeted(bob) as listener,
    ):
        for number in range(20):
            results = await asyncio.gather(
                *(
                    socket.result("send", conversation=chat, client_id=f"{number}", text="x")
                    for socket in (one, two)
                )
            )
            assert sorted(each["duplicate"] for each in results) == [False, True]
            assert {each["seq"] for each in results} == {number + 1}
        seqs = [(await listener.until("message"))["message"]["seq"] for _ in range(20)]
        assert seqs == list(range(1, 21))
        assert await listener.has_silence()


async def test_changes_tell_old_sockets_nothing(alice, bob, chat):
    async with greeted(alice) as a, bob.open_chat_with(alice) as old:
        await a.result("send", conversation=chat, client_id="1", text="one")
        await a.result("edit", conversation=chat, seq=1, text="uno")
        await a.result("react", conversation=chat, seq=1, emoji="👍")
        await a.result("typing", conversation=chat, on=True)
        await a.result("send", conversation=chat, client_id="2", text="two")
        assert [(await hear(old))["data"] for _ in range(2)] == ["one", "two"]


async def test_typing_is_told_once_in_three_seconds_and_kept_nowhere(alice, bob, chat):
    async with greeted(alice) as a, greeted(bob) as b:
        for _ in range(5):
            await a.result("typing", conversation=chat, on=True)
        frame = await b.next()
        assert frame == {
            "type": "typing", "conversation": chat, "username": alice.username, "on": True,
        }  # fmt: skip
        assert await b.has_silence()
        assert a.heard.count(frame) == 1

        # That it is over is told at once, and once.
        for _ in range(5):
            await a.result("typing", conversation=chat, on=False)
        assert await b.next() == {**frame, "on": False}
        assert await b.has_silence()


async def test_reading_answers_how_much_is_left_and_never_goes_back(alice, bob, chat):
    async with greeted(alice) as a, greeted(bob) as b:
        for number in range(3):
            await a.result("send", conversation=chat, client_id=f"{number}", text="x")
        assert await b.result("read", conversation=chat, seq=2) == {"read_seq": 2, "unread": 1}
        assert await b.result("read", conversation=chat, seq=1) == {"read_seq": 2, "unread": 1}
        assert await b.code("read", conversation=chat, seq=4) == "not_said_yet"


async def test_a_chat_that_is_opened_is_heard_by_both_without_asking(alice, bob):
    async with greeted(alice) as a, greeted(bob) as b:
        opened = (await a.result("open", username=bob.username))["conversation"]
        assert a.heard[-2]["type"] == "subscribed" or any(
            frame["type"] == "subscribed" for frame in a.heard
        )
        assert (await b.until("subscribed"))["conversation"] == opened

        await a.result("send", conversation=opened, client_id="x", text="Hello")

        assert (await b.until("message"))["message"]["text"] == "Hello"
        assert await a.result("open", username=bob.username) == {"conversation": opened}
        assert await a.code("open", username=alice.username) == "nobody_to_talk_to"
        assert await a.code("open", username="nobody-of-this-name") == "nobody_to_talk_to"


async def test_history_pages_both_ways(alice, bob, chat):
    async with greeted(alice) as a:
        for number in range(1, 8):
            await a.result("send", conversation=chat, client_id=f"{number}", text=f"{number}")

        async def seqs(**fields):
            page = await a.result("history", conversation=chat, **fields)
            assert (page["first_seq"], page["last_seq"]) == (1, 7)
            return [each["seq"] for each in page["messages"]]

        assert await seqs(limit=3) == [5, 6, 7]
        assert await seqs(limit=3, before=5) == [2, 3, 4]
        assert await seqs(limit=3, after=5) == [6, 7]
        page = await a.result("history", conversation=chat, limit=200)
        assert page["messages"] == alice.http.get(f"/conversations/{chat}/messages/").json()


async def test_the_old_room_and_the_new_socket_meet_in_the_same_conversation(alice, bob):
    room = f"/ws/rooms/room-{alice.username}/"
    async with alice.open_socket(room) as old, greeted(bob) as b:
        await old.send('{"message": "one"}')
        assert await hear(old) == "one"
        (place,) = alice.http.get("/conversations/").json()

        await b.result("subscribe", conversation=place["id"])
        await b.result("send", conversation=place["id"], client_id="x", text="two")

        assert (await hear(old))["data"] == "two"


async def test_a_locked_conversation_keeps_no_other_one_waiting(house, alice, bob, carol, chat):
    if not house.env["POSTGRES_URL"]:
        pytest.skip("SQLite has no locks of single rows")
    free = conversation_with(alice, carol)
    async with greeted(alice) as a:
        for conversation in (chat, free):
            await a.result("send", conversation=conversation, client_id="x", text="Hello")
        with psycopg.connect(house.env["POSTGRES_URL"]) as locker:
            locker.execute("SELECT 1 FROM chat_conversation WHERE id = %s FOR UPDATE", [chat])
            for number in range(1000, 1008):
                await a.say("edit", id=number, conversation=chat, seq=1, text="waits")

            result = await a.result("edit", conversation=free, seq=1, text="goes on")

            assert result == {"revision": 2}
            # All of the others wait still; each is told to come back.
            assert not any(frame["type"] == "error" for frame in a.heard)
            error = await a.until("error")
            assert (error["code"], error["retry"]) == ("unavailable", True)
        answers = [frame["id"] for frame in a.heard if frame["type"] in ("ok", "error")]
        while len({each for each in answers if each >= 1000}) < 8:
            frame = await a.next()
            if frame["type"] in ("ok", "error"):
                answers.append(frame["id"])
