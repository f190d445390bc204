"""`/ws/`: hello, and messages that everybody hears once and in order."""

from tests.sockets.gateway import conversation_with, greeted, open_gateway, subscribed
from tests.sockets.listening import hear


async def test_hello_is_welcomed_and_ready_says_that_this_was_all(alice):
    async with open_gateway(alice) as socket:
        welcome, ready = await socket.hello()

    assert ready == {"type": "ready"}
    assert welcome["username"] == alice.username
    assert (welcome["version"], welcome["ping"]) == (1, 25)
    assert welcome["epoch"]
    assert welcome["limits"]["subscriptions"] == 500


async def test_the_token_may_come_with_hello(alice):
    async with open_gateway(alice, token=False) as socket:
        welcome, _ = await socket.hello(token=alice.access)
    assert welcome["username"] == alice.username


async def test_a_message_is_told_to_both_and_then_acknowledged(alice, bob):
    chat = conversation_with(alice, bob)
    async with greeted(alice) as a, greeted(bob) as b:
        result = await a.result("send", conversation=chat, client_id="one", text="Hello")

        echo = a.heard[-2]
        assert echo["type"] == "message"
        assert (result["seq"], result["revision"], result["duplicate"]) == (1, 1, False)
        assert await b.next() == echo
        (history,) = alice.http.get(f"/conversations/{chat}/messages/").json()
        assert echo["message"] == history
        assert result["sent_at"] == history["sent_at"]


async def test_what_was_said_before_is_in_subscribed(alice, bob):
    chat = conversation_with(alice, bob)
    for number in range(3):
        alice.http.post(f"/conversations/{chat}/messages/", json={"text": f"{number}"})

    async with open_gateway(bob) as b:
        frame = subscribed(await b.hello())[chat]
        assert (frame["revision"], frame["last_seq"], frame["unread"]) == (3, 3, 3)
        assert [each["seq"] for each in frame["messages"]] == [3]
        (listed,) = bob.http.get("/conversations/?requests=true").json()
        assert frame["details"] == listed


async def test_old_sockets_hear_what_is_said_on_the_new_one_and_the_reverse(alice, bob):
    chat = conversation_with(alice, bob)
    async with greeted(alice) as a, bob.open_chat_with(alice) as b:
        await a.result("send", conversation=chat, client_id="x", text="Hello")
        assert (await hear(b))["data"] == "Hello"

        await b.send('{"message": {"data": "Hi", "n": 12345678901234567890123}}')
        message = (await a.until("message"))["message"]
        assert message["text"] == "Hi"
        assert message["raw"]["n"] == 12345678901234567890123
