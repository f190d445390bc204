"""Coming into conversations and out of them while somebody else goes on talking (F26).

Whoever is out hears that they are, and nothing that came after it, on any socket. In a
fleet they listen at another process than the one that is talked to.
"""

import asyncio
import itertools
from contextlib import asynccontextmanager

import pytest
from websockets.exceptions import ConnectionClosed

from tests.sockets.gateway import greeted, open_gateway, subscribed
from tests.sockets.listening import hear, is_refused_late

# So many are said at once: something is always under way.
AT_ONCE = 10

# Who does it, and how.
WAYS_OUT = {
    "removed": ("alice", "DELETE", "members/{}/"),
    "banned": ("alice", "PUT", "bans/{}/"),
    "left": ("bob", "POST", "leave/"),
}


class Place:
    """A group of Alice's, or a private room; what is done to it is done over HTTP."""

    def __init__(self, id_, room=None):
        self.id = id_
        # Where its old socket is; groups have none.
        self.path = room and f"/ws/rooms/{room}/"

    async def change(self, person, method, rest, **body):
        """Change it, and let whatever else goes on go on."""
        address = f"/conversations/{self.id}/{rest}"
        answer = await asyncio.to_thread(person.http.request, method, address, json=body)
        assert answer.is_success, answer.text

    async def add(self, owner, member):
        await self.change(owner, "POST", "members/", usernames=[member.username])

    def live(self, frames):
        """Return what was heard of it as it happened."""
        types = ("message", "changed", "passed")
        return [
            each for each in frames if each["type"] in types and each["conversation"] == self.id
        ]


def make_place(kind, owner, *members):
    usernames = [member.username for member in members]
    if kind == "group":
        return Place(owner.http.post("/conversations/", json={"usernames": usernames}).json()["id"])
    made = owner.http.post("/rooms/", json={"name": "Reading", "visibility": "private"}).json()
    added = owner.http.post(f"/rooms/{made['id']}/members/", json={"usernames": usernames})
    assert added.status_code == 204, added.text
    return Place(made["conversation"], made["id"])


@pytest.fixture(params=["group", "room"])
def place(request, alice, bob, carol):
    """A group or a private room with the three of them in it."""
    return make_place(request.param, alice, bob, carol)


class Talk:
    """Somebody who goes on talking; ``stored`` are the revisions of what was said, by client id."""

    def __init__(self, socket, place):
        self.stored = {}
        self._socket = socket
        self._place = place
        self._is_over = False
        self._further = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def _run(self):
        numbers = itertools.count(1)
        while not self._is_over:
            ids = [next(numbers) for _ in range(AT_ONCE)]
            for id_ in ids:
                await self._socket.say(
                    "send", id=id_, conversation=self._place.id, client_id=f"{id_}", text=f"{id_}"
                )
            for _ in ids:
                answer = await self._socket.until("ok", seconds=30)
                self.stored[f"{answer['id']}"] = answer["result"]["revision"]
            self._further.set()

    async def goes_on(self):
        """Wait until something that was not yet said is stored."""
        # What is under way now ends with the first of these.
        for _ in range(2):
            self._further.clear()
            async with asyncio.timeout(30):
                await self._further.wait()

    async def end(self):
        self._is_over = True
        await self._task

    def first_change(self):
        """Return the first revision that something else took: of notice and change the latter."""
        numbers = sorted(self.stored.values())
        return next(b - 1 for a, b in itertools.pairwise(numbers) if b > a + 1)


@asynccontextmanager
async def talking(person, place):
    async with greeted(person) as socket:
        talk = Talk(socket, place)
        await talk.goes_on()
        yield talk
        await talk.end()


def far_from(person):
    """Return where sockets are served by another process, if there is one."""
    return person.house.sockets_urls[-1]


async def heard_until_closed(socket):
    words = []
    try:
        while True:
            words.append((await hear(socket, 30))["data"])
    except ConnectionClosed as closed:
        return words, closed.rcvd and closed.rcvd.code


def revision_of(frame):
    return frame["message"]["revision"] if frame["type"] == "message" else frame["revision"]


def assert_no_hole(frames, place, after):
    """Revisions follow each other, but where a `gap` folds some together."""
    if any(frame["type"] == "gap" for frame in frames):
        return
    heard = [revision_of(frame) for frame in place.live(frames)]
    assert heard == list(range(after + 1, after + 1 + len(heard)))


