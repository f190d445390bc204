"""`/ws/`: coming back, and hearing exactly what was missed."""

import asyncio
import secrets

from tests.sockets.gateway import conversation_with, greeted, open_gateway, subscribed


def say(person, chat, *texts):
    for text in texts:
        answer = person.http.post(f"/conversations/{chat}/messages/", json={"text": text})
        assert answer.status_code == 201, answer.text


async def resumed(person, **since):
    async with open_gateway(person) as socket:
        return subscribed(await socket.hello(since=since))


async def test_who_is_up_to_date_is_told_so_and_nothing_else(alice, bob):
    chat = conversation_with(alice, bob)
    say(alice, chat, "one", "two")
    frame = (await resumed(bob, **{chat: 2}))[chat]
    assert (frame["messages"], frame["details"], frame["complete"]) == ([], None, True)
    assert (frame["revision"], frame["last_seq"], frame["unread"]) == (2, 2, 2)


async def test_what_is_new_or_was_changed_meanwhile_comes_in_its_present_state(alice, bob):
    chat = conversation_with(alice, bob)
    say(alice, chat, "one", "two", "three")
    messages = f"/conversations/{chat}/messages"
    alice.http.patch(f"{messages}/1/", json={"text": "ONE"})
    alice.http.delete(f"{messages}/3/")
    say(alice, chat, "four")

    frame = (await resumed(bob, **{chat: 2}))[chat]

    seen = [(each["seq"], each["revision"], each["text"]) for each in frame["messages"]]
    assert seen == [(1, 4, "ONE"), (3, 5, ""), (4, 6, "four")]
    assert frame["messages"][1]["deleted"] is True
    assert (frame["revision"], frame["complete"]) == (6, True)
    assert frame["details"]["id"] == chat


async def test_who_is_far_behind_gets_the_newest_and_is_told_that_there_is_more(house, alice, bob):
    chat = conversation_with(alice, bob)
    async with greeted(alice) as socket:
        for start in range(0, 210, 50):
            ids = range(start, min(start + 50, 210))
            for number in ids:
                await socket.say(
                    "send", id=number, conversation=chat, client_id=f"{number}", text=f"{number}"
                )
            for _ in ids:
                await socket.until("ok")

    frame = (await resumed(bob, **{chat: 5}))[chat]
    assert frame["complete"] is False
    assert [each["seq"] for each in frame["messages"]] == list(range(11, 211))

    frame = (await resumed(bob, **{chat: 10}))[chat]
    assert frame["complete"] is True
    assert [each["seq"] for each in frame["messages"]] == list(range(11, 211))


async def test_a_revision_that_never_was_makes_nothing_certain(alice, bob):
    chat = conversation_with(alice, bob)
    say(alice, chat, "one", "two")
    frame = (await resumed(bob, **{chat: 2**63 - 1}))[chat]
    assert frame["complete"] is False
    assert [each["seq"] for each in frame["messages"]] == [1, 2]
    assert frame["revision"] == 2


async def test_what_is_not_ones_own_is_not_answered(alice, bob, carol):
    chat = conversation_with(alice, bob)
    say(alice, chat, "secret")
    others = {chat: 1, "999999": 3, "": 1, "x": 1, "9" * 30: 1, "²": 1}
    assert await resumed(carol, **others) == {}


async def test_an_open_room_one_looked_at_is_answered_when_it_is_named(alice, bob):
    name = f"room-{secrets.token_hex(4)}"
    async with alice.open_socket(f"/ws/rooms/{name}/") as room:
        await room.send('{"message": 1}')
        await room.recv()
    (place,) = alice.http.get("/conversations/").json()
    assert await resumed(bob) == {}
    assert list(await resumed(bob, **{place["id"]: 0})) == [place["id"]]


async def test_nothing_is_lost_or_doubled_around_a_resume(alice, bob):
    chat = conversation_with(alice, bob)
    count = 150

    async def talk():
        async with greeted(alice) as socket:
            for number in range(count):
                await socket.result(
                    "send", conversation=chat, client_id=f"{number}", text=f"{number}"
                )

    talking = asyncio.create_task(talk())
    revision, seen = 0, []
    async with asyncio.timeout(60):
        while len(seen) < count:
            async with open_gateway(bob) as socket:
                frames = await socket.hello(since={chat: revision})
                found = subscribed(frames)[chat]
                assert found["complete"]
                seen += [each["seq"] for each in found["messages"]]
                revision = found["revision"]
                for _ in range(min(20, count - len(seen))):
                    message = (await socket.until("message"))["message"]
                    assert message["revision"] == revision + 1
                    revision = message["revision"]
                    seen.append(message["seq"])
    await talking
    assert seen == list(range(1, count + 1))


async def test_subscribe_again_after_unsubscribe_tells_what_came_meanwhile(alice, bob):
    chat = conversation_with(alice, bob)
    say(alice, chat, "one")
    async with greeted(bob) as socket:
        await socket.result("unsubscribe", conversation=chat)
        await socket.result("unsubscribe", conversation=chat)
        say(alice, chat, "two")
        assert await socket.has_silence()

        await socket.result("subscribe", conversation=chat, since=1)

        frame = socket.heard[-2]
        assert [each["text"] for each in frame["messages"]] == ["two"]
        await socket.result("subscribe", conversation=chat)
        assert socket.heard[-2]["type"] == "ok"
        say(alice, chat, "three")
        assert (await socket.next())["message"]["text"] == "three"
