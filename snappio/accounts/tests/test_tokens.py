"""What is no token of ours opens no door (A1 to A12)."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
from django.test import Client
from rest_framework.test import APIClient

from snappio.accounts.models import Session, User
from snappio.accounts.services import members
from snappio.accounts.services.sessions import TokenPair, identify, sign_in
from snappio.accounts.tests.factories import ADDRESS, PASSWORD
from snappio.core.clock import now
from snappio.core.errors import NotAuthenticated
from snappio.core.keys import derived_key
from snappio.realtime.gateway.identity import Identity, TokenExpired

SESSIONS = "/api/v1/auth/sessions/"
TOKEN_NOT_VALID = {
    "detail": "Given token not valid for any token type",
    "code": "token_not_valid",
    "messages": [
        {
            "token_class": "AccessToken",
            "token_type": "access",
            "message": "Token is invalid or expired",
        }
    ],
}


@pytest.fixture
def pair(alice: User) -> TokenPair:
    return sign_in(username="alice", password=PASSWORD, device="phone", address=ADDRESS)


@pytest.fixture
def claims(pair: TokenPair) -> dict[str, object]:
    return jwt.decode(pair.access, options={"verify_signature": False})


def ask(client: Client, header: str):
    return client.get(SESSIONS, headers={"Authorization": header})


def forged(claims: dict[str, object], **changes: object) -> str:
    """A token with a good signature, as only a leaked key could make one."""
    kept = {k: v for k, v in (claims | changes).items() if v is not ...}
    return jwt.encode(kept, derived_key("tokens"), algorithm="HS256")


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_accepts_a_good_token(browser: Client, pair: TokenPair):
    assert ask(browser, f"Bearer {pair.access}").status_code == 200


def test_answers_a_bad_token_in_the_words_clients_know(browser: Client, db):
    answer = ask(browser, "Bearer nonsense")

    assert answer.status_code == 401
    assert answer.json() == TOKEN_NOT_VALID
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_answers_no_token_in_the_words_clients_know(browser: Client, db):
    answer = browser.get(SESSIONS)

    assert answer.status_code == 401
    assert answer.json() == {
        "detail": "Authentication credentials were not provided.",
        "code": "not_authenticated",
    }
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_refuses_an_unsigned_token(browser: Client, claims):
    token = f"{segment({'alg': 'none', 'typ': 'JWT'})}.{segment(claims)}."

    assert ask(browser, f"Bearer {token}").json() == TOKEN_NOT_VALID


def test_refuses_an_empty_signature(browser: Client, pair: TokenPair):
    token = pair.access.rpartition(".")[0] + "."

    assert ask(browser, f"Bearer {token}").json() == TOKEN_NOT_VALID


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_refuses_another_algorithm_with_the_right_key(browser: Client, claims, algorithm):
    token = jwt.encode(claims, derived_key("tokens"), algorithm=algorithm)

    assert ask(browser, f"Bearer {token}").json() == TOKEN_NOT_VALID


@pytest.mark.parametrize("name", ["RS256", "ES256", "EdDSA", "hs256", "HS256,none", ""])
def test_refuses_a_header_that_names_another_algorithm(browser: Client, pair: TokenPair, name):
    _, payload, signature = pair.access.split(".")
    token = f"{segment({'alg': name, 'typ': 'JWT'})}.{payload}.{signature}"

    assert ask(browser, f"Bearer {token}").json() == TOKEN_NOT_VALID


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../../../dev/null"},
        {"kid": "x' UNION SELECT 'key"},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/cert"},
        {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
    ],
)
def test_takes_no_key_from_the_header(browser: Client, claims, header):
    token = jwt.encode(claims, b"s" * 32, algorithm="HS256", headers=header)

    assert ask(browser, f"Bearer {token}").json() == TOKEN_NOT_VALID


def test_refuses_an_unknown_critical_header(browser: Client, claims):
    headers = {"crit": ["x-odd"], "x-odd": True}
    token = jwt.encode(claims, derived_key("tokens"), algorithm="HS256", headers=headers)

    assert ask(browser, f"Bearer {token}").json() == TOKEN_NOT_VALID


def test_refuses_a_refresh_token_as_access_token(browser: Client, pair: TokenPair):
    assert ask(browser, f"Bearer {pair.refresh}").json() == TOKEN_NOT_VALID


def test_refuses_an_access_token_as_refresh_token(anonymous: APIClient, pair: TokenPair):
    answer = anonymous.post("/api/v1/auth/refresh/", {"refresh": pair.access})

    assert answer.status_code == 401
    assert answer.json() == {"detail": "Token is invalid or expired", "code": "token_not_valid"}


def test_refuses_the_token_of_a_member_who_left(browser: Client, alice: User, pair: TokenPair):
    members.close_account(alice)

    answer = ask(browser, f"Bearer {pair.access}")

    assert answer.status_code == 401
    assert answer.json() == {"detail": "User not found", "code": "user_not_found"}


def test_refuses_the_token_of_a_disabled_member(browser: Client, alice: User, pair: TokenPair):
    members.disable_member(alice)

    answer = ask(browser, f"Bearer {pair.access}")

    assert answer.status_code == 401
    assert answer.json() == {"detail": "User is inactive", "code": "user_inactive"}


def test_enabling_a_member_revives_no_token(browser: Client, alice: User, pair: TokenPair):
    members.disable_member(alice)
    members.enable_member(alice)

    assert ask(browser, f"Bearer {pair.access}").json() == TOKEN_NOT_VALID


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": ...},
        {"exp": 1},
        {"exp": "2100-01-01"},
        {"exp": 1e20},
        {"exp": 10**30},
        {"exp": -(10**30)},
        {"exp": None},
        {"exp": True},
        {"nbf": 4_000_000_000},
        {"nbf": "soon"},
        {"iat": 4_000_000_000},
        {"iat": ...},
        {"user_id": "1"},
        {"user_id": 1.0},
        {"user_id": [1]},
        {"user_id": {"id": 1}},
        {"user_id": 2**63},
        {"user_id": -1},
        {"user_id": None},
        {"user_id": True},
        {"sid": ...},
        {"sid": 7},
        {"sid": ["x"]},
        {"sid": "not-a-session"},
        {"sid": "0" * 32},
        {"jti": 7},
        {"jti": ...},
        {"token_type": ["access"]},
        {"token_type": "sliding"},
        {"token_type": ...},
    ],
    ids=str,
)
def test_refuses_odd_claims_even_if_well_signed(browser: Client, claims, changes):
    assert ask(browser, f"Bearer {forged(claims, **changes)}").json() == TOKEN_NOT_VALID


def test_refuses_the_session_of_another(browser: Client, claims, bob: User):
    token = forged(claims, user_id=bob.pk)

    assert ask(browser, f"Bearer {token}").json() == TOKEN_NOT_VALID


def test_refuses_a_token_once_its_time_is_over(browser: Client, pair: TokenPair, time_machine):
    time_machine.move_to(now() + timedelta(days=30, seconds=1))

    assert ask(browser, f"Bearer {pair.access}").json() == TOKEN_NOT_VALID


@pytest.mark.parametrize(
    "token",
    ["a" * 1_000_000, ".".join("a" * 10_000), "!!!.???.###", "a.b", "\xff\xfe.\xff.\xff"],
    ids=["a megabyte", "10,000 segments", "no base64", "two segments", "latin-1"],
)
def test_refuses_an_absurd_token_without_asking_the_database(
    browser: Client, django_assert_num_queries, token, db
):
    with django_assert_num_queries(0):
        answer = browser.get(SESSIONS, HTTP_AUTHORIZATION=f"Bearer {token}")

    assert answer.json() == TOKEN_NOT_VALID


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer  x", "Basic YTpi", "Bearer a b", "Bearer\tx", "x", "Bearer x, y"],
)
def test_refuses_a_malformed_header(browser: Client, header, db):
    answer = browser.get(SESSIONS, HTTP_AUTHORIZATION=header)

    assert answer.status_code == 401
    assert answer.json() == {
        "detail": "Authorization header must contain two space-delimited values",
        "code": "bad_authorization_header",
    }


@pytest.mark.parametrize("header", ["Bearer \x00", "Bearer é", "B\xe9arer x"])
def test_refuses_a_header_of_odd_bytes(browser: Client, header, db):
    assert browser.get(SESSIONS, HTTP_AUTHORIZATION=header).status_code == 401


def test_checks_a_token_with_one_query(browser: Client, pair, django_assert_num_queries):
    with django_assert_num_queries(2):  # the session with its member; the list
        ask(browser, f"Bearer {pair.access}")


def test_a_full_disk_turns_no_reader_away(browser: Client, pair: TokenPair, time_machine, db):
    time_machine.move_to(now() + timedelta(hours=1))
    Session.objects.update(last_seen_at=now() - timedelta(hours=1))

    with broken_updates_of_sessions():
        answer = ask(browser, f"Bearer {pair.access}")

    assert answer.status_code == 200


def broken_updates_of_sessions():
    from django.db import OperationalError, connection

    def refuse_writes(execute, sql, params, many, context):
        if sql.startswith("UPDATE"):
            raise OperationalError("database or disk is full")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(refuse_writes)


def test_who_comes_at_once_is_told_apart_in_one_query(
    claims, bob: User, carol: User, time_machine, django_assert_num_queries
):
    theirs = [
        sign_in(username=name, password=PASSWORD, device="", address=ADDRESS)
        for name in ("alice", "bob", "carol")
    ]
    members.close_account(carol)
    headers = [f"Bearer {pair.access}" for pair in theirs]
    wrong = [f"Bearer {forged(claims, user_id=bob.pk)}", f"Bearer {theirs[0].refresh}", "Basic x"]

    with django_assert_num_queries(1):
        found = identify([*headers, *wrong, headers[0]])

    assert [each.username for each in found if isinstance(each, Identity)] == [
        "alice", "bob", "alice",
    ]  # fmt: skip
    assert [each.code for each in found if isinstance(each, NotAuthenticated)] == [
        "user_not_found", "token_not_valid", "token_not_valid", "bad_authorization_header",
    ]  # fmt: skip

    time_machine.move_to(now() + timedelta(days=31), tick=False)
    over, _ = identify(headers[:2])
    assert isinstance(over, TokenExpired)


def test_who_was_not_seen_lately_is_noted_for_all_at_once(
    alice: User, bob: User, time_machine, django_assert_num_queries
):
    theirs = [
        sign_in(username=name, password=PASSWORD, device="", address=ADDRESS)
        for name in ("alice", "bob")
    ]
    time_machine.move_to(now() + timedelta(minutes=6), tick=False)
    # A savepoint around the two of the note.
    with django_assert_num_queries(5):
        identify([f"Bearer {pair.access}" for pair in theirs])

    assert {session.last_seen_at for session in Session.objects.all()} == {now()}
