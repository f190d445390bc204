"""`/ws/`: frames that are wrong, too many, or in a hurry."""

import asyncio
import json

import pytest

from tests.sockets.gateway import conversation_with, greeted
from tests.sockets.listening import close_code
from tests.sockets.wire import CLOSE, TEXT, Wire, bearer, text

BAD = [
    "",
    "no json",
    "[]",
    "5",
    "null",
    "{}",
    "\ufeff{}",
    '{"type": "ping", "id": 1} x',
    '{"type": "ping"}',
    '{"type": "ping", "id": -1}',
    '{"type": "ping", "id": 4294967296}',
    '{"type": "ping", "id": 1.5}',
    '{"type": "ping", "id": "1"}',
    '{"type": "ping", "id": NaN}',
    '{"type": "__class__", "id": 1}',
    '{"type": ["ping"], "id": 1}',
    "[" * 30_000,
    '{"type": "ping", "id": 1, "x": ' + "[" * 1000 + "]" * 1000 + "}",
]


@pytest.mark.parametrize("frame", BAD, ids=range(len(BAD)))
async def test_what_is_no_frame_is_told_and_the_socket_goes_on(alice, frame):
    async with greeted(alice) as socket:
        await socket.socket.send(frame)
        assert (await socket.next())["code"] == "bad_frame"
        await socket.result("ping")


@pytest.mark.parametrize(
    "fields",
    [
        {"conversation": "1", "text": "x"},
        {"conversation": "1", "client_id": "", "text": "x"},
        {"conversation": "1", "client_id": "x" * 65, "text": "x"},
        {"conversation": "1", "client_id": 7, "text": "x"},
        {"conversation": "1", "client_id": "sp ace", "text": "x"},
        {"conversation": "1", "client_id": "é", "text": "x"},
        {"conversation": "1", "client_id": "x", "text": "x" * 10_001},
        {"conversation": "1", "client_id": "x", "text": "\0"},
        {"conversation": 1, "client_id": "x", "text": "x"},
        {"conversation": "1", "client_id": "x", "text": "x", "reply_to": -1},
        {"conversation": "1", "client_id": "x", "text": "x", "reply_to": 2**63},
        {"conversation": "1", "client_id": "x", "text": "x", "sender": "bob"},
        {"conversation": "1", "client_id": "x", "text": "x", "seq": 1},
        {"conversation": "1", "client_id": "x", "text": "x", "sent_at": "2020-01-01T00:00:00Z"},
    ],
)
async def test_a_bad_send_is_answered_under_its_id(alice, fields):
    async with greeted(alice) as socket:
        assert await socket.code("send", **fields) == "bad_frame"


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff\\ud800"])
async def test_half_a_character_is_no_text(alice, half):
    frame = '{"type":"send","id":3,"conversation":"1","client_id":"x","text":"HALF"}'
    async with greeted(alice) as socket:
        await socket.socket.send(frame.replace("HALF", half))
        error = await socket.next()
        assert (error["code"], error["retry"]) == ("bad_frame", False)


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        ("send", {"client_id": "x", "text": "x"}),
        ("edit", {"seq": 1, "text": "x"}),
        ("delete", {"seq": 1}),
        ("react", {"seq": 1, "emoji": "👍"}),
        ("unreact", {"seq": 1, "emoji": "👍"}),
        ("history", {}),
        ("read", {"seq": 1}),
        ("typing", {"on": True}),
        ("subscribe", {}),
    ],
)
async def test_a_strangers_conversation_and_none_look_the_same(alice, bob, carol, request_, fields):
    chat = conversation_with(alice, bob)
    alice.http.post(f"/conversations/{chat}/messages/", json={"text": "between us"})
    async with greeted(carol) as socket:
        answers = []
        for conversation in (chat, "999999999", "x", "٣", "0" * 20, "-1", "1\n*"):
            answer = await socket.ask(request_, conversation=conversation, **fields)
            answers.append({**answer, "id": None})
        assert answers[0]["code"] == "conversation_not_found"
        assert all(answer == answers[0] for answer in answers)