async def assert_nothing_opens(socket, place):
    requests = {
        "send": {"client_id": "late", "text": "late"},
        "edit": {"seq": 1, "text": "late"},
        "react": {"seq": 1, "emoji": "👍"},
        "read": {"seq": 1},
        "history": {},
        "subscribe": {},
        "typing": {"on": True},
    }
    for type_, fields in requests.items():
        code = await socket.code(type_, conversation=place.id, **fields)
        assert code == "conversation_not_found", type_


@pytest.mark.parametrize("way", WAYS_OUT)
async def test_who_is_out_hears_nothing_after_it(alice, bob, carol, place, way):
    by, method, rest = WAYS_OUT[way]
    actor = {"alice": alice, "bob": bob}[by]
    async with open_gateway(bob, base=far_from(carol)) as b, talking(carol, place) as talk:
        start = subscribed(await b.hello())[place.id]["revision"]
        await talk.goes_on()
        await place.change(actor, method, rest.format(bob.username))
        await talk.goes_on()
        removed = await b.until("removed", seconds=30)

        assert removed == {"type": "removed", "conversation": place.id, "reason": way}
        await talk.goes_on()
        assert await b.has_silence()
        heard, way_out = place.live(b.heard), talk.first_change()
        assert revision_of(heard[-1]) <= way_out
        assert_no_hole(b.heard, place, start)
        if not any(frame["type"] == "gap" for frame in b.heard):
            change = {"event": way, "username": bob.username, "by": actor.username}
            assert (heard[-1]["revision"], heard[-1]["change"]) == (way_out, change)
        await assert_nothing_opens(b, place)
        assert place.live(b.heard) == heard


@pytest.mark.parametrize("way", WAYS_OUT)
async def test_the_old_socket_of_who_is_out_closes(alice, bob, carol, way):
    by, method, rest = WAYS_OUT[way]
    place = make_place("room", alice, bob, carol)
    async with (
        bob.open_socket(place.path, base=far_from(carol)) as old,
        talking(carol, place) as talk,
    ):
        actor = {"alice": alice, "bob": bob}[by]
        await place.change(actor, method, rest.format(bob.username))
        await talk.goes_on()
        words, code = await heard_until_closed(old)
        assert code == 1008
        assert words == [f"{number}" for number in range(1, len(words) + 1)]
        assert words
        assert talk.stored[words[-1]] < talk.first_change()
    assert await is_refused_late(bob.open_socket(place.path))


async def test_who_is_silenced_hears_on_and_says_nothing(alice, bob, carol, place):
    silence = f"members/{bob.username}/silence/"
    async with (
        open_gateway(bob, base=far_from(carol)) as b,
        talking(carol, place) as talk,
    ):
        told = subscribed(await b.hello())[place.id]
        await place.change(alice, "PUT", silence, seconds=600)
        await b.until("membership")
        for type_, fields in (
            ("send", {"client_id": "x", "text": "x"}),
            ("react", {"seq": told["last_seq"], "emoji": "👍"}),
            ("typing", {"on": True}),
        ):
            assert await b.code(type_, conversation=place.id, **fields) == "silenced"
        await talk.goes_on()
        last = max(talk.stored.values())
        await b.until("message", lambda frame: revision_of(frame) >= last, seconds=30)
        await place.change(alice, "DELETE", silence)
        await b.until("membership", seconds=30)
        await b.result("send", conversation=place.id, client_id="x", text="back")
        assert_no_hole(b.heard, place, told["revision"])


async def test_who_comes_back_goes_on_without_a_hole_on_the_same_socket(alice, bob, carol, place):
    async with (
        greeted(bob, base=far_from(carol)) as b,
        talking(carol, place) as talk,
    ):
        await place.change(alice, "DELETE", f"members/{bob.username}/")
        await b.until("removed", seconds=30)
        await talk.goes_on()
        before = len(b.heard)

        await place.add(alice, bob)

        again = await b.until("subscribed", seconds=30)
        assert again["conversation"] == place.id
        assert place.live(b.heard[before:]) == []
        await talk.goes_on()
        last = max(talk.stored.values())
        after = len(b.heard)
        await b.until("message", lambda frame: revision_of(frame) >= last, seconds=30)
        assert_no_hole(b.heard[after:], place, again["revision"])
        await b.result("send", conversation=place.id, client_id="x", text="back")


