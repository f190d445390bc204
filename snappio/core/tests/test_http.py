"""What every HTTP answer keeps to, whatever comes in (R3, R9 to R12, R15, R16)."""

from dataclasses import replace

import pytest
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from snappio.accounts.models import User
from snappio.accounts.tests.factories import client_of
from snappio.core.limits import HOUR, Rate

SIGN_IN = "/api/v1/auth/"
INSTANCE = "/api/v1/instance/"
SESSIONS = "/api/v1/auth/sessions/"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def post(client: Client, body: bytes, content_type: str):
    return client.generic("POST", SIGN_IN, body, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b"7",
        b"null",
        b'"text"',
        b'\xef\xbb\xbf{"username": "a"}',
        '{"username": "a"}'.encode("utf-16"),
        b'{"username": "\\ud800", "password": "x"}',
        b'{"username": NaN}',
        b"[" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"\x00",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_refuses_a_body_that_is_no_json_object(browser: Client, db, body):
    assert post(browser, body, JSON).status_code == 400


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "image/png", "x", ""])
def test_refuses_other_content_types(browser: Client, db, content_type):
    answer = post(browser, b"<a/>", content_type)

    assert answer.status_code == 415
    assert answer["Content-Type"] == JSON


def served(method: str, address: str, content_type: str) -> str:
    """Return the status that the whole WSGI application answers with."""
    from config.wsgi import application

    body = b"username=a&password=b"
    environ = RequestFactory().generic(method, address, body).environ
    environ["CONTENT_TYPE"] = content_type
    statuses: list[str] = []
    answer = application(environ, lambda status, _headers: statuses.append(status))
    b"".join(answer)
    return statuses[0]


@pytest.mark.parametrize("charset", ["rot13", "hex", "utf-16", "utf-7", "latin-1", '"rot13"'])
@pytest.mark.parametrize("content_type", [JSON, FORM, "multipart/form-data; boundary=x"])
def test_refuses_other_charsets(db, content_type, charset):
    for method, address in (("POST", SIGN_IN), ("GET", f"{INSTANCE}?a=b")):
        status = served(method, address, f"{content_type}; charset={charset}")
        assert status == "415 Unsupported Media Type"


@pytest.mark.parametrize("content_type", ["", ";;;", "a; charset", "a; charset=; charset=utf-8"])
def test_survives_odd_content_types(transactional_db, content_type):
    assert served("GET", f"{INSTANCE}?a=b", content_type) in {
        "200 OK",
        "415 Unsupported Media Type",
    }


def test_takes_utf8_by_any_of_its_names(browser: Client, db):
    for charset in ("utf-8", "UTF-8", "utf8"):
        assert post(browser, b'{"username": "a"}', f"{JSON}; charset={charset}").json() == {
            "password": ["This field is required."]
        }


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\xff"],
)
def test_refuses_a_form_without_boundary(browser: Client, db, content_type):
    assert post(browser, b"--x\r\n", content_type).status_code == 400


def test_refuses_too_many_fields(browser: Client, db):
    body = "&".join(f"f{n}=1" for n in range(1000)).encode()

    assert post(browser, body, FORM).status_code == 400


def test_refuses_a_large_body_before_reading_it(browser: Client, db):
    answer = post(browser, b"x" * (1024 * 1024 + 1), JSON)

    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_reads_no_body_without_a_declared_length(browser: Client, db):
    answer = browser.generic("POST", SIGN_IN, b"{}" * 10, content_type=JSON, CONTENT_LENGTH="")

    assert answer.status_code == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET", "TRACE", "BREW"])
def test_refuses_other_methods(browser: Client, db, method):
    answer = browser.generic(method, SIGN_IN)

    assert answer.status_code == 405
    assert answer.json() == {
        "detail": f'Method "{method}" not allowed.', "code": "method_not_allowed",
    }  # fmt: skip


def test_overrides_no_method(browser: Client, alice: User):
    client = client_of(alice)

    answer = client.post(SESSIONS, {"_method": "DELETE"}, headers={"X-HTTP-Method-Override": "GET"})

    assert answer.status_code == 405


def test_answers_head_and_options(browser: Client, db):
    assert browser.head(INSTANCE).status_code == 200
    assert browser.head(INSTANCE).content == b""
    assert browser.options(INSTANCE).status_code == 200


def test_answers_json_whatever_is_accepted(browser: Client, db):
    for accept in ("text/html", "image/png", "nonsense", "*/*;q=0"):
        answer = browser.get(INSTANCE, headers={"Accept": accept})
        assert answer["Content-Type"] == JSON


