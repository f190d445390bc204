"""The home timeline."""

from io import BytesIO

import pytest
from PIL import Image
from rest_framework.test import APIClient

from snappio.accounts.models import User
from snappio.accounts.tests.factories import client_of
from snappio.posts.services.publishing import create_post

FEED = "/api/v1/feed/"


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def publish(author: User, content: str) -> None:
    file = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    file.seek(0)
    create_post(author=author, content=content, upload=file)


def contents(answer) -> list[str]:
    return [post["content"] for post in answer.json()]


def test_shows_everybodys_posts_newest_first_as_posts_are_shown(alice: User, bob: User):
    publish(alice, "one")
    publish(bob, "two")
    client = client_of(alice)

    answer = client.get(FEED)

    assert contents(answer) == ["two", "one"]
    assert answer.json() == client.get("/api/v1/posts/").json()


def test_pages(alice: User, django_assert_num_queries):
    for n in range(3):
        publish(alice, str(n))
    client = client_of(alice)

    first = client.get(f"{FEED}?limit=2")
    second = client.get(first["Link"].partition("<")[2].partition(">")[0])

    assert (contents(first), contents(second)) == (["2", "1"], ["0"])
    assert "Link" not in second
    for limit in (1, 3):
        with django_assert_num_queries(2):  # session, posts
            assert len(client.get(f"{FEED}?limit={limit}").json()) == limit


def test_is_for_members(anonymous: APIClient, db):
    assert anonymous.get(FEED).status_code == 401


def test_refuses_a_forged_cursor(alice: User):
    assert client_of(alice).get(f"{FEED}?cursor=x").json()["code"] == "bad_cursor"
