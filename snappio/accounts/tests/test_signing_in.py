"""Sign-in over HTTP, and who tries to guess (A13, A14, A17)."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from rest_framework.test import APIClient

from snappio.accounts.models import Session, User
from snappio.accounts.services import members
from snappio.accounts.tests.factories import PASSWORD, client_of

SIGN_IN = "/api/v1/auth/"
NO_ACCOUNT = {
    "detail": "No active account found with the given credentials",
    "code": "no_active_account",
}
GOOD = {"username": "alice", "password": PASSWORD}
BAD = {"username": "alice", "password": "wrong"}


def sign_in(client: APIClient, username: str = "alice", password: str = PASSWORD, **more):
    return client.post(SIGN_IN, {"username": username, "password": password}, **more)


@pytest.mark.parametrize("form", ["json", "multipart"])
def test_signs_in_from_any_form(anonymous: APIClient, alice: User, form):
    answer = anonymous.post(SIGN_IN, GOOD, format=form)

    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh"}


def test_signs_in_from_an_urlencoded_form(anonymous: APIClient, alice: User):
    answer = anonymous.post(
        SIGN_IN,
        f"username=alice&password={PASSWORD}",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 200


def test_signs_in_whatever_the_letter_case(anonymous: APIClient, alice: User):
    assert sign_in(anonymous, "ALICE").status_code == 200


def test_signs_in_without_the_trailing_slash(anonymous: APIClient, alice: User):
    assert anonymous.post("/api/v1/auth", GOOD).status_code == 200


def test_signs_in_despite_a_stale_header(anonymous: APIClient, alice: User):
    assert sign_in(anonymous, headers={"Authorization": "Bearer stale"}).status_code == 200


def test_keeps_the_device_and_the_address(anonymous: APIClient, alice: User):
    sign_in(anonymous, headers={"User-Agent": "Phone " * 100}, REMOTE_ADDR="198.51.100.9")

    session = Session.objects.get()
    assert session.device == ("Phone " * 100)[:200]
    assert session.address == "198.51.100.9"


def test_says_the_same_of_an_unknown_name_and_a_wrong_password(anonymous: APIClient, alice: User):
    unknown, wrong = sign_in(anonymous, "nobody"), sign_in(anonymous, password="wrong")

    assert unknown.status_code == wrong.status_code == 401
    assert unknown.json() == wrong.json() == NO_ACCOUNT
    assert unknown["WWW-Authenticate"] == wrong["WWW-Authenticate"] == 'Bearer realm="api"'


def test_does_the_same_work_for_an_unknown_name(anonymous: APIClient, alice: User):
    def shortest(username: str) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            sign_in(anonymous, username, "wrong")
            times.append(time.perf_counter() - start)
        # What else the machine does only ever lengthens.
        return min(times)

    assert 0.5 < shortest("nobody") / shortest("alice") < 2


def test_refuses_members_who_are_disabled_or_gone(anonymous: APIClient, alice: User, bob: User):
    members.disable_member(alice)
    members.close_account(bob)

    assert sign_in(anonymous, "alice").json() == NO_ACCOUNT
    assert sign_in(anonymous, "bob").json() == NO_ACCOUNT


def test_says_what_is_missing(anonymous: APIClient, db):
    assert anonymous.post(SIGN_IN, {}).json() == {
        "username": ["This field is required."],
        "password": ["This field is required."],
    }
    assert anonymous.post(SIGN_IN, {"username": "", "password": "x"}).json() == {
        "username": ["This field may not be blank."]
    }


@pytest.mark.parametrize("value", [None, 7.5, True, [], ["a"], {}, {"a": 1}, "\0", "x" * 4096])
@pytest.mark.parametrize("field", ["username", "password"])
def test_refuses_values_of_the_wrong_type(anonymous: APIClient, db, field, value):
    answer = anonymous.post(SIGN_IN, GOOD | {field: value}, format="json")

    # Numbers pass as text, as everywhere in DRF.
    assert answer.status_code == (401 if value == 7.5 else 400)


def test_stops_guessing_at_one_account(anonymous: APIClient, alice: User, rate_limits):
    answers = [sign_in(anonymous, password="wrong") for _ in range(6)]
    good = sign_in(anonymous)

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert good.status_code == 429
    assert 0 < int(good["Retry-After"]) <= 60
    assert good.json() == {
        "detail": f"Request was throttled. Expected available in {good['Retry-After']} seconds.",
        "code": "throttled",
    }


def test_stops_guessing_from_changing_addresses(anonymous: APIClient, alice: User, rate_limits):
    codes = [
        sign_in(anonymous, password="wrong", REMOTE_ADDR=f"198.51.100.{n}").status_code
        for n in range(6)
    ]

    assert codes == [401] * 5 + [429]


def test_stops_guessing_at_many_accounts(anonymous: APIClient, db, rate_limits):
    codes = [sign_in(anonymous, f"name{n}").status_code for n in range(21)]

    assert codes == [401] * 20 + [429]


def test_stops_guessing_from_one_ipv6_network(anonymous: APIClient, db, rate_limits):
    codes = [
        sign_in(anonymous, f"name{n}", REMOTE_ADDR=f"2001:db8::{n:x}").status_code
        for n in range(21)
    ]

    assert codes[-1] == 429


def test_believes_no_forwarded_address_without_a_proxy(anonymous: APIClient, db, rate_limits):
    codes = [
        sign_in(anonymous, f"name{n}", headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
        for n in range(21)
    ]

    assert codes[-1] == 429


def test_believes_only_what_its_own_proxy_appended(anonymous: APIClient, db, rate_limits, settings):
    settings.TRUSTED_PROXIES = 1

    def from_(n: int, real: str) -> int:
        header = {"X-Forwarded-For": f"198.51.100.{n}, {real}"}
        return sign_in(anonymous, f"name{n}", headers=header).status_code

    codes = [from_(n, "203.0.113.1") for n in range(21)]

    assert codes[-1] == 429
    assert from_(22, "203.0.113.2") == 401


def test_success_costs_no_allowance(anonymous: APIClient, alice: User, rate_limits):
    assert [sign_in(anonymous).status_code for _ in range(8)] == [200] * 8


@pytest.mark.django_db(transaction=True)
def test_parallel_guesses_get_no_extra_look(alice: User, rate_limits):
    def guess(n: int) -> int:
        try:
            client = APIClient(raise_request_exception=False)
            return sign_in(client, password=f"wrong{n}", REMOTE_ADDR=f"198.51.100.{n}").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(guess, range(20)))

    assert sorted(codes) == [401] * 5 + [429] * 15


def test_a_stolen_token_guesses_no_password(alice: User, rate_limits):
    client = client_of(alice)
    body = {"current_password": "wrong", "new_password": "a-fresh-start-9"}

    codes = [client.post("/api/v1/auth/password/", body).status_code for _ in range(6)]

    assert codes == [400] * 5 + [429]