def test_an_unknown_address_is_json_too(browser: Client, db):
    answer = browser.get("/api/v1/nonsense/")

    assert answer.status_code == 404
    assert answer.json() == {"detail": "Not found.", "code": "not_found"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_lets_any_origin_read_but_never_with_credentials(browser: Client, db, origin):
    for answer in (
        browser.get(INSTANCE, headers={"Origin": origin}),
        browser.get(SESSIONS, headers={"Origin": origin}),
        browser.get("/api/v1/nonsense/", headers={"Origin": origin}),
    ):
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer
        assert "Link" in answer["Access-Control-Expose-Headers"]


def test_answers_a_preflight(browser: Client, db):
    answer = browser.options(
        SESSIONS,
        headers={
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "DELETE",
            "Access-Control-Request-Headers": "authorization",
        },
    )

    assert answer.status_code == 200
    assert "authorization" in answer["Access-Control-Allow-Headers"]
    assert "DELETE" in answer["Access-Control-Allow-Methods"]


def test_the_admin_is_not_shared_with_other_origins(browser: Client, db):
    answer = browser.get("/admin/login/", headers={"Origin": "https://evil.example"})

    assert "Access-Control-Allow-Origin" not in answer


def test_keeps_a_members_answers_out_of_caches(alice: User):
    answer = client_of(alice).get(SESSIONS)

    assert answer["Cache-Control"] == "private, no-store"
    assert "Authorization" in answer["Vary"]


def test_a_refusal_of_a_token_is_kept_by_no_cache_either(browser: Client, db):
    answer = browser.get(SESSIONS, headers={"Authorization": "Bearer stale"})

    assert answer["Cache-Control"] == "private, no-store"


def test_a_cache_tells_the_signed_in_from_others(browser: Client, db):
    assert "Authorization" in browser.get(INSTANCE)["Vary"]


def test_tells_browsers_not_to_guess_types(browser: Client, db):
    assert browser.get(INSTANCE)["X-Content-Type-Options"] == "nosniff"


def test_every_answer_has_an_id(browser: Client, db):
    assert browser.get(INSTANCE)["X-Request-Id"] != browser.get(INSTANCE)["X-Request-Id"]
    assert browser.get(INSTANCE, headers={"X-Request-Id": "abc-1"})["X-Request-Id"] == "abc-1"


@pytest.mark.parametrize("given", ["a\r\nSet-Cookie: x=1", "x" * 65, "<b>", "ä"])
def test_takes_no_harmful_id(browser: Client, db, given):
    answer = browser.get(INSTANCE, HTTP_X_REQUEST_ID=given)

    assert answer["X-Request-Id"] != given
    assert not answer.cookies


@pytest.fixture
def slow_rates(rate_limits, settings):
    """Few requests an hour, so that nothing comes back during a test."""
    settings.LIMITS = replace(
        settings.LIMITS, requests_anonymous=Rate(2, HOUR), requests_member=Rate(4, HOUR)
    )


def test_counts_requests_in_headers(anonymous: APIClient, db, slow_rates):
    first, second = anonymous.get(INSTANCE), anonymous.get(INSTANCE)

    assert first["X-RateLimit-Limit"] == "2"
    assert first["X-RateLimit-Remaining"] == "1"
    assert first["X-RateLimit-Reset"] == "1800"
    assert second["X-RateLimit-Remaining"] == "0"
    assert second["X-RateLimit-Reset"] == "3600"


def test_refuses_beyond_the_limit_and_says_when_to_come_back(anonymous: APIClient, db, slow_rates):
    anonymous.get(INSTANCE)
    anonymous.get(INSTANCE)

    answer = anonymous.get(INSTANCE)

    assert answer.status_code == 429
    assert answer["Retry-After"] == "1800"
    assert answer["X-RateLimit-Remaining"] == "0"
    assert answer.json() == {
        "detail": "Request was throttled. Expected available in 1800 seconds.",
        "code": "throttled",
    }


def test_members_are_counted_apart_whatever_their_device(alice: User, bob: User, slow_rates):
    left = [
        client.get(SESSIONS)["X-RateLimit-Remaining"]
        for client in (client_of(alice), client_of(alice), client_of(bob))
    ]

    assert left == ["3", "2", "3"]


def test_an_unlimited_instance_sends_no_count(browser: Client, db):
    assert "X-RateLimit-Limit" not in browser.get(INSTANCE)


@pytest.mark.parametrize("path", ["/api/v1/instance/", "/healthz", "/", "/administration/"])
def test_keeps_no_session_outside_the_admin(client, db, path):
    asked = client.get(path).wsgi_request

    assert not hasattr(asked, "session")
    assert not hasattr(asked, "_messages")


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/", "/admin"])
def test_keeps_a_session_in_the_admin(client, db, path):
    asked = client.get(path).wsgi_request

    assert hasattr(asked, "session")
    assert hasattr(asked, "_messages")
    assert asked.user.is_anonymous
