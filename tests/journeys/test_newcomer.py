"""Somebody who reads the README and types what it says."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import orjson
import pytest
from PIL import Image
from websockets.asyncio.client import connect

from snappio.demo.script import CAST, PASSWORD, ROOM
from tests.contract.forms import assert_post
from tests.house import Blueprint, House

pytestmark = pytest.mark.once

README = Path(__file__).parents[2] / "README.md"
COMMAND = re.compile(r"^\$ (curl .+)$", re.MULTILINE)


def commands(house: House) -> list[str]:
    """Return the README's curl lines, with this house's address."""
    address = house.http.removeprefix("http://")
    lines = COMMAND.findall(README.read_text())
    return [line.replace("localhost:8000", address) for line in lines]


def typed(command: str, directory: Path) -> bytes:
    """Run a line in a shell, as a newcomer would, and return what it printed."""
    return subprocess.run(
        ["bash", "-c", command.replace("curl ", "curl --silent --show-error --noproxy '*' ", 1)],
        check=True,
        cwd=directory,
        stdout=subprocess.PIPE,
        timeout=60,
        env={"PATH": os.environ["PATH"]},
    ).stdout


@pytest.fixture(scope="module")
def house(blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One that `make demo` has filled."""
    directory = tmp_path_factory.mktemp("demo")
    with House(blueprint, directory, RATE_LIMITS="on") as running:
        told = running.manage("demo")
        assert f"Password: {PASSWORD}" in told
        yield running


@pytest.fixture
def api(house: House) -> Iterator[httpx.Client]:
    """Signed in as the demo says."""
    with httpx.Client(base_url=f"{house.http}/api/v1", timeout=30, trust_env=False) as client:
        body = {"username": CAST[0].username, "password": PASSWORD}
        tokens = client.post("/auth/", json=body).json()
        client.headers["Authorization"] = f"Bearer {tokens['access']}"
        yield client


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_readmes_lines_work_one_after_the_other(house: House, tmp_path: Path):
    Image.new("RGB", (640, 480), "teal").save(tmp_path / "photo.jpg")
    sign_up, sign_in, publish, look = commands(house)

    joined = orjson.loads(typed(sign_up, tmp_path))
    tokens = orjson.loads(typed(sign_in, tmp_path))
    post = orjson.loads(typed(publish.replace("eyJ…", tokens["access"]), tmp_path))
    listed = orjson.loads(typed(look, tmp_path))

    assert joined["username"] == "nora"
    assert set(tokens) == {"access", "refresh"}
    assert (post["user"], post["content"]) == ("nora", "A morning")
    assert_post(post)
    assert listed == [post]


def test_the_demo_shows_people_photographs_and_talks(api: httpx.Client):
    posts = api.get("/posts").json()
    image = api.get(posts[-1]["image"])
    members = api.get("/users/").json()
    conversations = api.get("/conversations/").json()

    for post in posts:
        assert_post(post)
    assert [post["id"] for post in posts] == sorted((p["id"] for p in posts), reverse=True)
    assert Image.open(BytesIO(image.content)).format == "JPEG"
    assert {person.username for person in CAST} <= {member["username"] for member in members}
    assert ROOM in {conversation["name"] for conversation in conversations}


async def test_one_of_the_demos_people_can_be_written_to(house: House, api: httpx.Client):
    headers = {"Authorization": api.headers["Authorization"]}
    address = f"{house.ws}/ws/user/{CAST[1].username}/"

    async with connect(address, additional_headers=headers, proxy=None) as chat:
        await chat.send('{"message": "hello from a newcomer"}')
        assert orjson.loads(await chat.recv()) == {"message": "hello from a newcomer"}
