"""Who is refused at the handshake: late, with 403, and all alike."""

import asyncio
import time
from urllib.parse import quote

import httpx
from websockets.asyncio.client import connect

from tests.accounts import run_in
from tests.sockets.listening import LATE_SECONDS, close_code, hear, is_refused_late, room_path, say
from tests.sockets.wire import Wire, bearer, handshake, text

FORBIDDEN = httpx.codes.FORBIDDEN
SWITCHED = httpx.codes.SWITCHING_PROTOCOLS


async def answer_to(house, path, *headers, **options):
    """Return everything that a client sees of its refusal but the date."""
    started = time.monotonic()
    async with Wire(house.ws) as wire:
        status = await wire.open(path, *headers, **options)
        is_late = time.monotonic() - started >= LATE_SECONDS
        if status == SWITCHED:
            return status, is_late
        rest = await asyncio.wait_for(wire.reader.read(), 10)
    headers_seen = {name: value for name, value in wire.headers.items() if name != "date"}
    return status, is_late, headers_seen, rest


async def is_refused(house, path, *headers, **options):
    status, is_late, *_ = await answer_to(house, path, *headers, **options)
    return status == FORBIDDEN and is_late


def token_signed_in(house, person, *, kind="access", seconds, age=0, session=None):
    """Return a token that the house signs for a person's session."""
    code = f"""
from datetime import timedelta
from snappio.accounts import tokens
from snappio.core.clock import now
session = User.objects.get(pk={person.id}).sessions.get()
print("TOKEN", tokens.sign({kind!r}, session_id=session.pk, user_id={person.id},
    token_id="test", at=now() - timedelta(seconds={age}), seconds={seconds}))
"""
    return run_in(house, code).partition("TOKEN ")[2].split()[0]


async def test_refuses_all_alike(house, alice, bob, newcomer):
    disabled, deleted = newcomer("Disabled"), newcomer("Deleted")
    expired = token_signed_in(house, alice, seconds=60, age=120)
    run_in(
        house,
        f"User.objects.filter(pk={disabled.id}).update(is_active=False)\n"
        f"members.close_account(User.objects.get(pk={deleted.id}))",
    )
    good, path = bearer(alice), f"/ws/user/{bob.username}/"
    attempts = {
        "no token": (path,),
        "bad token": (path, ("Authorization", "Bearer nonsense")),
        "another scheme": (path, ("Authorization", f"Token {alice.access}")),
        "no scheme": (path, ("Authorization", alice.access)),
        "expired": (path, ("Authorization", f"Bearer {expired}")),
        "refresh token": (path, ("Authorization", f"Bearer {alice.refresh}")),
        "tampered": (path, ("Authorization", f"Bearer {alice.access[:-2]}xx")),
        "token in the query": (f"{path}?token={alice.access}&access_token={alice.access}",),
        "token in a cookie": (path, ("Cookie", f"access={alice.access}; token={alice.access}")),
        "token twice": (path, good, ("Authorization", f"Bearer {bob.access}")),
        "oneself": (f"/ws/user/{alice.username}/", good),
        "unknown": ("/ws/user/nobody-of-this-name/", good),
        "disabled": (f"/ws/user/{disabled.username}/", good),
        "deleted": (f"/ws/user/{deleted.username}/", good),
        "of a disabled member": (path, bearer(disabled)),
        "of a deleted member": (path, bearer(deleted)),
        "another letter case": (f"/ws/user/{bob.username.upper()}/", good),
        "trailing space": (f"/ws/user/{bob.username}%20/", good),
        "NUL": (f"/ws/user/{bob.username}%00/", good),
        "no name": ("/ws/user/", good),
        "empty name": ("/ws/user//", good),
        "300 characters": (f"/ws/user/{'a' * 300}/", good),
        "escaped slash": ("/ws/user/..%2f..%2fadmin/", good),
        "not UTF-8": ("/ws/user/%ff%fe/", good),
        "escaped lone surrogate": ("/ws/user/%ed%a0%80/", good),
        "a longer path": (f"/ws/user/{bob.username}/more/", good),
        "an escaped path": (f"/ws%2fuser/x/{bob.username}/", good),
        "another path": ("/ws/other/", good),
        "the root": ("/", good),
    }

    seen = await asyncio.gather(*(answer_to(house, *attempt) for attempt in attempts.values()))

    answers = dict(zip(attempts, seen, strict=True))
    assert seen[0][:2] == (FORBIDDEN, True)
    assert {name: answer for name, answer in answers.items() if answer != seen[0]} == {}


