"""`/ws/`: who gets in, and how it ends."""

import asyncio
import json
import secrets

import pytest
from websockets.asyncio.client import connect

from tests.people import Person
from tests.sockets.gateway import PATH, greeted, open_gateway
from tests.sockets.listening import close_code, is_refused_late, refusal
from tests.sockets.wire import Wire, bearer


def opening(house, **headers):
    return connect(house.ws + PATH, additional_headers=headers, proxy=None, compression=None)


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "x y"])
async def test_a_bad_token_in_the_handshake_is_refused_late(house, token):
    assert await is_refused_late(opening(house, Authorization=f"Bearer {token}"))


async def test_a_refresh_token_is_no_proof(house, alice):
    assert await is_refused_late(opening(house, Authorization=f"Bearer {alice.refresh}"))
    async with open_gateway(alice, token=False) as socket:
        await socket.say("hello", version=1, token=alice.refresh)
        assert (await socket.next())["code"] == "token_not_valid"
        assert await close_code(socket.socket) == 4501


async def test_no_token_at_all_is_told_and_closed(alice):
    async with open_gateway(alice, token=False) as socket:
        await socket.say("hello", version=1)
        error = await socket.next()
        assert (error["type"], error["id"], error["code"]) == ("error", None, "not_authenticated")
        assert await close_code(socket.socket) == 4501


async def test_a_token_in_the_address_is_not_accepted(house, alice):
    address = f"{house.ws}{PATH}?token={alice.access}"
    async with connect(address, proxy=None) as socket:
        await socket.send('{"type": "hello", "version": 1}')
        assert json.loads(await socket.recv())["code"] == "not_authenticated"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil"])
async def test_a_page_of_another_origin_is_refused(house, alice, origin):
    assert (await refusal(opening(house, Origin=origin)))[0] == 403


async def test_no_hello_closes_after_five_seconds(house, alice):
    async with open_gateway(alice) as socket:
        assert await close_code(socket.socket) == 4504


@pytest.mark.parametrize(
    "first", ['{"type": "ping", "id": 1}', "[]", "{", '{"type": "hello"}', '{"type": "what"}']
)
async def test_anything_before_hello_breaks_the_protocol(alice, first):
    async with open_gateway(alice) as socket:
        await socket.socket.send(first)
        assert await close_code(socket.socket) == 4500


async def test_a_second_hello_breaks_the_protocol(alice):
    async with greeted(alice) as socket:
        await socket.say("hello", version=1)
        assert await close_code(socket.socket) == 4500


async def test_a_binary_frame_closes_with_1003(alice):
    async with greeted(alice) as socket:
        await socket.socket.send(b"\x00")
        assert await close_code(socket.socket) == 1003


async def test_a_version_from_before_is_told_that_there_is_none_in_common(alice):
    async with open_gateway(alice) as socket:
        await socket.say("hello", version=0)
        assert await close_code(socket.socket) == 4505


async def test_a_newer_client_is_answered_in_the_version_that_is_there(alice):
    async with open_gateway(alice) as socket:
        welcome, _ = await socket.hello(version=7)
        assert welcome["version"] == 1


async def test_the_token_of_another_member_in_hello_is_refused(alice, bob):
    async with open_gateway(alice) as socket:
        await socket.say("hello", version=1, token=bob.access)
        assert (await socket.next())["code"] == "other_member"
        assert await close_code(socket.socket) == 4501


async def test_another_token_of_the_same_member_is_taken(alice):
    async with greeted(alice) as socket:
        alice.sign_in()
        result = await socket.result("auth", token=alice.access)
        assert result["expires_at"].endswith("Z")
        alice.http.post("/auth/logout/")
        assert await close_code(socket.socket) == 4501


async def test_the_token_of_another_member_later_closes(alice, bob):
    async with greeted(alice) as socket:
        assert await socket.code("auth", token=bob.access) == "other_member"
        assert await close_code(socket.socket) == 4501


async def test_a_bad_token_later_is_refused_and_the_socket_goes_on(alice):
    async with greeted(alice) as socket:
        assert await socket.code("auth", token="a.b.c") == "token_not_valid"
        await socket.result("ping")


async def test_signing_out_closes_within_a_second(alice):
    async with greeted(alice) as socket:
        alice.http.post("/auth/logout/")
        assert await close_code(socket.socket, seconds=1) == 4501


async def test_two_sockets_of_a_device_are_one_and_the_newer_stays(house, alice):
    bases = house.sockets_urls
    device = secrets.token_hex(4)
    async with (
        greeted(alice, base=bases[0], device=device) as old,
        greeted(alice, base=bases[0], device="another") as tablet,
        greeted(alice, base=bases[-1], device=device) as new,
    ):
        assert await close_code(old.socket) == 4503
        await new.result("ping")
        await tablet.result("ping")


async def test_devices_of_the_same_name_of_two_members_are_two(alice, bob):
    async with greeted(alice, device="pixel") as a, greeted(bob, device="pixel") as b:
        await a.result("ping")
        await b.result("ping")


async def test_an_epoch_that_has_passed_is_told_and_closed(alice):
    async with open_gateway(alice) as socket:
        await socket.say("hello", version=1, epoch="before", since={})
        assert (await socket.next())["code"] == "epoch_changed"
        assert await close_code(socket.socket) == 4007


async def epoch_of(person):
    async with open_gateway(person) as socket:
        return (await socket.hello())[0]["epoch"]


async def test_a_new_epoch_ends_all_sockets_and_is_the_next_welcome(house_with):
    own = house_with()
    with Person(own, "Dora") as dora:
        dora.sign_up().sign_in()
        before = await epoch_of(dora)
        async with greeted(dora) as socket:
            said = own.manage("new_epoch")
            if own.env["REDIS_URL"]:
                assert await close_code(socket.socket) == 4007
        # Another process on SQLite tells nobody; it is read again within ten seconds.
        async with asyncio.timeout(15):
            while (now := await epoch_of(dora)) == before:  # noqa: ASYNC110
                await asyncio.sleep(0.5)
        assert now in said


async def test_neither_subprotocols_nor_compression_are_agreed_on(house, alice):
    async with Wire(house.ws) as wire:
        offers = ("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=99")
        status = await wire.open(PATH, bearer(alice), offers, ("Sec-WebSocket-Protocol", "x"))
        assert status == 101
        assert "sec-websocket-extensions" not in wire.headers
        assert "sec-websocket-protocol" not in wire.headers
