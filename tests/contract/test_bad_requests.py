"""Bad input as bytes, to the servers as they run (R3, R9 to R13, A11, A12, U8)."""

import time
from contextlib import ExitStack, suppress
from socket import MSG_PEEK

import pytest
from django.conf import settings

from tests.contract.forms import JSON, given
from tests.contract.wire import (
    SECONDS,
    Reply,
    answer_to,
    connection,
    exchange,
    head,
    in_chunks,
    read,
)

SIGN_IN = "/api/v1/auth/"
POSTS = "/api/v1/posts/"
AS_JSON = b"content-type: application/json"
CREDENTIALS = b'{"username":"nobody","password":"nothing"}'
WRONG = "No active account found with the given credentials"

# The two shapes have different HTTP servers in front.
is_fleet = bool(settings.POSTGRES_URL)
in_a_fleet = pytest.mark.skipif(not is_fleet, reason="the other half of `make test`")
embedded = pytest.mark.skipif(is_fleet, reason="the other half of `make test`")


def length(body: bytes) -> bytes:
    return b"content-length: %d" % len(body)


def sign_in(house, *headers: bytes, body: bytes = CREDENTIALS) -> Reply:
    return exchange(house.http, "POST", SIGN_IN, headers, body)


# --- R9: two ideas of where a request ends --------------------------------------------


def test_refuses_two_different_lengths(house):
    reply = sign_in(house, AS_JSON, length(CREDENTIALS), b"content-length: 5")

    assert reply.status == 400


@pytest.mark.parametrize(
    "header",
    [
        b"transfer-encoding : chunked",
        b"transfer-encoding: xchunked",
        b"transfer-encoding: chunked, identity",
        b"content-length: -5",
        b"content-length: five",
        b"content-length: 0x10",
        b" folded: header",
        b"no colon",
        b"na me: x",
        b"x: \x00",
    ],
)
def test_refuses_malformed_headers(house, header):
    assert sign_in(house, AS_JSON, header).status == 400


def test_a_length_beside_chunks_smuggles_nothing(house):
    """Refused, or the length is ignored: the rest is never read as a second request."""
    hidden = b"GET /api/v1/instance/ HTTP/1.1\r\nhost: localhost\r\n\r\n"
    request = head(
        house.http, "POST", SIGN_IN, [AS_JSON, b"content-length: 4", b"transfer-encoding: chunked"]
    )
    with connection(house.http, seconds=3) as opened:
        opened.sendall(request + in_chunks(CREDENTIALS + hidden))
        received = bytearray()
        try:
            while chunk := opened.recv(65_536):
                received += chunk
        except (TimeoutError, ConnectionResetError):
            pass

    assert received.count(b"HTTP/1.1 ") == 1
    assert received.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("method", ["BREW", "TRACE", "PROPFIND"])
def test_knows_no_other_methods(house, method):
    assert exchange(house.http, method, POSTS, [b"content-length: 0"]).status in {400, 401, 405}


def test_overrides_no_method(alice, publish):
    shown = publish(alice)
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        answer = alice.http.post(f"/posts/{shown['id']}/?_method=DELETE", headers={name: "DELETE"})
        assert answer.status_code == 405
    assert alice.http.get(f"/posts/{shown['id']}/").json() == shown


def test_head_says_what_get_would_without_a_body(house, anyone):
    reply = exchange(house.http, "HEAD", POSTS)

    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-type"] == JSON


@pytest.mark.parametrize(
    "start",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /api/v1/posts/ HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x00" * 100 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
    ids=repr,
)
def test_what_is_no_http_is_refused_and_harms_nobody(house, anyone, start):
    with connection(house.http, seconds=5) as opened:
        opened.sendall(start)
        received = opened.recv(65_536)

    assert received == b"" or received.split(b" ")[1] in {b"400", b"505"}
    assert anyone.get("/healthz").status_code == 200


@pytest.mark.parametrize("host", [b"evil.example", b"localhost:abc", b"", b"a b", b"[::1", b"%00"])
def test_a_foreign_host_is_told_so_in_json(house, host):
    with connection(house.http) as opened:
        reply = answer_to(opened, b"GET %s HTTP/1.1\r\nhost: %s\r\n\r\n" % (POSTS.encode(), host))

    # Without a host, an address is built from where the connection came in.
    assert reply.status == 400 or (host == b"" and reply.status == 200)


def test_serves_http_1_0(house):
    with connection(house.http) as opened:
        reply = answer_to(opened, b"GET /healthz HTTP/1.0\r\nhost: localhost\r\n\r\n")

    assert given(reply, 200) == {"status": "ok"}


