"""Programs on sockets, by tokens that members made for them."""

import pytest
from websockets.asyncio.client import connect

from tests.people import PASSWORD
from tests.sockets.gateway import PATH, open_gateway
from tests.sockets.listening import close_code, hear, is_refused_late, say


def make_token(person, *scopes):
    body = {"name": "bot", "scopes": scopes, "current_password": PASSWORD}
    made = person.http.post("/auth/tokens/", json=body)
    assert made.status_code == 201, made.text
    return made.json()


async def test_a_program_talks_on_both_kinds_of_sockets_until_its_token_ends(alice, bob):
    made = make_token(alice, "chat")
    alice.access = made["token"]
    async with (
        alice.open_chat_with(bob) as chat,
        bob.open_chat_with(alice) as partner,
        open_gateway(alice) as gateway,
    ):
        frames = await gateway.hello()
        assert frames[0]["username"] == alice.username
        await say(chat, "It rains.")
        assert await hear(partner) == "It rains."

        assert alice.http.delete(f"/auth/tokens/{made['id']}/").status_code == 204

        assert await close_code(chat) == 1008
        assert await close_code(gateway.socket) == 4501


async def test_a_program_without_the_scope_opens_none(house, alice, bob):
    alice.access = make_token(alice, "read", "write")["token"]

    header = {"Authorization": f"Bearer {alice.access}"}
    assert await is_refused_late(alice.open_chat_with(bob))
    assert await is_refused_late(
        connect(house.ws + PATH, additional_headers=header, proxy=None, compression=None)
    )


@pytest.mark.parametrize("scopes", [("read", "write")])
async def test_a_hello_with_such_a_token_is_told_why(alice, scopes):
    token = make_token(alice, *scopes)["token"]
    async with open_gateway(alice, token=False) as gateway:
        await gateway.say("hello", version=1, token=token)

        assert (await gateway.next())["code"] == "scope_not_sufficient"
