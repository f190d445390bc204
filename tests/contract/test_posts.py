"""Part A's table, posts and images, row by row."""

import re
from io import BytesIO
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from snappio.media.tests.images import jpeg
from tests.contract.forms import assert_post
from tests.journeys.phone import camera_jpeg

# 128 bits and more that nobody can guess.
UNGUESSABLE = re.compile(r"/media/(?:[\w-]+/)*[\w-]*[\w-]{22,}[\w./-]*\.(?:jpg|png|webp|gif)")


# `POST /posts/` · 201 `{id, name, user, content, timestamp, image, …}`
def test_publishes_and_shows_the_same_in_every_answer(anyone, alice, publish):
    shown = publish(alice, "A morning")

    assert_post(shown)
    assert (shown["user"], shown["name"]) == (alice.username, "Alice")
    assert (shown["content"], shown["edited_at"]) == ("A morning", None)
    assert anyone.get(f"/api/v1/posts/{shown['id']}/").json() == shown
    assert anyone.get("/api/v1/posts/", params={"username": alice.username}).json() == [shown]
    assert alice.http.get("/posts/", params={"username": alice.username}).json() == [shown]
    assert alice.http.get("/feed/").json()[0] == shown


# `GET /posts/` · newest first; 100 by default and at most, `Link` to the next
def test_lists_posts_page_by_page_newest_first(anyone, alice, publish):
    ids = [publish(alice)["id"] for _ in range(3)]
    parameters = {"username": alice.username, "limit": "2"}

    first = anyone.get("/api/v1/posts/", params=parameters)
    second = anyone.get(first.links["next"]["url"])

    assert [post["id"] for post in first.json() + second.json()] == ids[::-1]
    assert "link" not in second.headers


# Unknown username, empty `?username=`, bare `?username`, other letter case: `[]`
@pytest.mark.parametrize(
    "query", ["username=nobody-of-that-name", "username=", "username", "upper"]
)
def test_lists_nothing_for_what_is_not_exactly_a_name(anyone, alice, publish, query):
    publish(alice)
    if query == "upper":
        query = f"username={alice.username.upper()}"

    answer = anyone.get(f"/api/v1/posts/?{query}")

    assert (answer.status_code, answer.json()) == (200, [])


# 400 when the file is missing or no image · 401
@pytest.mark.parametrize(
    "files",
    [
        {"uploadImage": b""},
        {"uploadImage": b"no image"},
        {"uploadImage": jpeg()[:200]},
        {"other": jpeg()},
        {"uploadImage": b"<svg xmlns='http://www.w3.org/2000/svg'/>"},
    ],
    ids=["empty", "text", "truncated", "another field", "svg"],
)
def test_refuses_what_is_no_image(resident, files):
    answer = resident.http.post("/posts/", data={"content": "a"}, files=files)

    assert answer.status_code == 400
    assert set(answer.json()) == {"uploadImage"}


def test_anonymous_posts_are_401(anyone):
    answer = anyone.post("/api/v1/posts/", data={"content": "a"}, files={"uploadImage": jpeg()})

    assert answer.status_code == 401


# `PUT, PATCH /posts/{id}/` · Bearer, author
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_author_changes_the_text(anyone, alice, publish, method):
    shown = publish(alice)

    changed = alice.http.request(method, f"/posts/{shown['id']}/", json={"content": "An evening"})

    assert changed.status_code == 200
    edited_at = changed.json()["edited_at"]
    assert changed.json() == {**shown, "content": "An evening", "edited_at": edited_at}
    assert anyone.get(f"/api/v1/posts/{shown['id']}/").json() == changed.json()


# `DELETE /posts/{id}/` · 204; its files go too
def test_deleting_a_post_takes_all_renditions_along(anyone, alice, publish):
    shown = publish(alice)
    addresses = [rendition["url"] for rendition in shown["images"][0]["renditions"]]
    assert {anyone.get(address).status_code for address in addresses} == {200}

    answer = alice.http.delete(f"/posts/{shown['id']}/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert {anyone.get(address).status_code for address in addresses} == {404}
    assert anyone.get(f"/api/v1/posts/{shown['id']}/").status_code == 404
    assert alice.http.delete(f"/posts/{shown['id']}/").status_code == 404


# `image` is an absolute address, loads without a header in one step, about 2,048 pixels at most
def test_an_image_is_absolute_small_enough_and_loads_without_a_header(house, alice, publish):
    shown = publish(alice, photo=camera_jpeg((3000, 2000)))
    parts = urlsplit(shown["image"])
    assert f"{parts.scheme}://{parts.netloc}" == house.http

    answer = httpx.get(shown["image"], trust_env=False, follow_redirects=False)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "set-cookie" not in answer.headers
    assert max(Image.open(BytesIO(answer.content)).size) == 2048


# JPEG/PNG/WebP/GIF, whatever was uploaded
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_takes_every_format_and_gives_one_that_all_can_show(anyone, alice, publish, kind):
    buffer = BytesIO()
    Image.new("RGBA" if kind in {"PNG", "WEBP"} else "RGB", (40, 30), "teal").save(buffer, kind)

    answer = anyone.get(publish(alice, photo=buffer.getvalue())["image"])

    assert answer.headers["content-type"] in {"image/jpeg", "image/png", "image/webp", "image/gif"}
    assert Image.open(BytesIO(answer.content)).size == (40, 30)


# unguessable
def test_addresses_of_images_cannot_be_guessed_or_listed(anyone, alice, publish):
    paths = [urlsplit(publish(alice)["image"]).path for _ in range(2)]

    assert all(UNGUESSABLE.fullmatch(path) for path in paths)
    assert paths[0] != paths[1]
    for path in ("/media/", "/media", "/media/..%2f..%2fsecret", "/media/../snappio.sqlite3"):
        assert anyone.get(path).status_code == 404