async def test_no_token_reaches_the_log(house, alice, bob):
    assert await is_refused(house, f"/ws/user/{bob.username}/?token={alice.access}")
    assert await is_refused(
        house, f"/ws/user/{alice.username}/", ("Authorization", f"Bearer {bob.refresh}")
    )
    async with alice.open_socket(f"/ws/user/{bob.username}/?token={alice.refresh}") as a:
        await say(a, "a word for no log")
        await hear(a)

    log = house.log()
    assert [
        word
        for word in (alice.access, alice.refresh, bob.refresh, "a word for no log")
        if word in log
    ] == []


async def test_refusal_stays_late_for_a_client_that_talks_before_it(house, alice):
    started = time.monotonic()
    async with Wire(house.ws) as wire:
        wire.write(handshake(f"/ws/user/{alice.username}/", wire.host) + text('{"message": 1}') * 3)

        assert await wire.answer() == FORBIDDEN
        assert time.monotonic() - started >= LATE_SECONDS


async def test_client_that_leaves_before_its_refusal_costs_nothing(house):
    async with Wire(house.ws) as wire:
        wire.write(handshake("/ws/user/nobody/", wire.host))
    assert await is_refused_late(connect(house.ws + "/ws/user/nobody/", proxy=None))


async def test_repeated_refusal_is_late_too(house, alice):
    path = house.ws + f"/ws/user/{alice.username}/"
    assert await is_refused_late(connect(path, proxy=None))
    assert await is_refused_late(connect(path, proxy=None))


async def test_a_good_handshake_is_not_late(house, alice, bob):
    started = time.monotonic()
    async with alice.open_chat_with(bob):
        assert time.monotonic() - started < LATE_SECONDS


async def test_open_socket_closes_when_its_token_expires(house, alice, bob):
    alice.access = token_signed_in(house, alice, seconds=5)
    async with alice.open_chat_with(bob) as a:
        await say(a, "still here")
        assert await hear(a) == "still here"

        assert await close_code(a) == 1008
    assert await is_refused_late(alice.open_chat_with(bob))


FOREIGN_ORIGINS = [
    "https://evil.example",
    "null",
    "",
    "https://{host}.evil.example",
    "https://evil.example/{host}",
    "https://evil.example?{host}",
    "https://evil.example#{host}",
    "https://{host}@evil.example",
    "https://x{host}",
    "http://[",
    "http://[::1",
    "//",
    "{host}",
    "https://{host}, https://evil.example",
    "http://127.0.0.1:1",
]


async def test_refuses_foreign_origins_and_their_look_alikes(house):
    host = Wire(house.ws).host
    origins = [origin.format(host=host) for origin in FOREIGN_ORIGINS]
    path = room_path()

    answers = await asyncio.gather(*(is_refused(house, path, ("Origin", o)) for o in origins))

    assert [o for o, refused in zip(origins, answers, strict=True) if not refused] == []


async def test_refuses_two_origins(house):
    async with Wire(house.ws) as wire:
        own = ("Origin", f"http://{wire.host}")
    async with Wire(house.ws) as wire:
        assert await wire.open(room_path(), own, ("Origin", "https://evil.example")) == 400


async def test_refuses_a_foreign_host_that_names_itself_as_origin(house):
    headers = (("Host", "evil.example"), ("Origin", "http://evil.example"))
    assert await is_refused(house, room_path(), *headers, without=["Host"])


async def test_own_origin_and_none_are_fine(house):
    for headers in ([], [("Origin", house.ws.replace("ws:", "http:"))]):
        async with Wire(house.ws) as wire:
            assert await wire.open(room_path(), *headers) == SWITCHED


async def test_origin_allowed_by_setting_is_fine_and_its_neighbours_are_not(closed_house):
    allowed = ("Origin", "https://app.example")
    member = ("Authorization", f"Bearer {closed_house.member.access}")
    async with Wire(closed_house.ws) as wire:
        assert await wire.open(room_path(), allowed, member) == SWITCHED
    for origin in ("http://app.example", "https://app.example:444", "https://app.example.org"):
        assert await is_refused(closed_house, room_path(), ("Origin", origin), member)


async def test_guests_are_refused_where_they_are_not_welcome(closed_house):
    assert await is_refused(closed_house, room_path())
    member = ("Authorization", f"Bearer {closed_house.member.access}")
    async with Wire(closed_house.ws) as wire:
        assert await wire.open(room_path(), member) == SWITCHED


async def test_unicode_name_works_percent_encoded(house, newcomer):
    dora, alice = newcomer("Dora"), newcomer("Alice")
    username = f"dörte-{dora.username[-4:]}"
    run_in(house, f"User.objects.filter(pk={dora.id}).update(username={username!r})")

    async with alice.open_socket(f"/ws/user/{quote(username)}/") as a:
        await say(a, "hello")
        assert await hear(a) == "hello"


async def test_raw_bytes_in_a_path_are_a_bad_request(house, alice):
    async with Wire(house.ws) as wire:
        assert await wire.open("/ws/user/dörte/".encode(), bearer(alice)) == 400
