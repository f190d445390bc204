"""`/ws/` while something breaks: what was acknowledged stays, and is told once."""

import asyncio
import signal
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import psycopg

from tests.faults.fleet import Fleet, Member
from tests.faults.talk import LAST_HINT_SECONDS
from tests.sockets.gateway import Gateway, greeted

# A lane tries a batch for ten seconds.
GIVEN_UP_SECONDS = 13


def at(
    fleet: Fleet, member: Member, process: int = 0, **hello: Any
) -> AbstractAsyncContextManager[Gateway]:
    return greeted(member, base=fleet.sockets[process].ws_url, **hello)


def group_of(fleet: Fleet, count: int) -> tuple[str, str, list[Member]]:
    """Make a group of so many members, the owner first; return its id and key, too."""
    members = fleet.members(count)
    made = fleet.office.ask("open_group", *(member.username for member in members))
    return made["id"], made["key"], members


async def send(socket: Gateway, group: str, word: str) -> dict[str, Any]:
    return await socket.result("send", conversation=group, client_id=word, text=word)


async def texts(socket: Gateway, count: int, *, seconds: float = LAST_HINT_SECONDS) -> list[str]:
    """Return the texts of the next messages, whose revisions must be contiguous or folded."""
    found: list[str] = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            message = (await socket.until("message", seconds=seconds))["message"]
            found.append(message["text"])
    return found


async def test_f02_f03_a_message_whose_process_died_before_it_told_is_heard_and_is_one(
    fleet: Fleet,
):
    group, _, (ann, ben) = group_of(fleet, 2)
    part = fleet.sockets[0]
    async with at(fleet, ben, 1) as there:
        with fleet.hints_refused():
            async with at(fleet, ann) as here:
                first = await send(here, group, "once")
                fleet.house.kill(part)
        try:
            (survivor,) = fleet.sockets
            async with greeted(ann, base=survivor.ws_url) as moved:
                again = await send(moved, group, "once")

            assert await texts(there, 1) == ["once"]
            assert again == {**first, "duplicate": True}
            assert await there.has_silence()
        finally:
            fleet.house.restart(part)


async def test_f05_who_is_sent_away_by_a_deployment_has_lost_nothing(fleet: Fleet):
    group, key, (ann, ben) = group_of(fleet, 2)
    part = fleet.sockets[0]
    async with at(fleet, ann) as here, at(fleet, ben, 1) as there:
        words = [f"word {n}" for n in range(40)]
        ids = {n: f"cid-{n}" for n in range(40)}
        for n, word in enumerate(words):
            await here.say("send", id=n, conversation=group, client_id=ids[n], text=word)
        await here.until("ok")
        stopping = asyncio.create_task(asyncio.to_thread(fleet.house.stop, part))
        try:
            bye = await here.until("bye", seconds=10)
            await asyncio.wait_for(here.socket.wait_closed(), 5)
        finally:
            await stopping
            await asyncio.to_thread(fleet.house.restart, part)

        assert (bye["code"], here.socket.close_code) == (4001, 4001)
        told = {frame["id"] for frame in here.heard if frame["type"] == "ok"}
        with fleet.database() as connection:
            rows = connection.execute(
                "SELECT m.client_id FROM chat_message m"
                " JOIN chat_conversation c ON c.id = m.conversation_id"
                " WHERE c.key = %s AND m.event = '' ORDER BY m.seq",
                [key],
            ).fetchall()
        kept = [client_id for (client_id,) in rows]
        assert {ids[number] for number in told} <= set(kept)
        assert kept == [ids[n] for n in range(len(kept))]
        assert await texts(there, len(kept)) == words[: len(kept)]


async def test_f09_a_third_of_all_hints_lost_costs_no_message_and_closes_no_socket(fleet: Fleet):
    await _all_are_told(fleet, dropped=0.3)


async def test_f10_hints_that_come_twice_or_in_another_order_are_heard_once_in_order(
    fleet: Fleet,
):
    await _all_are_told(fleet, doubled=0.4)
    await _all_are_told(fleet, swapped=0.4)


async def _all_are_told(fleet: Fleet, **shares: float) -> None:
    group, _, (ann, ben) = group_of(fleet, 2)
    words = [f"{n}" for n in range(30)]
    async with at(fleet, ann) as here, at(fleet, ben, 1) as there:
        before = fleet.wire.done
        with fleet.wire.faulty(**shares, seed=7):
            for word in words:
                await send(here, group, word)
            heard = await texts(there, len(words), seconds=2 * LAST_HINT_SECONDS)
        assert fleet.wire.done > before
        assert heard == words
        assert await there.has_silence()


