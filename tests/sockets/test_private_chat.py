"""`/ws/user/{username}/`: who gets in, and what the two hear."""

import asyncio
from contextlib import AsyncExitStack
from urllib.parse import quote

import pytest
from websockets.asyncio.client import connect

from tests.accounts import run_in
from tests.sockets.listening import (
    close_code,
    hear,
    hears_nothing,
    is_refused_late,
    room_path,
    say,
)


async def test_two_members_hear_each_other_and_themselves(alice, bob):
    async with alice.open_chat_with(bob) as a, bob.open_chat_with(alice) as b:
        await say(a, "hello")
        assert [await hear(a), await hear(b)] == ["hello", "hello"]

        answer = {"data": "hi", "user": "Bob", "time": "9:5", "isme": False}
        await say(b, answer)
        assert [await hear(a), await hear(b)] == [answer, answer]


async def test_every_device_of_both_hears_each_message_once(alice, bob):
    async with AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(alice.open_chat_with(bob)) for _ in range(2)]
        phones += [await stack.enter_async_context(bob.open_chat_with(alice)) for _ in range(2)]

        await say(phones[0], "once")

        assert [await hear(phone) for phone in phones] == ["once"] * 4
        for phone in phones[1:]:
            assert await hears_nothing(phone, marker=phone)
            for other in phones:
                if other is not phone:
                    await hear(other)


async def test_a_stranger_hears_nothing_of_a_private_chat(alice, bob, carol):
    async with (
        alice.open_chat_with(bob) as a,
        carol.open_chat_with(bob) as with_bob,
        carol.open_chat_with(alice) as with_alice,
    ):
        await say(a, "between us")
        await hear(a)

        assert await hears_nothing(with_bob, marker=with_bob)
        assert await hears_nothing(with_alice, marker=with_alice)


async def test_path_works_without_its_trailing_slash(alice, bob):
    async with alice.open_socket(f"/ws/user/{bob.username}") as a, bob.open_chat_with(alice) as b:
        await say(a, "hello")
        assert await hear(b) == "hello"


async def test_all_hear_the_same_order(house, alice, bob):
    bases = house.sockets_urls
    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(person.open_chat_with(other, base=base))
            for person, other in ((alice, bob), (bob, alice))
            for base in (bases[0], bases[-1])
        ]
        each = 25

        async def talk(number):
            for count in range(each):
                await say(sockets[number], [number, count])

        await asyncio.gather(*map(talk, range(len(sockets))))
        heard = [[await hear(s) for _ in range(each * len(sockets))] for s in sockets]

    assert all(order == heard[0] for order in heard)
    for number in range(len(sockets)):
        mine = [count for sender, count in heard[0] if sender == number]
        assert mine == list(range(each))


async def test_nothing_is_replayed_on_connect(alice, bob):
    async with alice.open_chat_with(bob) as a:
        await say(a, "earlier")
        await hear(a)

    async with bob.open_chat_with(alice) as b:
        assert await hears_nothing(b, marker=b)


async def test_since_gives_what_came_after_it_once_and_in_order(alice, bob):
    async with alice.open_chat_with(bob) as a:
        for number in range(1, 6):
            await say(a, number)
            await hear(a)

        path = f"/ws/user/{alice.username}/?since=2"
        async with bob.open_socket(path) as b:
            assert [await hear(b) for _ in range(3)] == [3, 4, 5]
            assert await hears_nothing(b, marker=a)


async def test_since_and_live_messages_join_without_gap_or_double(alice, bob):
    async with alice.open_chat_with(bob) as a:
        count = 300

        async def talk():
            for number in range(1, count + 1):
                await say(a, number)

        talking = asyncio.create_task(talk())
        assert await hear(a) == 1
        async with bob.open_socket(f"/ws/user/{alice.username}/?since=0") as b:
            assert [await hear(b) for _ in range(count)] == list(range(1, count + 1))
        await talking
        assert [await hear(a) for _ in range(count - 1)] == list(range(2, count + 1))


async def test_handshake_tells_the_last_number(alice, bob):
    async with alice.open_chat_with(bob) as a:
        assert a.response.headers["X-Last-Seq"] == "0"
        await say(a, "one")
        await hear(a)

    async with bob.open_chat_with(alice) as b:
        assert b.response.headers["X-Last-Seq"] == "1"


async def test_refuses_a_since_that_is_no_number_of_a_message(alice, bob):
    odd = ["-1", "1.5", "x", "9" * 30, "0" * 5000, quote("٣")]
    openings = [alice.open_socket(f"/ws/user/{bob.username}/?since={since}") for since in odd]
    assert await asyncio.gather(*map(is_refused_late, openings)) == [True] * len(odd)


async def test_since_beyond_the_last_gives_nothing(alice, bob):
    async with alice.open_socket(f"/ws/user/{bob.username}/?since={2**62}") as a:
        assert await hears_nothing(a, marker=a)


async def test_members_whose_names_are_anagrams_share_nothing(house, newcomer):
    one, other, third, fourth = (newcomer("A") for _ in range(4))
    names = {one.username: "abel", other.username: "dora", third.username: "labe"}
    names[fourth.username] = "roda"
    suffix = one.username[-4:]
    run_in(
        house,
        "\n".join(
            f"User.objects.filter(username={old!r}).update(username={new + suffix!r})"
            for old, new in names.items()
        ),
    )
    for person in (one, other, third, fourth):
        person.username = names[person.username] + suffix

    async with (
        one.open_chat_with(other) as a,
        third.open_chat_with(fourth) as anagram,
        fourth.open_chat_with(third) as reverse,
    ):
        await say(a, "secret")
        await hear(a)

        assert await hears_nothing(anagram, marker=anagram)
        await hear(reverse)
        assert await hears_nothing(reverse, marker=reverse)


async def test_no_room_name_reaches_a_private_chat(house, alice, bob):
    low, high = sorted((alice.id, bob.id))
    letters = "".join(sorted(alice.username + bob.username))
    names = [letters, f"private:{low}:{high}", f"chat:private:{low}:{high}", f"{low}:{high}", "1"]
    async with AsyncExitStack() as stack:
        rooms = [
            await stack.enter_async_context(connect(house.ws + room_path(name), proxy=None))
            for name in names
        ]
        a = await stack.enter_async_context(alice.open_chat_with(bob))
        await say(a, "secret")
        assert await hear(a) == "secret"

        for room in rooms:
            assert room.response.headers["X-Last-Seq"] == "0"
            assert await hears_nothing(room, marker=room)
        assert await hears_nothing(a, marker=a)


@pytest.mark.parametrize("blocker", ["alice", "bob"])
async def test_a_block_closes_the_sockets_of_both_within_a_second(alice, bob, blocker):
    who, whom = (alice, bob) if blocker == "alice" else (bob, alice)
    async with alice.open_chat_with(bob) as a, bob.open_chat_with(alice) as b:
        await say(a, "hello")
        assert [await hear(a), await hear(b)] == ["hello"] * 2
        assert who.http.put(f"/users/{whom.username}/block/").status_code == 204

        async with asyncio.timeout(1):
            assert [await close_code(a), await close_code(b)] == [1008, 1008]
    for one, other in ((alice, bob), (bob, alice)):
        assert await is_refused_late(one.open_chat_with(other))


async def test_message_to_a_member_who_left_is_not_kept(house, alice, bob):
    async with alice.open_chat_with(bob) as a:
        run_in(house, f"members.close_account(User.objects.get(pk={bob.id}))")

        await say(a, "too late")

        assert await close_code(a) == 1008
    assert await is_refused_late(alice.open_chat_with(bob))