async def test_a_frame_of_64_kib_is_read_and_one_byte_more_closes(alice):
    async with greeted(alice) as socket:
        size = 64 * 1024
        await socket.socket.send('{"type": "ping", "id": 1}'.ljust(size))
        assert (await socket.next())["type"] == "ok"
        await socket.socket.send('{"type": "ping", "id": 1}'.ljust(size + 1))
        assert await close_code(socket.socket) == 1009


async def test_no_more_than_four_histories_at_once(alice, bob):
    chat = conversation_with(alice, bob)
    async with greeted(alice) as socket:
        for number in range(100):
            await socket.say("history", id=number, conversation=chat)
        answers = [await socket.next() for _ in range(100)]
        assert sorted(answer["id"] for answer in answers) == list(range(100))
        assert {answer.get("code", "ok") for answer in answers} <= {"ok", "too_many_requests"}
        refused = next(each for each in answers if each["type"] == "error")
        assert refused["retry"] is True


@pytest.mark.parametrize("limit", [0, -1, 201, 10**9])
async def test_a_page_has_one_to_two_hundred_messages(alice, bob, limit):
    chat = conversation_with(alice, bob)
    async with greeted(alice) as socket:
        assert await socket.code("history", conversation=chat, limit=limit) == "bad_frame"


async def test_a_thousand_sends_in_one_segment_keep_their_order(house, alice, bob):
    chat = conversation_with(alice, bob)
    count = 1000
    frames = [
        {"type": "send", "id": n, "conversation": chat, "client_id": f"{n}", "text": f"{n}"}
        for n in range(count)
    ]
    async with greeted(bob) as listener, Wire(house.ws) as wire:
        await wire.open("/ws/", bearer(alice))
        wire.write(text('{"type": "hello", "version": 1}'))
        wire.write(b"".join(text(json.dumps(frame)) for frame in frames))
        heard = []
        accepted = set()
        refused = set()
        async with asyncio.timeout(30):
            while len(accepted) + len(refused) < count:
                frame = json.loads(await wire.read_text())
                if frame["type"] == "ok":
                    accepted.add(frame["id"])
                elif frame["type"] == "error":
                    assert frame["code"] == "too_many_requests"
                    refused.add(frame["id"])
                elif frame["type"] == "message":
                    heard.append(int(frame["message"]["text"]))
        assert heard == sorted(accepted)
        others = [await listener.until("message") for _ in heard]
        assert [int(each["message"]["text"]) for each in others] == heard
        assert [each["message"]["seq"] for each in others] == list(range(1, len(heard) + 1))


@pytest.fixture
def member(limited_house):
    from tests.sockets.conftest import person_of

    with person_of(limited_house, next(limited_house.members)) as person:
        yield person


async def test_ten_bad_frames_in_ten_seconds_close(member):
    async with greeted(member) as socket:
        for _ in range(10):
            await socket.socket.send("rubbish")
        assert await close_code(socket.socket) == 4500


async def test_who_never_stops_flooding_is_read_slowly_and_then_closed(limited_house, member):
    async with Wire(limited_house.ws) as wire:
        await wire.open("/ws/", bearer(member))
        wire.write(text('{"type": "hello", "version": 1}'))
        pings = [text(f'{{"type": "ping", "id": {number}}}') for number in range(400)]
        wire.write(b"".join(pings))
        answered = 0
        while (frame := await wire.read_frame())[0] == TEXT:
            answered += b'"ok"' in frame[1]
        assert frame == (CLOSE, (4008).to_bytes(2, "big"))
        # The burst, and twenty a second for as long as it was borne.
        assert 60 <= answered < 250


async def test_messages_beyond_the_rate_are_refused_with_the_time_to_wait(member, limited_house):
    room = f"room-{member.username}"
    async with member.open_socket(f"/ws/rooms/{room}/") as old:
        await old.send('{"message": 1}')
        await old.recv()
    (place,) = member.http.get("/conversations/").json()
    async with greeted(member) as socket:
        answers = [
            await socket.ask("send", conversation=place["id"], client_id=f"{n}", text="x")
            for n in range(40)
        ]
    refused = [answer for answer in answers if answer["type"] == "error"]
    assert len(answers) - len(refused) >= 19
    assert {answer["code"] for answer in refused} == {"throttled"}
    assert all(0 < answer["after"] <= 1000 and answer["retry"] for answer in refused)
