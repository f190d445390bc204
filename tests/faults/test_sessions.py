"""Who may not, may not whatever else is broken, and it costs us nothing."""

import asyncio
import time

import pytest
from websockets.exceptions import InvalidStatus

from tests.faults.fleet import Fleet, chat_path, open_socket
from tests.faults.talk import close_code, hear, say

LOOPS = 200


async def test_f24_endless_handshakes_with_a_dead_token_are_answered_late_and_without_sql(
    fleet: Fleet,
):
    ann, ben = fleet.members(2)
    fleet.office.ask("end_session", ann.session)
    url = fleet.sockets[0].ws_url + chat_path(ben)
    # The first try of a token that looks good has to ask the database.
    await _refused_after(url, ann.access)

    fleet.terminate_backends()
    before = _transactions(fleet)
    for token in (ann.access, ben.expired):
        delays = await asyncio.gather(*(_refused_after(url, token) for _ in range(LOOPS)))
        assert min(delays) > 0.9
        assert max(delays) < 3
    # Backends tell their counts when they end.
    fleet.terminate_backends()
    await asyncio.sleep(0.2)

    # What the processes ask every five seconds, and we ourselves.
    assert _transactions(fleet) - before < LOOPS / 4


async def _refused_after(url: str, access: str) -> float:
    began_at = time.monotonic()
    with pytest.raises(InvalidStatus) as refusal:
        await open_socket(url, access).__aenter__()
    assert refusal.value.response.status_code == 403
    return time.monotonic() - began_at


def _transactions(fleet: Fleet) -> int:
    with fleet.database() as connection:
        row = connection.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database"
            " WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return row[0]


async def test_f27_an_ended_session_closes_its_sockets_everywhere_within_a_second(fleet: Fleet):
    ann, ben = fleet.members(2)
    async with (
        fleet.open(chat_path(ben), ann) as here,
        fleet.open(chat_path(ben), ann, process=1) as there,
        fleet.open(chat_path(ann), ben) as other,
    ):
        fleet.office.ask("end_session", ann.session)

        assert await close_code(here, seconds=1) == 1008
        assert await close_code(there, seconds=1) == 1008
        await say(other, 1)
        assert await hear(other, seconds=1) == 1


async def test_f27_a_deleted_member_says_nothing_even_if_nobody_heard_of_the_deletion(fleet: Fleet):
    ann, ben = fleet.members(2)
    async with fleet.open(chat_path(ben), ann) as leaving, fleet.open(chat_path(ann), ben) as other:
        await say(leaving, 0)
        assert await hear(other, seconds=1) == 0
        with fleet.redis_down():
            fleet.office.ask("leave", ann.username)
            await say(leaving, 1)

            assert await close_code(leaving, seconds=2) == 1008
    stored = fleet.stored(f"private:{min(ann.id, ben.id)}:{max(ann.id, ben.id)}")
    assert [message.body[1] for message in stored] == [0]


async def test_f27_a_sign_out_that_redis_lost_closes_the_socket_as_soon_as_redis_is_back(
    fleet: Fleet,
):
    ann, ben = fleet.members(2)
    async with (
        fleet.open(chat_path(ben), ann) as here,
        fleet.open(chat_path(ben), ann, process=1) as there,
    ):
        with fleet.redis_down():
            # Sessions are also looked at when Redis goes: that is over then.
            await asyncio.sleep(1)
            fleet.office.ask("end_session", ann.session)
            # What the office could not publish must be lost, not late.
            await asyncio.sleep(1)

        assert await close_code(here, seconds=2) == 1008
        assert await close_code(there, seconds=2) == 1008
