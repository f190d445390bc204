"""A session that ends takes its open sockets along, within a second."""

import time

import pytest

from tests.people import PASSWORD
from tests.sockets.listening import close_code, hear, is_refused_late, room_path, say

NEW_PASSWORD = "another correct horse battery"


def sign_out(person):
    return person.http.post("/auth/logout/")


def close_account(person):
    return person.http.delete("/users/profile/")


@pytest.mark.parametrize("end", [sign_out, close_account])
async def test_sockets_close_within_a_second_of(house, alice, bob, end):
    last = house.sockets_urls[-1]
    async with (
        alice.open_chat_with(bob) as chat,
        alice.open_socket(room_path(), base=last) as room,
        bob.open_chat_with(alice) as partner,
    ):
        assert end(alice).status_code == 204
        ended = time.monotonic()

        assert [await close_code(chat), await close_code(room)] == [1008, 1008]
        assert time.monotonic() - ended < 1
        await partner.ping()
    assert await is_refused_late(alice.open_chat_with(bob))


async def test_new_password_closes_the_sockets_of_other_devices_only(alice, bob, house):
    phone = alice.access
    alice.sign_in()
    async with alice.open_chat_with(bob) as mine:
        laptop, alice.access = alice.access, phone
        async with alice.open_chat_with(bob) as lost:
            answer = change_password(alice, laptop)
            assert answer.is_success, answer.text
            ended = time.monotonic()

            assert await close_code(lost) == 1008
            assert time.monotonic() - ended < 1
        await say(mine, "still here")
        assert await hear(mine) == "still here"


def change_password(person, token):
    return person.http.post(
        "/auth/password/",
        json={"current_password": PASSWORD, "new_password": NEW_PASSWORD},
        headers={"Authorization": f"Bearer {token}"},
    )
