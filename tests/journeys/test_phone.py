"""The life of two members of the Flutter app, request by request as it writes them."""

import secrets
from io import BytesIO

import orjson
import pytest
from PIL import Image
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from snappio.media.tests.images import HEIC
from tests.contract.forms import assert_post, assert_profile, given, nothing_given
from tests.contract.wire import Reply
from tests.house import House
from tests.journeys.phone import Phone, camera_jpeg

PASSWORD = "correct horse battery staple"


def joined(house: House, username: str, name: str) -> Phone:
    """Sign up and in, as the app's first two screens do."""
    phone = Phone(house.http)
    fields = {
        "username": username,
        "email": f"{username}@example.com",
        "name": name,
        "password": PASSWORD,
    }
    profile = given(phone.send_form("POST", "/api/v1/users/", fields), 201)
    assert_profile(profile)
    # What the app reads; there may be more.
    said = {
        "username": username,
        "email": f"{username}@example.com",
        "name": name,
        "posts": [],
    }
    assert {key: profile[key] for key in said} == said

    body = {"username": username, "password": PASSWORD}
    tokens = given(phone.send_json("POST", "/api/v1/auth/", body), 200)
    assert set(tokens) == {"access", "refresh"}
    assert all(type(token) is str for token in tokens.values())
    phone.token = tokens["access"]
    return phone


def new_name() -> str:
    """Return a name as the app allows them: `[a-z0-9]{4,10}`."""
    return f"u{secrets.token_hex(4)}"


def post(phone: Phone, content: str, photo: bytes) -> dict:
    shown = given(phone.send_form("POST", "/api/v1/posts/", {"content": content}, photo), 201)
    assert_post(shown)
    return shown


def image_of(reply: Reply) -> Image.Image:
    assert reply.status == 200
    image = Image.open(BytesIO(reply.body))
    image.load()
    return image


def test_a_member_joins_posts_and_is_seen(house: House):
    name = new_name()
    phone = joined(house, name, "Zoë Ångström")
    stranger = Phone(house.http)

    photo = camera_jpeg()
    assert len(photo) > 2_000_000
    first = post(phone, "Ein Morgen – ☀️", photo)
    second = post(phone, "From an iPhone", HEIC)

    assert (first["user"], first["name"]) == (name, "Zoë Ångström")
    assert first["content"] == "Ein Morgen – ☀️"
    for path in ("/api/v1/posts/", "/api/v1/posts"):
        listed = given(stranger.get(path, username=name), 200)
        assert listed == [second, first]
    assert given(phone.get(f"/api/v1/posts/{first['id']}/"), 200) == first
    profile = given(phone.get("/api/v1/users/profile/"), 200)
    assert_profile(profile)
    assert profile["posts"] == [second["id"], first["id"]]


def test_a_photograph_loads_in_one_step_upright_and_without_its_place(house: House):
    phone = joined(house, new_name(), "Ada")
    shown = post(phone, "Tall", camera_jpeg())

    reply = phone.load(shown["image"])

    image = image_of(reply)
    assert reply.headers["content-type"] == "image/jpeg"
    # Held upright: 4,032 by 3,024 turned by a quarter, and no more than 2,048 tall.
    assert image.size == (1536, 2048)
    assert not image.getexif()
    assert b"SecretCam" not in reply.body


def test_a_heic_comes_back_as_what_every_phone_can_show(house: House):
    phone = joined(house, new_name(), "Ada")

    image = image_of(phone.load(post(phone, "HEIC", HEIC)["image"]))

    assert (image.format, image.size) == ("JPEG", (32, 48))


def test_a_member_changes_what_others_see(house: House):
    name, renamed = new_name(), new_name()
    phone = joined(house, name, "Ada")
    shown = post(phone, "Hello", HEIC)

    profile = given(
        phone.send_form(
            "PATCH",
            "/api/v1/users/profile/",
            {"username": renamed, "email": f"{renamed}@example.com", "name": "Ada L."},
        ),
        200,
    )

    assert_profile(profile)
    assert (profile["username"], profile["name"]) == (renamed, "Ada L.")
    assert given(phone.get("/api/v1/posts/", username=renamed), 200) == [
        {**shown, "user": renamed, "name": "Ada L."}
    ]
    assert given(phone.get("/api/v1/posts/", username=name), 200) == []


def test_a_deleted_post_takes_its_image_along(house: House):
    phone = joined(house, new_name(), "Ada")
    shown = post(phone, "Soon gone", HEIC)

    nothing_given(phone.delete(f"/api/v1/posts/{shown['id']}/"))

    gone = given(phone.get(f"/api/v1/posts/{shown['id']}/"), 404)
    assert gone["detail"] == "No Post matches the given query."
    assert phone.load(shown["image"]).status == 404
    assert given(phone.get("/api/v1/users/profile/"), 200)["posts"] == []


async def test_two_members_talk_until_one_leaves_for_good(house: House):
    ada_name, ben_name = new_name(), new_name()
    ada, ben = joined(house, ada_name, "Ada"), joined(house, ben_name, "Ben")
    shown = post(ada, "My last one", HEIC)
    private = [(ada, f"/ws/user/{ben_name}/"), (ben, f"/ws/user/{ada_name}/")]
    (at_ada, at_ben) = [socket_of(house, path, phone.token) for phone, path in private]
    async with at_ada as adas, at_ben as bens:
        said = '{"message":{"data":"hi","user":"Ada","time":"9:41","isme":false}}'
        await adas.send(said)
        assert orjson.loads(await adas.recv()) == orjson.loads(said)
        assert orjson.loads(await bens.recv()) == orjson.loads(said)

        nothing_given(ada.delete("/api/v1/users/profile/"))

        with pytest.raises(ConnectionClosed):
            await adas.recv()

    refusal = given(ada.get("/api/v1/users/profile/"), 401)
    assert refusal["code"] in {"user_not_found", "token_not_valid"}
    assert ada.load(shown["image"]).status == 404
    assert given(ben.get("/api/v1/posts/", username=ada_name), 200) == []
    body = {"username": ada_name, "password": PASSWORD}
    assert given(ada.send_json("POST", "/api/v1/auth/", body), 401)["detail"] == (
        "No active account found with the given credentials"
    )


async def test_guests_talk_in_a_room_by_its_name(house: House):
    path = f"/ws/rooms/kitchen-{secrets.token_hex(4)}/"
    said = '{"message":{"data":"anybody?","user":"Ada","time":"9:5","isme":false}}'
    async with socket_of(house, path) as one, socket_of(house, path) as other:
        await one.send(said)

        assert orjson.loads(await one.recv()) == orjson.loads(said)
        assert orjson.loads(await other.recv()) == orjson.loads(said)


def socket_of(house: House, path: str, token: str | None = None) -> connect:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return connect(
        house.ws + path,
        additional_headers=headers,
        user_agent_header="Dart/3.4 (dart:io)",
        proxy=None,
        compression=None,
    )
