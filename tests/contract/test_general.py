"""Part A, "General": what holds at every address."""

import httpx
import pytest

from snappio.media.tests.images import jpeg
from tests.contract.forms import JSON, TIME, assert_id, given
from tests.contract.wire import exchange
from tests.people import PASSWORD

# Every address of part A with the methods it knows.
PART_A = {
    "/users/": ("GET", "POST"),
    "/users/profile/": ("GET", "PUT", "PATCH", "DELETE"),
    "/auth/": ("POST",),
    "/auth/refresh/": ("POST",),
    "/auth/verify/": ("POST",),
    "/posts/": ("GET", "POST"),
    "/posts/{id}/": ("GET", "PUT", "PATCH", "DELETE"),
}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
EVIL = {"Origin": "https://evil.example"}


def form_of(answer: httpx.Response) -> tuple[int, str | None, str]:
    """What a client can tell apart: the status, the type and the text."""
    return answer.status_code, answer.headers.get("content-type"), answer.text


# Every address works with and without its trailing slash, for every method, without a redirect.
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", PART_A)
def test_works_with_and_without_its_trailing_slash(anyone, resident, publish, path, method):
    address = "/api/v1" + path.format(id=publish(resident)["id"] if "{id}" in path else 0)

    with_slash = anyone.request(method, address)
    without = anyone.request(method, address.rstrip("/"))

    assert form_of(with_slash) == form_of(without)
    assert with_slash.status_code < 500
    assert not with_slash.is_redirect
    assert with_slash.headers.get("content-type") == JSON


@pytest.mark.parametrize("path", ["posts", "posts/"])
def test_takes_a_query_with_and_without_the_slash(alice, publish, path):
    shown = publish(alice)

    assert alice.http.get(f"/{path}?username={alice.username}").json() == [shown]


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger", "/docs/redoc"])
def test_pages_work_without_the_slash_too(anyone, path):
    assert anyone.get(path).status_code == anyone.get(f"{path}/").status_code == 200


# Requests may be JSON, urlencoded or multipart.
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("form", ["json", "data", "files"])
def test_signs_in_by_json_urlencoded_or_multipart(anyone, alice, form, slash):
    fields = {"username": alice.username, "password": PASSWORD}
    body = {name: (None, value) for name, value in fields.items()} if form == "files" else fields

    answer = anyone.post(f"/api/v1/auth{slash}", **{form: body})

    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh"}


@pytest.mark.parametrize("form", ["json", "data", "files"])
def test_edits_a_post_by_json_urlencoded_or_multipart(alice, publish, form):
    body = {"content": (None, "Ünïcode ☀️")} if form == "files" else {"content": "Ünïcode ☀️"}

    answer = alice.http.patch(f"/posts/{publish(alice)['id']}", **{form: body})

    assert (answer.status_code, answer.json()["content"]) == (200, "Ünïcode ☀️")


# Answers are `application/json`.
@pytest.mark.parametrize("accept", [None, "*/*", "text/html", "application/xml", "image/png", "x"])
def test_answers_are_json_whatever_is_accepted(house, accept):
    with httpx.Client(base_url=house.http, trust_env=False) as client:
        del client.headers["accept"]
        headers = {"Accept": accept} if accept else {}
        answers = [
            client.get(f"/api/v1{path}", headers=headers)
            for path in ("/posts/", "/posts/0/", "/users/profile/", "/nowhere/", "/auth/")
        ]

    assert [answer.status_code for answer in answers] == [200, 404, 401, 404, 405]
    assert {answer.headers["content-type"] for answer in answers} == {JSON}


# Lists are bare arrays.
@pytest.mark.parametrize("path", ["/users/", "/posts/", "/feed/", "/conversations/"])
def test_lists_are_bare_arrays(alice, path):
    assert type(alice.http.get(path).json()) is list


# Authentication: `Authorization: Bearer <access>`; a bad token is 401 on public addresses too.
@pytest.mark.parametrize("path", ["/posts/", "/posts/0/", "/users/", "/users/profile/"])
@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer a.b.c", "Bearer", "Basic x", "x"])
def test_a_bad_token_is_401_on_public_addresses_too(anyone, path, header):
    answer = anyone.get(f"/api/v1{path}", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="api"'
    assert answer.json()["code"] in {"token_not_valid", "bad_authorization_header"}


def test_a_refresh_token_opens_nothing(anyone, alice):
    headers = {"Authorization": f"Bearer {alice.refresh}"}

    assert anyone.get("/api/v1/posts/", headers=headers).status_code == 401


# `id` is an integer below 2⁵³. Times are ISO 8601 in UTC with microseconds and `Z`.
def test_ids_are_integers_and_times_have_microseconds_and_z(alice, publish):
    shown = publish(alice)
    alice.http.patch(f"/posts/{shown['id']}/", json={"content": "Edited"})
    listed = alice.http.get("/posts/", params={"username": alice.username}).json()

    for post in (shown, *listed):
        assert_id(post["id"])
        assert TIME.fullmatch(post["timestamp"])
    assert TIME.fullmatch(listed[0]["edited_at"])
    assert_id(alice.id)
    for member in alice.http.get("/users/").json():
        assert_id(member["id"])


# CORS: any origin, no credentials, on errors too, `Link` exposed.
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/posts/", 200),
        ("GET", "/api/v1/posts/0/", 404),
        ("GET", "/api/v1/nowhere/", 404),
        ("GET", "/api/v1/users/profile/", 401),
        ("PUT", "/api/v1/auth/", 405),
        ("POST", "/api/v1/auth/", 400),
        ("GET", "/docs/", 200),
        ("GET", "/media/nothing.jpg", 404),
    ],
)
def test_any_origin_may_read_answers_and_errors(anyone, method, path, status):
    answer = anyone.request(method, path, headers=EVIL)

    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert "Link" in answer.headers["access-control-expose-headers"].split(", ")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/api/v1/posts/", "/api/v1/posts"])
def test_answers_a_preflight(anyone, path, method):
    answer = anyone.options(
        path,
        headers={
            **EVIL,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert method in answer.headers["access-control-allow-methods"]
    assert {"authorization", "content-type"} <= set(
        answer.headers["access-control-allow-headers"].split(", ")
    )


def test_a_web_page_may_read_that_its_upload_is_too_large(house):
    headers = [
        b"origin: https://evil.example",
        b"content-type: multipart/form-data; boundary=x",
        b"content-length: 999999999",
    ]
    reply = exchange(house.http, "POST", "/api/v1/posts/", headers)

    assert given(reply, 413)["code"] == "too_large"
    assert reply.headers["access-control-allow-origin"] == "*"


def test_the_admin_is_shared_with_no_origin(anyone):
    answer = anyone.get("/admin/login/", headers=EVIL)

    assert "access-control-allow-origin" not in answer.headers


def test_every_answer_of_a_member_stays_out_of_caches(alice, publish):
    publish(alice)
    for path in ("/posts/", "/users/profile/", "/feed/", "/users/"):
        assert alice.http.get(path).headers["cache-control"] == "private, no-store"


def test_publishes_what_is_limited(anyone):
    limits = anyone.get("/api/v1/instance/").json()["limits"]

    assert (limits["image_bytes"], limits["posts_page"]) == (25 * 1024 * 1024, 100)
    assert (limits["access_token_lifetime"], limits["frame_bytes"]) == (30 * 86_400, 65_536)


def test_publishes_with_and_without_the_slash(alice):
    for path in ("/posts", "/posts/"):
        answer = alice.http.post(path, data={"content": "a"}, files={"uploadImage": jpeg()})
        assert answer.status_code == 201
