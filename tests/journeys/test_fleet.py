"""Two people whom the gateway sends to different processes."""

import asyncio
import secrets

import orjson
import pytest
from django.conf import settings

pytestmark = pytest.mark.skipif(
    not settings.POSTGRES_URL,
    reason="needs PostgreSQL and Redis; runs in the other half of `make test`",
)


async def heard(socket, count: int) -> list:
    async with asyncio.timeout(20):
        return [orjson.loads(await socket.recv())["message"] for _ in range(count)]


async def test_two_talk_privately_across_processes(house, alice, bob):
    one, other = house.sockets_urls
    async with (
        alice.open_chat_with(bob, base=one) as alices,
        bob.open_chat_with(alice, base=other) as bobs,
    ):
        await alices.send('{"message": "from the first"}')
        assert await heard(alices, 1) == await heard(bobs, 1) == ["from the first"]
        await bobs.send('{"message": "from the second"}')
        assert await heard(alices, 1) == await heard(bobs, 1) == ["from the second"]

    conversations = alice.http.get("/conversations/").json()
    assert [(c["kind"], c["username"], c["last_seq"]) for c in conversations] == [
        ("private", bob.username, 2)
    ]


async def test_both_processes_tell_one_order(house, alice, bob):
    path = f"/ws/rooms/order-{secrets.token_hex(4)}/"
    one, other = house.sockets_urls
    async with (
        alice.open_socket(path, base=one) as alices,
        bob.open_socket(path, base=other) as bobs,
    ):

        async def say(socket, who: str) -> None:
            for number in range(10):
                await socket.send(orjson.dumps({"message": f"{who}{number}"}).decode())

        await asyncio.gather(say(alices, "a"), say(bobs, "b"))
        at_alice, at_bob = await asyncio.gather(heard(alices, 20), heard(bobs, 20))

    assert at_alice == at_bob
    assert sorted(at_alice) == sorted(f"{who}{number}" for who in "ab" for number in range(10))


async def test_signing_out_closes_sockets_of_every_process(house, alice):
    path = f"/ws/rooms/leaving-{secrets.token_hex(4)}/"
    one, other = house.sockets_urls
    async with (
        alice.open_socket(path, base=one) as here,
        alice.open_socket(path, base=other) as there,
    ):
        assert alice.http.post("/auth/logout/").status_code == 204

        async with asyncio.timeout(10):
            await asyncio.gather(here.wait_closed(), there.wait_closed())

    assert (here.close_code, there.close_code) == (1008, 1008)
