"""`/ws/`: who has read, who writes, who is there, and what one's own other devices do."""

import asyncio

import pytest

from tests.sockets.gateway import conversation_with, greeted


@pytest.fixture
def chat(alice, bob):
    """A private chat in which both have spoken."""
    found = conversation_with(alice, bob)
    for person in (alice, bob):
        person.http.post(f"/conversations/{found}/messages/", json={"text": "Hello"})
    return found


def turn(person, **switches):
    answer = person.http.patch("/chat/settings/", json=switches)
    assert answer.status_code == 200, answer.text


async def test_markers_are_told_to_the_other_and_to_ones_own_devices(alice, bob, chat):
    alice.http.post(f"/conversations/{chat}/messages/", json={"text": "more"})
    async with greeted(alice) as a, greeted(bob) as b, greeted(bob) as tablet:
        assert await b.result("delivered", conversation=chat, seq=3) == {"delivered_seq": 3}
        told = await a.until("delivered")
        assert (told["username"], told["seq"]) == (bob.username, 3)

        assert (await b.result("read", conversation=chat, seq=3))["unread"] == 0

        told = await a.until("read")
        assert (told["username"], told["seq"]) == (bob.username, 3)
        place = await tablet.until("membership")
        assert (place["conversation"], place["read_seq"], place["unread"]) == (chat, 3, 0)


async def test_who_switches_receipts_off_is_told_of_none_at_once(alice, bob, chat):
    alice.http.post(f"/conversations/{chat}/messages/", json={"text": "more"})
    async with greeted(alice) as a, greeted(bob) as b:
        turn(alice, receipts=False)
        # Her own list says when her socket has heard of it.
        await a.result("ping")
        await b.result("delivered", conversation=chat, seq=3)
        await b.result("read", conversation=chat, seq=3)
        await b.result("typing", conversation=chat, on=True)
        await a.until("typing")
        assert not [frame for frame in a.heard if frame["type"] in ("read", "delivered")]


@pytest.mark.parametrize("blocker", ["alice", "bob"])
async def test_a_block_hides_both_from_each_other_within_a_second(alice, bob, chat, blocker):
    who, whom = (alice, bob) if blocker == "alice" else (bob, alice)
    group = alice.http.post("/conversations/", json={"usernames": [bob.username]}).json()["id"]
    async with greeted(alice) as a, greeted(bob) as b:
        for socket, other in ((a, bob), (b, alice)):
            seen = await socket.result("presence", watch=[other.username])
            assert seen["members"][0]["state"] == "online"
        assert who.http.put(f"/users/{whom.username}/block/").status_code == 204

        async with asyncio.timeout(1):
            for socket in (a, b):
                assert (await socket.until("presence"))["state"] == "unknown"
        assert await a.code("send", conversation=chat, client_id="x", text="hi") == (
            "nobody_to_talk_to"
        )
        # Nobody hears of it; a word in the group would come behind it.
        await a.result("typing", conversation=chat, on=True)
        await a.result("read", conversation=chat, seq=2)
        await a.result("send", conversation=group, client_id="y", text="still here")
        while (await b.until("message"))["message"]["text"] != "still here":
            pass
        assert not [frame for frame in b.heard if frame["type"] in ("typing", "read")]


async def test_friends_see_each_other_come_and_be_away(alice, bob, chat):
    async with greeted(alice) as a:
        watched = await a.result("presence", watch=[bob.username, "nobody-of-this-name"])
        assert watched == {
            "members": [
                {"username": bob.username, "state": "offline", "last_seen": None},
                {"username": "nobody-of-this-name", "state": "unknown", "last_seen": None},
            ]
        }
        async with greeted(bob) as b:
            assert (await a.until("presence"))["state"] == "online"
            assert (await b.result("presence", state="away"))["members"] == []
            seen = await a.until("presence")
            assert (seen["username"], seen["state"]) == (bob.username, "away")


async def test_a_stranger_sees_nothing_and_cannot_tell(alice, bob, carol, chat):
    async with greeted(bob), greeted(carol) as c:
        (seen,) = (await c.result("presence", watch=[bob.username]))["members"]
        assert (seen["state"], seen["last_seen"]) == ("unknown", None)


async def test_who_is_not_shown_sees_nobody(alice, bob, chat):
    async with greeted(bob) as b, greeted(alice) as a:
        turn(alice, presence=False)
        (seen,) = (await a.result("presence", watch=[bob.username]))["members"]
        assert seen["state"] == "unknown"
        (seen,) = (await b.result("presence", watch=[alice.username]))["members"]
        assert seen["state"] == "unknown"


async def test_watching_more_than_two_hundred_is_refused(alice):
    async with greeted(alice) as a:
        names = [f"member-{number}" for number in range(201)]
        assert await a.code("presence", watch=names) == "bad_frame"
        assert len((await a.result("presence", watch=names[:200]))["members"]) == 200


async def test_muting_is_told_to_ones_other_devices(alice, bob, chat):
    async with greeted(alice) as a:
        alice.http.put(f"/conversations/{chat}/mute/", json={"seconds": 3600})
        place = await a.until("membership")
        assert (place["conversation"], place["role"]) == (chat, "member")
        assert place["muted_until"].endswith("Z")
