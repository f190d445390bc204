"""Floods and crowds, in a house with rate limits."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect

from tests.sockets.conftest import person_of
from tests.sockets.listening import close_code, hear, is_refused_late, room_path, say
from tests.sockets.wire import Wire, text


@pytest.fixture
def member(limited_house):
    with person_of(limited_house, next(limited_house.members)) as person:
        yield person


@pytest.fixture
def other(limited_house):
    with person_of(limited_house, next(limited_house.members)) as person:
        yield person


async def test_ten_bad_frames_in_ten_seconds_close_with_1008(member, other):
    async with member.open_chat_with(other) as socket:
        for _ in range(9):
            await socket.send("nonsense")
        await say(socket, "still here")
        assert await hear(socket) == "still here"

        await socket.send("nonsense")
        await socket.send("nonsense")
        assert await close_code(socket) == 1008


async def test_a_burst_of_twenty_passes_and_more_is_slowed_down_without_loss(member, other):
    async with member.open_chat_with(other) as socket, other.open_chat_with(member) as heard:
        started = time.monotonic()
        for number in range(28):
            await say(socket, number)
        assert [await hear(heard) for _ in range(28)] == list(range(28))
        assert [await hear(socket) for _ in range(28)] == list(range(28))

    # Eight above the burst, five a second.
    assert time.monotonic() - started > 1.2


async def test_flood_is_closed_with_1008_and_what_was_heard_is_kept(limited_house, member, other):
    async with other.open_chat_with(member) as listener:
        async with Wire(limited_house.ws) as flooder:
            assert (
                await flooder.open(
                    f"/ws/user/{other.username}/", ("Authorization", f"Bearer {member.access}")
                )
                == 101
            )
            flooder.write(b"".join(text(f'{{"message": {number}}}') for number in range(400)))
            echoes = []
            while (frame := await flooder.read_frame())[0] == 1:
                echoes.append(frame[1])
            assert frame == (8, (1008).to_bytes(2, "big"))

        assert 20 <= len(echoes) < 60
        assert echoes == [b'{"message": %d}' % number for number in range(len(echoes))]
        assert [await hear(listener) for _ in echoes] == list(range(len(echoes)))


async def test_guests_have_a_burst_of_five_and_one_a_second(limited_house):
    async with connect(limited_house.ws + room_path(), proxy=None) as guest:
        started = time.monotonic()
        for number in range(7):
            await say(guest, number)
        assert [await hear(guest) for _ in range(7)] == list(range(7))

    assert time.monotonic() - started > 1.5


async def test_the_65th_socket_of_a_member_is_refused_and_the_others_stay(member, other):
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(member.open_chat_with(other)) for _ in range(64)]
        assert await is_refused_late(member.open_chat_with(other))

        await say(sockets[0], "all here")
        assert [await hear(socket) for socket in sockets] == ["all here"] * 64

        # Another member is none of theirs; and one that closes makes room, once the
        # refusal is forgotten (another address of the same room is not remembered).
        await stack.enter_async_context(other.open_chat_with(member))
        await sockets[0].close()
        await asyncio.sleep(0.2)
        await stack.enter_async_context(member.open_socket(room_path()))


async def test_the_51st_guest_of_an_address_is_refused(limited_house, member):
    path = limited_house.ws + room_path()
    async with AsyncExitStack() as stack:
        for _ in range(50):
            await stack.enter_async_context(connect(path, proxy=None))

        assert await is_refused_late(connect(path, proxy=None))
        await stack.enter_async_context(member.open_socket(room_path()))


async def test_no_level_of_the_log_shows_tokens_or_words(limited_house, member, other):
    async with member.open_socket(f"/ws/user/{other.username}/?t={member.refresh}") as socket:
        await say(socket, "a word for no log")
        await hear(socket)

    log = limited_house.log()
    assert "DEBUG" in log
    secrets = (member.access, member.refresh, "a word for no log")
    assert [secret for secret in secrets if secret in log] == []
    assert "Traceback" not in log
