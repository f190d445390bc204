"""`/ws/`: a process that ends sends its sockets away, each to come back at its own moment."""

import asyncio

from tests.people import Person
from tests.sockets.gateway import conversation_with, greeted
from tests.sockets.listening import close_code


async def test_a_process_that_ends_says_bye_and_what_was_sent_is_stored(house_with):
    house = house_with()
    part = house.sockets[0]
    with Person(house, "Alice") as alice, Person(house, "Bob") as bob:
        alice.sign_up().sign_in()
        bob.sign_up().sign_in()
        chat = conversation_with(alice, bob)
        async with greeted(alice) as a, greeted(bob) as b, bob.open_chat_with(alice) as old:
            await a.result("send", conversation=chat, client_id="x", text="stored")

            stopping = asyncio.create_task(asyncio.to_thread(house.stop, part))

            afters = []
            for socket in (a, b):
                bye = await socket.until("bye")
                assert bye["code"] == 4001
                afters.append(bye["after"])
                assert await close_code(socket.socket) == 4001
            assert all(0 <= after < 10_000 for after in afters)
            assert await close_code(old) == 1012
            await stopping
        assert "Traceback" not in part.log()