async def test_who_is_out_and_in_again_at_once_misses_nothing(alice, bob, carol):
    place = make_place("room", alice, bob, carol)
    async with (
        open_gateway(bob, base=far_from(carol)) as b,
        talking(carol, place) as talk,
    ):
        reached = subscribed(await b.hello())[place.id]["last_seq"]
        start = len(b.heard)
        for _ in range(5):
            await place.change(alice, "DELETE", f"members/{bob.username}/")
            await place.add(alice, bob)
        await talk.goes_on()
        last = max(talk.stored.values())
        await b.until("message", lambda frame: revision_of(frame) >= last, seconds=30)

        assert_every_message_comes_once(b.heard[start:], reached)


def assert_every_message_comes_once(frames, reached):
    """Follow them as a client does: what was `removed` begins anew, all else goes on."""
    is_anew = False
    for frame in frames:
        if frame["type"] == "removed":
            is_anew = True
        elif frame["type"] == "subscribed" and is_anew:
            reached, is_anew = frame["last_seq"], False
        elif frame["type"] in ("subscribed", "message"):
            messages = frame.get("messages", [frame.get("message")])
            seqs = [message["seq"] for message in messages]
            assert seqs == list(range(reached + 1, reached + 1 + len(seqs))), frame["type"]
            reached += len(seqs)


@pytest.fixture
def open_room(alice, bob):
    """Return an open room of Alice's in which Bob has a place, and the room's id."""
    name = f"lobby {next(_rooms)}"
    made = alice.http.post("/rooms/", json={"name": name, "visibility": "open"}).json()
    assert bob.http.post(f"/rooms/{made['id']}/join/").status_code == 200
    return Place(made["conversation"], made["id"])


_rooms = itertools.count(1)


async def test_who_leaves_an_open_room_hears_no_more_until_they_ask(alice, bob, open_room):
    async with greeted(bob, base=far_from(alice)) as b:
        start = len(b.heard)
        await open_room.change(bob, "POST", "leave/")

        removed = await b.until("removed")
        assert (removed["conversation"], removed["reason"]) == (open_room.id, "left")
        await open_room.change(alice, "POST", "messages/", text="anybody?")
        assert await b.has_silence()
        assert not [frame for frame in b.heard[start:] if frame["type"] == "subscribed"]

        await b.result("subscribe", conversation=open_room.id)
        assert subscribed(b.heard[start:])[open_room.id]["messages"]


async def test_who_only_looks_on_is_told_of_their_ban(alice, carol, open_room):
    async with greeted(carol, base=far_from(alice)) as c:
        await c.result("subscribe", conversation=open_room.id)
        await open_room.change(alice, "PUT", f"bans/{carol.username}/")

        removed = await c.until("removed")
        assert (removed["conversation"], removed["reason"]) == (open_room.id, "banned")
        await open_room.change(alice, "POST", "messages/", text="now then")
        assert await c.has_silence()


async def test_a_newcomer_to_a_group_hears_of_nothing_older(alice, bob, carol, newcomer):
    place = make_place("group", alice, bob, carol)
    dora = newcomer("Dora")
    async with (
        greeted(dora, base=far_from(carol)) as d,
        greeted(alice) as a,
        talking(carol, place) as talk,
    ):
        old = (await a.result("send", conversation=place.id, client_id="old", text="old"))["seq"]
        await place.add(alice, dora)
        mine = await d.until("subscribed", seconds=30)
        assert mine["first_seq"] > old
        assert all(message["seq"] >= mine["first_seq"] for message in mine["messages"])

        edited = await a.result("edit", conversation=place.id, seq=old, text="older")

        passed = await d.until("passed", seconds=30)
        assert passed == {"type": "passed", "conversation": place.id, **edited}
        await talk.goes_on()
        last = max(talk.stored.values())
        await d.until("message", lambda frame: revision_of(frame) >= last, seconds=30)
        messages = [each["message"] for each in d.heard if each["type"] == "message"]
        assert min(message["seq"] for message in messages) >= mine["first_seq"]
        assert_no_hole(d.heard, place, mine["revision"])
        page = await d.result("history", conversation=place.id, after=0, limit=200)
        assert page["messages"][0]["seq"] == mine["first_seq"] == page["first_seq"]
        code = await d.code("react", conversation=place.id, seq=old, emoji="👍")
        assert code == "message_not_found"
