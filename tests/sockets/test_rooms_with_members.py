"""`/ws/rooms/~…/`: rooms with members admit those who are in them, and nobody else (F26)."""

import asyncio

import pytest
from websockets.asyncio.client import connect

from tests.sockets.listening import close_code, hear, is_refused_late, say


@pytest.fixture
def room(alice, bob):
    """A private room of Alice's with Bob in it."""
    made = alice.http.post("/rooms/", json={"name": "Reading", "visibility": "private"}).json()
    bring_in(alice, made, bob)
    return made


def bring_in(owner, room, member):
    answer = owner.http.post(f"/rooms/{room['id']}/members/", json={"usernames": [member.username]})
    assert answer.status_code == 204, answer.text


def path_of(room):
    return f"/ws/rooms/{room['id']}/"


async def test_members_hear_each_other(house, room, alice, bob):
    path = path_of(room)
    async with (
        alice.open_socket(path) as a,
        bob.open_socket(path, base=house.sockets_urls[-1]) as b,
    ):
        await say(a, "for us")
        assert [await hear(s) for s in (a, b)] == ["for us"] * 2


async def test_all_others_are_refused_alike(house, room, alice, carol):
    banned = alice.http.put(f"/rooms/{room['id']}/bans/{carol.username}/")
    assert banned.status_code == 204

    assert await is_refused_late(carol.open_socket(path_of(room)))
    assert await is_refused_late(alice.open_socket("/ws/rooms/~nothing/"))
    assert await is_refused_late(connect(house.ws + path_of(room), proxy=None))


async def test_newcomer_is_not_given_what_was_said_before(room, alice, carol):
    changed = alice.http.patch(f"/rooms/{room['id']}/", json={"history_for_newcomers": False})
    assert changed.status_code == 200
    async with alice.open_socket(path_of(room)) as a:
        await say(a, "before")
        await hear(a)
    bring_in(alice, room, carol)

    async with carol.open_socket(path_of(room) + "?since=0") as c:
        await say(c, "after")
        assert await hear(c) == "after"


@pytest.mark.parametrize("way_out", ["members", "bans"])
async def test_who_is_put_out_hears_nothing_more(house, room, alice, bob, way_out):
    path = path_of(room)
    async with (
        alice.open_socket(path) as a,
        bob.open_socket(path, base=house.sockets_urls[-1]) as b,
    ):
        method = "DELETE" if way_out == "members" else "PUT"
        address = f"/rooms/{room['id']}/{way_out}/{bob.username}/"
        answer = await asyncio.to_thread(alice.http.request, method, address)
        assert answer.status_code == 204

        assert await close_code(b) == 1008
        await say(a, "among us")
        assert await hear(a) == "among us"
    assert await is_refused_late(bob.open_socket(path))
