"""`/ws/rooms/{name}/`: names, guests, and what a room hears."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect

from tests.sockets.listening import (
    close_code,
    hear,
    hears_nothing,
    is_refused_late,
    room_path,
    say,
)
from tests.sockets.wire import Wire, text


def as_guest(house, path, base=None):
    return connect((base or house.ws) + path, proxy=None, compression=None)


async def test_guests_and_members_hear_each_other(house, alice, bob):
    path = room_path()
    async with (
        as_guest(house, path) as guest,
        alice.open_socket(path) as a,
        bob.open_socket(path, base=house.sockets_urls[-1]) as b,
    ):
        for word, speaker in (("from a guest", guest), ("from alice", a), ("from bob", b)):
            await say(speaker, word)
            assert [await hear(s) for s in (guest, a, b)] == [word] * 3


async def test_a_guest_gets_no_history(house, alice):
    path = room_path()
    async with alice.open_socket(path) as a:
        await say(a, "before")
        await hear(a)

        async with as_guest(house, path) as guest:
            assert await hears_nothing(guest, marker=a)


async def test_a_guest_may_not_ask_for_history(house, alice):
    path = room_path()
    async with alice.open_socket(path) as a:
        await say(a, "before")
        await hear(a)

        async with AsyncExitStack() as stack:
            guest = await stack.enter_async_context(as_guest(house, path + "?since=0"))
            assert await hears_nothing(guest, marker=a)


async def test_bad_token_is_refused_in_open_rooms_too(house):
    headers = {"Authorization": "Bearer nonsense"}
    assert await is_refused_late(
        connect(house.ws + room_path(), proxy=None, additional_headers=headers)
    )


async def test_names_differ_by_letter_case(house):
    path = room_path()
    async with (
        as_guest(house, path) as one,
        as_guest(house, path.replace("/room-", "/Room-")) as other,
    ):
        await say(one, "lower")
        await hear(one)

        assert await hears_nothing(other, marker=other)


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "x" * 100,
        "%C3%BC" * 100,
        "%F0%9F%8E%89",
        "a%2Fb",
        "a+b%20c",
        "%25",
        "..",
        "%2e%2e",
        ".",
        "x~",
        "room:x",
        "*",
        "%3Fsince=1",
    ],
)
async def test_takes_any_name_of_1_to_100_characters(house, name):
    async with (
        as_guest(house, f"/ws/rooms/{name}/") as one,
        as_guest(house, f"/ws/rooms/{name}") as other,
    ):
        await say(one, name)
        assert await hear(other) == name


async def test_plain_and_percent_encoded_names_are_one_room(house):
    plain, encoded = "/ws/rooms/caf~!$&'()*+,;=:@/", "/ws/rooms/%63af%7e%21%24&'()%2a+,;=:%40/"
    async with as_guest(house, plain) as one, as_guest(house, encoded) as other:
        await say(one, "hello")
        assert await hear(other) == "hello"


async def test_escaped_slash_is_part_of_the_name(house):
    async with as_guest(house, "/ws/rooms/p%2Fq/") as one:
        assert await is_refused_late(as_guest(house, "/ws/rooms/p/q/"))
        async with as_guest(house, "/ws/rooms/p%2fq/") as other:
            await say(one, "hello")
            assert await hear(other) == "hello"


NO_NAMES = [
    "",
    "x" * 101,
    "%C3%BC" * 101,
    "x" * 300,
    "~room",
    "%7Eroom",
    "%7eroom",
    "a%00b",
    "a%0Ab",
    "a%0D%0Ab",
    "%1b",
    "%7f",
    "%c2%85",
    "%ff",
]


async def test_refuses_what_cannot_be_a_name(house):
    answers = await asyncio.gather(
        *(is_refused_late(as_guest(house, f"/ws/rooms/{name}/")) for name in NO_NAMES)
    )
    assert [name for name, late in zip(NO_NAMES, answers, strict=True) if not late] == []


async def test_refuses_server_made_names_to_members_too(house, alice):
    assert await is_refused_late(alice.open_socket("/ws/rooms/~abc/"))


async def test_thousand_messages_of_one_segment_keep_their_order(house):
    path = room_path()
    async with Wire(house.ws) as wire, as_guest(house, path) as other:
        count = 1000
        frames = b"".join(text(f'{{"message": {number}}}') for number in range(count))
        assert await wire.open(path) == 101
        wire.write(frames)

        assert [await hear(other, 20) for _ in range(count)] == list(range(count))


async def test_since_reads_more_than_one_page_of_history(house, alice):
    path = room_path()
    async with alice.open_socket(path) as a:
        count = 450
        for number in range(count):
            await say(a, number)
        assert [await hear(a, 20) for _ in range(count)] == list(range(count))

        async with alice.open_socket(path + "?since=3") as late:
            assert [await hear(late) for _ in range(count - 3)] == list(range(3, count))


async def test_server_that_stops_says_so_with_a_standard_code(house_with):
    house = house_with()
    async with as_guest(house, room_path()) as guest:
        house.sockets[0].process.terminate()

        assert await close_code(guest) == 1012