# --- R10, A11: headers without an end --------------------------------------------------


@pytest.mark.parametrize("count", [1_000, 50_000])
@pytest.mark.parametrize("name", [b"x-a", b"authorization", b"accept"])
def test_refuses_a_thousand_repeated_headers_fast(house, name, count):
    started_at = time.monotonic()
    status = refused_or(house, [name + b": b"] * count)

    assert status in {400, 431}
    assert time.monotonic() - started_at < 3


def test_refuses_a_header_that_does_not_end(house):
    assert refused_or(house, [b"x-a: " + b"a" * 3_000_000]) in {400, 431}


def test_refuses_an_address_that_does_not_end(house):
    assert refused_or(house, [], path=POSTS + "?username=" + "a" * 3_000_000) in {400, 414, 431}


def refused_or(house, headers: list[bytes], path: str = POSTS) -> int:
    """Return the status; a connection closed before all was read is a refusal as well."""
    try:
        return exchange(house.http, "GET", path, headers).status
    except (ConnectionResetError, BrokenPipeError):
        return 431


def test_takes_as_many_headers_as_browsers_send(house):
    assert exchange(house.http, "GET", POSTS, [b"x-%d: b" % n for n in range(80)]).status == 200


@pytest.mark.parametrize(
    "token",
    [b"a" * 1_000_000, b"a." * 10_000, b"a" * 20_000, b"..", b"=.=.=", b"e30.e30.", b"a\tb"],
    ids=lambda token: f"{token[:6]!r} of {len(token)}",
)
def test_refuses_an_absurd_token(house, token):
    assert refused_or(house, [b"authorization: Bearer " + token]) in {400, 401, 431}


# --- A12: headers that are no words ----------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        [b"authorization: Bearer"],
        [b"authorization: Bearer  x"],
        [b"authorization: Basic x"],
        [b"authorization: Bearer x", b"authorization: Bearer x"],
        [b"authorization: Bearer a\x00b"],
        [b"authorization: Bearer \x01"],
        [b"authorization: Bearer \xff\xfe"],
    ],
    ids=repr,
)
def test_refuses_a_malformed_authorization(house, headers):
    assert exchange(house.http, "GET", "/api/v1/users/profile/", headers).status in {400, 401}


@pytest.mark.parametrize("first", ["good", "bad"])
def test_two_authorizations_are_none(house, alice, first):
    pair = [b"authorization: Bearer " + alice.access.encode(), b"authorization: Bearer x"]
    headers = pair if first == "good" else pair[::-1]

    assert exchange(house.http, "GET", "/api/v1/users/profile/", headers).status == 401


# --- R11: headers that pass for a proxy's ----------------------------------------------


def test_a_header_with_an_underscore_signs_nobody_in(house, alice):
    """CVE-2026-3902: WSGI knows no difference between `_` and `-`."""
    headers = [b"http_authorization: Bearer " + alice.access.encode()]

    assert exchange(house.http, "GET", "/api/v1/users/profile/", headers).status == 401


@embedded
def test_embedded_ignores_names_with_an_underscore(house, anyone):
    headers = [b"content_length: 5", b"x_request_id: mine", b"content_type: text/plain"]

    reply = exchange(house.http, "GET", POSTS, headers)

    assert reply.status == 200
    assert reply.headers["x-request-id"] != "mine"


@in_a_fleet
def test_in_a_fleet_a_name_with_an_underscore_is_no_proxys(house):
    """Granian hands such a name on; without a proxy that is trusted nobody believes it.

    With one, the gateway drops it: see `test_gateway.py`.
    """
    headers = [b"x_forwarded_for: 10.1.2.3", b"x_forwarded_proto: https"]

    assert exchange(house.http, "GET", POSTS, headers).status == 200


# --- R12: bodies without a length ------------------------------------------------------


def test_signs_in_with_a_body_in_chunks(house, alice):
    body = b'{"username":"%s","password":"%s"}' % (
        alice.username.encode(),
        alice.password.encode(),
    )
    for size in (1, 7, len(body)):
        chunks = in_chunks(body, size)
        reply = sign_in(house, AS_JSON, b"transfer-encoding: chunked", body=chunks)
        assert set(given(reply, 200)) == {"access", "refresh"}


def test_an_empty_body_in_chunks_is_no_object(house):
    reply = sign_in(house, AS_JSON, b"transfer-encoding: chunked", body=in_chunks(b""))

    assert given(reply, 400)


