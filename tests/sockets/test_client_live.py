"""The Python client against a house: through lost connections, restarts and refusals."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from snappio_client import (
    Added,
    Breach,
    ChangedMessage,
    Client,
    Connected,
    Disconnected,
    Displaced,
    EpochBegun,
    Event,
    FileStore,
    HandshakeRefused,
    MemoryStore,
    NewMessage,
    Refused,
    Removed,
    SessionEnded,
    Tokens,
    Typing,
    frames,
)

from config.env import BASE_DIR
from tests.house import House
from tests.people import PASSWORD, Person
from tests.sockets.cable import Cable

SECONDS = 20


@pytest.fixture
async def cable(house: House) -> AsyncIterator[Cable]:
    async with Cable(house.ws) as laid:
        yield laid


@pytest.fixture
def ada(newcomer: Callable[..., Person]) -> Person:
    return newcomer("Ada")


@pytest.fixture
def ben(newcomer: Callable[..., Person]) -> Person:
    return newcomer("Ben")


def client_of(person: Person, socket: str = "", **options: Any) -> Client:
    return Client(
        person.house.http,
        socket_url=f"{socket or person.house.ws}/ws/",
        token=person.access,
        refresh_token=person.refresh,
        trust_env=False,
        **options,
    )


async def next_of(client: Client, *kinds: type[Event], count: int = 1) -> Any:
    """Return the next event of these kinds, or a list of so many."""
    found = []
    async with asyncio.timeout(SECONDS):
        async for event in client.events():
            if isinstance(event, kinds):
                found.append(event)
                if len(found) == count:
                    break
    return found if count > 1 else found[0]


async def texts_of(client: Client, count: int) -> list[str]:
    """Return what the next so many new messages say."""
    told = await next_of(client, NewMessage, count=count)
    return [event.message.text for event in (told if count > 1 else [told])]


async def test_two_members_talk(ada, ben):
    async with client_of(ada) as adas, client_of(ben) as bens:
        chat = await adas.open(ben.username)
        sent = await chat.send("Hello")
        told = await next_of(bens, NewMessage)
        answer = await told.conversation.send("Hello yourself", reply_to=told.message.seq)

        assert (sent.seq, sent.duplicate, answer.seq) == (1, False, 2)
        assert (told.message.sender, told.message.text) == (ada.username, "Hello")
        mine, theirs = await next_of(adas, NewMessage, count=2)
        assert mine.message == told.message
        assert (theirs.message.text, theirs.message.reply_to) == ("Hello yourself", 1)
        assert chat.outbox == {}


async def test_what_becomes_of_a_message_is_told(ada, ben):
    async with client_of(ada) as adas, client_of(ben) as bens:
        chat = await adas.open(ben.username)
        await chat.send("Helo")
        theirs = (await next_of(bens, NewMessage)).conversation

        await chat.edit(1, "Hello")
        await theirs.react(1, "👍")
        await theirs.react(1, "👍", on=False)
        await chat.delete(1)

        states = [event.message for event in await next_of(bens, ChangedMessage, count=4)]
        assert [state.text for state in states] == ["Hello", "Hello", "Hello", ""]
        assert [len(state.reactions) for state in states] == [0, 1, 0, 0]
        assert states[-1].deleted
        assert theirs.messages[1] == states[-1]


async def test_typing_is_told_and_reading_is_remembered(ada, ben):
    async with client_of(ada) as adas, client_of(ben) as bens:
        chat = await adas.open(ben.username)
        await chat.send("Read me")
        theirs = (await next_of(bens, NewMessage)).conversation
        assert theirs.unread == 1
        # Until somebody asked answers, the stranger is not told what they do.
        await theirs.react(1, "\N{WAVING HAND SIGN}")

        theirs.typing()
        typing = await next_of(adas, Typing)
        await theirs.read()

        assert (typing.username, typing.on) == (ben.username, True)
        assert theirs.unread == 0


async def test_what_was_missed_is_told_after_a_lost_connection(ada, ben, cable):
    async with client_of(ada) as adas, client_of(ben, cable.url) as bens:
        chat = await adas.open(ben.username)
        await chat.send("one")
        assert await texts_of(bens, 1) == ["one"]

        cable.is_plugged = False
        cable.cut()
        assert (await next_of(bens, Disconnected)).code == 1006
        await chat.send("two")
        await chat.send("three")
        await chat.edit(1, "One")
        cable.is_plugged = True

        assert (await next_of(bens, ChangedMessage)).message.text == "One"
        assert await texts_of(bens, 2) == ["two", "three"]
        await next_of(bens, Connected)
        await chat.send("four")
        assert await texts_of(bens, 1) == ["four"]


async def test_a_message_whose_answer_was_lost_is_stored_once(ada, ben, cable):
    async with client_of(ada, cable.url) as adas, client_of(ben) as bens:
        chat = await adas.open(ben.username)
        cable.is_heard = False
        sending = asyncio.create_task(chat.send("once"))
        assert await texts_of(bens, 1) == ["once"]
        assert [command["text"] for command in chat.outbox.values()] == ["once"]

        cable.cut()
        cable.is_heard = True

        sent = await asyncio.wait_for(sending, SECONDS)
        assert (sent.seq, sent.duplicate) == (1, True)
        assert [each.text for each in await chat.history()] == ["once"]
        assert await texts_of(adas, 1) == ["once"]
        await chat.send("twice")
        assert await texts_of(adas, 1) == ["twice"]
        assert await texts_of(bens, 1) == ["twice"]


async def test_messages_keep_their_order_through_lost_connections(ada, ben, cable):
    async with client_of(ada, cable.url) as adas, client_of(ben) as bens:
        chat = await adas.open(ben.username)
        words = [f"word {number}" for number in range(20)]
        sending = [asyncio.create_task(chat.send(word)) for word in words]
        for _ in range(3):
            await next_of(bens, NewMessage)
            cable.cut()

        places = [sent.seq for sent in await asyncio.gather(*sending)]

        assert places == list(range(1, 21))
        assert [each.text for each in await chat.history()] == words


async def test_a_restart_goes_on_where_the_program_stopped(ada, ben, tmp_path: Path):
    path = tmp_path / "positions.json"
    async with client_of(ada) as adas:
        chat = await adas.open(ben.username)
        async with client_of(ben, store=FileStore(path)) as bens:
            await chat.send("one")
            await chat.send("two")
            # The second is given, and the program ends before it asks for more.
            assert await texts_of(bens, 2) == ["one", "two"]
        await chat.send("three")

        async with client_of(ben, store=FileStore(path)) as bens:
            assert await texts_of(bens, 2) == ["two", "three"]
            await next_of(bens, Connected)


async def test_only_what_is_unread_is_new_to_a_client_without_a_past(ada, ben):
    async with client_of(ada) as adas, client_of(ben) as bens:
        chat = await adas.open(ben.username)
        await chat.send("read")
        await (await next_of(bens, NewMessage)).conversation.read()
        await chat.send("unread")

        async with client_of(ben) as fresh:
            added = await next_of(fresh, Added)
            assert await texts_of(fresh, 1) == ["unread"]

    assert added.conversation.unread == 1


async def test_history_pages_back(ada, ben):
    async with client_of(ada) as adas:
        chat = await adas.open(ben.username)
        for number in range(1, 8):
            await chat.send(f"word {number}")

        newest = await chat.history(limit=3)
        older = await chat.history(before=newest[0].seq, limit=3)
        newer = await chat.history(after=older[0].seq, limit=1)

    assert [each.seq for each in newest] == [5, 6, 7]
    assert [each.seq for each in older] == [2, 3, 4]
    assert [each.seq for each in newer] == [3]


async def test_a_broken_promise_is_told_and_mended(ada, ben):
    breaches: list[Breach] = []
    async with client_of(ada) as adas, client_of(ben, on_breach=breaches.append) as bens:
        chat = await adas.open(ben.username)
        await chat.send("one")
        theirs = (await next_of(bens, NewMessage)).conversation

        bens.hear(frames.Passed(theirs.id, theirs.revision + 2))
        await chat.send("two")

        assert await texts_of(bens, 1) == ["two"]
        assert [breach.conversation for breach in breaches] == [theirs]
        await chat.send("three")
        assert await texts_of(bens, 1) == ["three"]


async def test_a_connection_that_says_nothing_is_left(ada, ben, cable):
    async with client_of(ada) as adas, client_of(ben, cable.url) as bens:
        chat = await adas.open(ben.username)
        (await bens._link.connected())._ping_seconds = 0.5
        await chat.send("heard")
        assert await texts_of(bens, 1) == ["heard"]

        cable.is_heard = False
        await chat.send("unheard")

        lost = await next_of(bens, Disconnected)
        cable.is_heard = True

        assert lost.code == 1006
        assert await texts_of(bens, 1) == ["unheard"]


async def test_a_signed_out_client_ends(ada, ben):
    async with client_of(ada) as adas:
        chat = await adas.open(ben.username)
        answer = await asyncio.to_thread(ada.http.post, "/auth/logout/", json={})
        assert answer.is_success, answer.text

        with pytest.raises(SessionEnded):
            await next_of(adas, Removed)
        with pytest.raises(SessionEnded):
            await chat.send("Still there?")


async def test_a_bad_token_ends_the_client_at_once(ada):
    ada.access = "eyJhbGciOiJIUzI1NiJ9.e30.x"

    with pytest.raises(SessionEnded):
        async with client_of(ada):
            pass


async def test_a_second_socket_of_a_device_takes_the_place_of_the_first(ada):
    async with client_of(ada, device="phone") as first, client_of(ada, device="phone"):
        with pytest.raises(Displaced):
            await next_of(first, Removed)


async def test_a_token_that_expires_is_replaced(house_with):
    house = house_with(ACCESS_TOKEN_LIFETIME="2")
    renewed: list[Tokens] = []
    taken = asyncio.Event()

    def listen(arrow: str, text: str) -> None:
        if arrow == "←" and "expires_at" in text:
            taken.set()

    with Person(house, "Ada") as ada:
        ada.sign_up()
        async with Client(
            house.http,
            socket_url=f"{house.ws}/ws/",
            username=ada.username,
            password=PASSWORD,
            trust_env=False,
            on_tokens=renewed.append,
            on_frame=listen,
        ) as adas:
            await asyncio.wait_for(taken.wait(), SECONDS)
            await adas.http.call("GET", "users/profile/")

    assert len({tokens.access for tokens in renewed}) >= 2


async def test_a_restored_backup_is_told(house_with):
    house, store = house_with(), MemoryStore()
    with Person(house, "Ada") as ada, Person(house, "Ben") as ben:
        ada.sign_up().sign_in()
        ben.sign_up().sign_in()
        async with client_of(ada, store=store) as adas:
            chat = await adas.open(ben.username)
            await chat.send("before")
            assert await texts_of(adas, 1) == ["before"]
        house.manage("new_epoch")
        for sockets in house.sockets:
            house.kill(sockets)
            house.restart(sockets)

        async with client_of(ada, store=store) as adas:
            chat = await adas.open(ben.username)
            await chat.send("after")
            lost = await next_of(adas, Disconnected)
            await next_of(adas, EpochBegun)

            assert lost.code == 4007
            # What one has said oneself is read, hence not new.
            assert await texts_of(adas, 1) == ["after"]


async def test_refusals_carry_the_servers_code(ada):
    async with client_of(ada) as adas:
        with pytest.raises(Refused) as refusal:
            await adas.open("nobody-of-this-name")
        with pytest.raises(Refused) as too_large:
            await adas.request({"type": "open", "username": "x" * 65_536})

    assert refusal.value.code
    assert not refusal.value.retry
    assert too_large.value.code == "bad_frame"


async def test_an_address_without_a_socket_is_no_place_to_come_back_to(house: House, ada):
    with pytest.raises(HandshakeRefused) as refused:
        async with client_of(ada, f"{house.ws}/elsewhere"):
            pass

    assert refused.value.code == 403


async def test_the_terminal_shows_and_says(ada, ben):
    async with client_of(ada) as adas:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "snappio_client", ada.house.http, ben.username,
            "--with", ada.username, "--socket", f"{ada.house.ws}/ws/",
            cwd=BASE_DIR,
            env={**os.environ, "SNAPPIO_PASSWORD": PASSWORD, "NO_PROXY": "*"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin
        process.stdin.write(b"Hello from here\n")
        told = await next_of(adas, NewMessage)
        await told.conversation.send("Hello from there")
        shown = await _shown_until(process, "Hello from there")
        process.stdin.write_eof()
        status = await asyncio.wait_for(process.wait(), SECONDS)

    assert told.message.text == "Hello from here"
    assert shown.count("Hello from here") == 1
    assert status == 0


async def _shown_until(process: asyncio.subprocess.Process, word: str) -> str:
    assert process.stdout
    shown = ""
    async with asyncio.timeout(SECONDS):
        while word not in shown:
            shown += (await process.stdout.readline()).decode()
    return shown
