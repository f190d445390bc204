"""Old sockets between strangers: nothing of requests is to be noticed there."""

from tests.sockets.listening import hear, hears_nothing, say


def listed(person, *, requests):
    answer = person.http.get("/conversations/", params={"requests": requests})
    return [(entry["id"], entry["username"]) for entry in answer.json()]


async def test_strangers_hear_each_other_whatever_became_of_the_request(alice, bob):
    async with alice.open_chat_with(bob) as a, bob.open_chat_with(alice) as b:
        await say(a, "hello?")
        assert [await hear(a), await hear(b)] == ["hello?", "hello?"]
        ((chat, name),) = listed(bob, requests=True)
        assert (name, listed(bob, requests=False)) == (alice.username, [])

        assert bob.http.post(f"/conversations/{chat}/decline/").status_code == 204
        await say(a, "still here")
        assert [await hear(a), await hear(b)] == ["still here", "still here"]
        assert listed(bob, requests=True) == listed(bob, requests=False) == []

    async with alice.open_chat_with(bob) as a, bob.open_chat_with(alice) as b:
        assert b.response.headers["X-Last-Seq"] == "2"
        await say(b, "well then")
        assert [await hear(a), await hear(b)] == ["well then", "well then"]
        assert await hears_nothing(b, marker=a)

    assert listed(bob, requests=False) == [(chat, alice.username)]
    assert listed(bob, requests=True) == []