@pytest.mark.parametrize("chunks", [b"zz\r\nab\r\n0\r\n\r\n", b"-1\r\n\r\n", b"\r\n\r\n"])
def test_refuses_chunks_that_are_none(house, chunks):
    try:
        status = sign_in(house, AS_JSON, b"transfer-encoding: chunked", body=chunks).status
    except ConnectionError:
        status = 400

    assert status == 400


@pytest.mark.parametrize(
    "body", [b"\x1f\x8b\x08\x00" + bytes(50), b"x\x9c" + bytes(50)], ids=["gzip", "zlib"]
)
def test_takes_no_compressed_body(house, body):
    reply = sign_in(house, AS_JSON, b"content-encoding: gzip", length(body), body=body)

    assert given(reply, 400)["code"] == "parse_error"


# --- R3: bodies that say more than they should -----------------------------------------


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"application/json", b'{"a":' * 20_000),
        (b"application/json", b'{"username":"a","username":"b","password":"c"}'),
        (b"application/json", b'{"k":[%s0]}' % (b"0," * 400_000)),
        (b"application/x-www-form-urlencoded", b"a=b&" * 100_000),
        (b"application/x-www-form-urlencoded", b"username=%ff%fe&password=%00"),
        (b"multipart/form-data", b"--x\r\n"),
        (b"multipart/form-data; boundary=", b"--\r\n"),
        (b"multipart/form-data; boundary=\xff", b"--x\r\n"),
        (b"multipart/form-data; boundary=x", b"--x\r\n" * 10_000),
        (
            b"multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 10_000 + b"--x--\r\n",
        ),
        (
            b"multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\n" + b" " * 900_000 + b"\r\n--x--\r\n",
        ),
        (b"text/plain", b"x"),
        (b"application/json; charset=utf-16", b"{}"),
        (b"\xff\xfe", b"{}"),
    ],
    ids=range(14),
)
def test_refuses_a_senseless_body_fast(house, kind, body):
    started_at = time.monotonic()
    try:
        reply = sign_in(house, b"content-type: " + kind, length(body), body=body)
    except ConnectionError:
        # The server closed before it had all of it.
        return

    assert reply.status in {400, 401, 413, 415}
    assert time.monotonic() - started_at < 5


# --- R13: bodies that take their time --------------------------------------------------


@embedded
def test_slow_uploads_hold_up_nobody(house, alice):
    """Twenty bodies arrive byte by byte; there are eight threads for all of HTTP."""
    headers = [
        b"authorization: Bearer " + alice.access.encode(),
        b"content-type: multipart/form-data; boundary=x",
        b"content-length: 100000",
    ]
    with ExitStack() as stack:
        slow = [stack.enter_context(connection(house.http)) for _ in range(20)]
        for opened in slow:
            opened.sendall(head(house.http, "POST", POSTS, headers) + b"-")

        started_at = time.monotonic()
        for _ in range(5):
            assert alice.http.get("/users/profile/").status_code == 200
        assert time.monotonic() - started_at < 5


def test_half_a_request_harms_nobody(house, anyone):
    with ExitStack() as stack:
        for _ in range(50):
            opened = stack.enter_context(connection(house.http))
            opened.sendall(b"GET /api/v1/posts/ HTTP/1.1\r\nhost: loc")

        assert anyone.get(POSTS).status_code == 200


def test_requests_on_one_connection_are_answered_in_order(house):
    paths = ("/healthz", "/api/v1/instance/", "/api/v1/posts/0/", "/healthz")
    with connection(house.http) as opened:
        statuses = []
        for path in paths:
            opened.sendall(head(house.http, "GET", path))
            statuses.append(read(opened).status)

    assert statuses == [200, 200, 404, 200]


def test_a_body_that_comes_after_its_refusal_costs_no_later_request(house):
    body = b'{"text": "hello"}'
    with connection(house.http) as opened:
        for _ in range(3):
            request = head(house.http, "POST", "/api/v1/nowhere/", [AS_JSON, length(body)])
            opened.sendall(request)
            # Long enough for an answer that does not wait for the body.
            with suppress(TimeoutError):
                opened.settimeout(0.2)
                opened.recv(1, MSG_PEEK)
            opened.settimeout(SECONDS)
            opened.sendall(body)
            assert read(opened).status == 404


def test_a_client_that_leaves_early_harms_nobody(house, alice):
    for _ in range(20):
        with connection(house.http) as opened:
            opened.sendall(head(house.http, "GET", POSTS))

    assert alice.http.get("/posts/").status_code == 200