async def test_f15_a_database_that_cannot_be_written_refuses_and_recovers_by_itself(fleet: Fleet):
    group, _, (ann, _) = group_of(fleet, 2)
    async with at(fleet, ann) as here:
        await send(here, group, "before")
        _set_read_only(fleet, to="on")
        try:
            await here.say("send", id=900, conversation=group, client_id="full", text="full")
            refusal = await here.until("error", seconds=GIVEN_UP_SECONDS)
            page = await here.result("history", conversation=group)
        finally:
            _set_read_only(fleet, to="off")

        assert (refusal["id"], refusal["code"], refusal["retry"]) == (900, "unavailable", True)
        assert page["messages"][-1]["text"] == "before"
        async with asyncio.timeout(GIVEN_UP_SECONDS):
            # The connections of before the change end with it.
            while (await here.ask("send", conversation=group, client_id="full", text="full"))[
                "type"
            ] == "error":
                pass


def _set_read_only(fleet: Fleet, *, to: str) -> None:
    # As a full disk does to a careful server: what is there can still be read.
    url = fleet.house.env["POSTGRES_URL"]
    name = url.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {to}")  # type: ignore[arg-type]
    fleet.terminate_backends()


async def test_f26_who_is_put_out_hears_nothing_of_what_is_said_behind_it(fleet: Fleet):
    group, _, (ann, ben, cy) = group_of(fleet, 3)
    async with (
        at(fleet, ann) as here,
        at(fleet, ben) as leaving,
        at(fleet, ben, 1) as leaving_there,
        at(fleet, cy, 1) as staying,
    ):
        for n in range(100):
            if n == 50:
                removing = asyncio.create_task(
                    asyncio.to_thread(
                        fleet.office.ask, "put_out", group, ann.username, ben.username
                    )
                )
            await here.say("send", id=n, conversation=group, client_id=f"w{n}", text=f"w{n}")
        await removing
        for socket in (leaving, leaving_there):
            await socket.until("removed", seconds=LAST_HINT_SECONDS)
            assert await socket.has_silence()

        (change,) = [await staying.until("changed", lambda frame: bool(frame["revision"]))]
        assert change["change"] == {
            "event": "removed",
            "username": ben.username,
            "by": ann.username,
        }
        for socket in (leaving, leaving_there):
            heard = [f["message"]["revision"] for f in socket.heard if f["type"] == "message"]
            assert heard
            assert max(heard) < change["revision"]
            refused = await socket.code("send", conversation=group, client_id="late", text="late")
            assert refused == "conversation_not_found"


async def test_f28_what_one_device_has_read_another_process_knows_within_a_second(fleet: Fleet):
    group, _, (ann, ben) = group_of(fleet, 2)
    async with at(fleet, ann) as here, at(fleet, ben) as phone, at(fleet, ben, 1) as laptop:
        seq = (await send(here, group, "hello"))["seq"]
        await phone.result("read", conversation=group, seq=seq)

        place = await laptop.until("membership", lambda frame: frame["unread"] == 0, seconds=1)
        assert place["read_seq"] == seq


async def test_f30_one_client_id_from_two_sockets_at_once_is_one_message(fleet: Fleet):
    group, _, (ann, _) = group_of(fleet, 2)
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(at(fleet, ann, n % 2)) for n in range(4)]
        for n in range(10):
            results = await asyncio.gather(*(send(each, group, f"{n}") for each in sockets))

            assert len({(each["seq"], each["revision"]) for each in results}) == 1
            assert [each["duplicate"] for each in results].count(False) == 1


async def test_f12_a_crash_of_postgres_is_waited_for(fleet: Fleet):
    group, _, (ann, ben) = group_of(fleet, 2)
    async with at(fleet, ann) as here, at(fleet, ben, 1) as there:
        for n in range(3):
            sending = asyncio.create_task(send(here, group, f"{n}"))
            fleet.postgres._end(signal.SIGQUIT)
            fleet.postgres.start()
            assert (await sending)["seq"] == 2 + n
        assert await texts(there, 3) == ["0", "1", "2"]
