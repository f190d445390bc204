"""The second step of the sign-in (A13, D2, R1)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connections
from django.test import Client
from rest_framework.test import APIClient

from snappio.accounts import otp
from snappio.accounts.models import RecoveryCode, Totp, User
from snappio.accounts.services import members, totp
from snappio.accounts.tests.authenticator import Authenticator, protect
from snappio.accounts.tests.factories import PASSWORD, client_of
from snappio.accounts.tests.postbox import letters_to
from snappio.jobs.models import QueuedJob

SIGN_IN = "/api/v1/auth/"
TOTP = "/api/v1/auth/totp/"
LOGIN = "/admin/login/"
ALICE = "alice@example.org"
# Away from the edge between two half minutes.
NOON = datetime(2030, 1, 1, 12, 0, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(time_machine):
    time_machine.move_to(NOON, tick=False)


def sign_in(client: APIClient, code: str | None = None, **changes: object):
    body = {"username": "alice", "password": PASSWORD} | changes
    return client.post(SIGN_IN, body if code is None else {**body, "otp": code}, format="json")


def outcome(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "in")


# --- Codes ----------------------------------------------------------------------


def test_codes_are_those_of_the_standard():
    # RFC 6238, appendix B, the last six digits.
    secret = b"12345678901234567890"

    for seconds, code in [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")]:
        at = datetime.fromtimestamp(seconds, tz=UTC)
        assert otp.step_of(secret, code, at=at) == seconds // 30


def test_a_secret_is_kept_encrypted_and_for_its_member_only(settings):
    kept = otp.encrypted(b"s" * 20, user_id=1)

    assert b"ssss" not in kept
    assert otp.decrypted(kept, user_id=1) == b"s" * 20
    assert otp.decrypted(kept, user_id=2) is None
    settings.INSTANCE_SECRET = "another secret of another instance"
    assert otp.decrypted(kept, user_id=1) is None


# --- Turning it on -----------------------------------------------------------------


def begin(client: APIClient) -> Authenticator:
    return Authenticator(client.post(TOTP, {"current_password": PASSWORD}).json()["secret"])


def test_is_off_at_first(alice: User):
    assert client_of(alice).get(TOTP).json() == {"enabled": False, "recovery_codes_left": 0}


def test_begins_with_a_secret_that_apps_read(alice: User, settings):
    settings.INSTANCE_NAME = "Snappio: ours"

    begun = client_of(alice).post(TOTP, {"current_password": PASSWORD}).json()

    uri = urlsplit(begun["uri"])
    query = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert uri.path == "/Snappio%20%20ours:alice"
    assert query["secret"] == [begun["secret"]]
    assert (query["digits"], query["period"]) == (["6"], ["30"])


def test_begins_for_nobody_without_the_password(alice: User, rate_limits):
    client = client_of(alice)

    codes = [client.post(TOTP, {"current_password": "wrong"}).status_code for _ in range(6)]

    assert codes == [400] * 5 + [429]
    assert not Totp.objects.exists()


def test_asks_for_nothing_until_it_is_confirmed(anonymous: APIClient, alice: User):
    begin(client_of(alice))

    assert sign_in(anonymous).status_code == 200


def test_confirms_with_a_code_and_gives_ten_recovery_codes(alice: User):
    client = client_of(alice)
    app = begin(client)

    answer = client.put(TOTP, {"otp": app.code()})

    codes = answer.json()["recovery_codes"]
    assert answer.status_code == 200
    assert len(set(codes)) == 10
    assert client.get(TOTP).json() == {"enabled": True, "recovery_codes_left": 10}
    assert "now takes a code" in letters_to(ALICE)[-1].body


def test_keeps_neither_the_secret_nor_the_recovery_codes(alice: User):
    client = client_of(alice)
    secret = client.post(TOTP, {"current_password": PASSWORD}).json()["secret"]
    codes = client.put(TOTP, {"otp": Authenticator(secret).code()}).json()["recovery_codes"]

    kept = str([
        [bytes(row.secret) for row in Totp.objects.all()],
        list(RecoveryCode.objects.values()),
        list(QueuedJob.objects.values_list("args_kwargs")),
    ])  # fmt: skip
    assert secret not in kept
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]


def test_a_wrong_code_confirms_nothing(alice: User):
    client = client_of(alice)
    begin(client)

    answer = client.put(TOTP, {"otp": "000000"})

    assert (answer.status_code, answer.json()) == (400, {"otp": ["The code is not valid."]})
    assert client.get(TOTP).json()["enabled"] is False


def test_begun_anew_the_earlier_secret_is_void(alice: User):
    client = client_of(alice)
    first, second = begin(client), begin(client)

    assert client.put(TOTP, {"otp": first.code()}).status_code == 400
    assert client.put(TOTP, {"otp": second.code()}).status_code == 200


def test_what_was_not_begun_is_not_confirmed(alice: User):
    assert outcome(client_of(alice).put(TOTP, {"otp": "123456"})) == (409, "totp_not_begun")


def test_what_is_on_is_not_begun_again(alice: User):
    app, _ = protect(alice)
    client = APIClient()
    access = sign_in(client, app.code()).json()["access"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")

    answer = client.post(TOTP, {"current_password": PASSWORD})

    assert outcome(answer) == (409, "totp_already_on")


# --- Signing in ------------------------------------------------------------------


def test_without_a_code_it_says_that_one_is_needed(anonymous: APIClient, alice: User):
    protect(alice)

    answer = sign_in(anonymous)

    assert answer.status_code == 401
    assert answer.json() == {
        "detail": "A code from your authenticator app is needed.",
        "code": "otp_required",
    }
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_wrong_password_is_not_told_about_codes(anonymous: APIClient, alice: User):
    app, _ = protect(alice)

    for code in (None, app.code(), "000000"):
        answer = sign_in(anonymous, code, password="wrong")
        assert outcome(answer) == (401, "no_active_account")


@pytest.mark.parametrize("steps", [0, 1])
def test_signs_in_with_a_code_of_now_or_next_to_now(anonymous: APIClient, alice: User, steps):
    app, _ = protect(alice)

    assert set(sign_in(anonymous, app.code(steps=steps)).json()) == {"access", "refresh"}


def test_takes_a_code_of_half_a_minute_ago(anonymous: APIClient, alice: User, time_machine):
    app, _ = protect(alice)
    code = app.code()
    time_machine.shift(30)

    assert outcome(sign_in(anonymous, code)) == (200, "in")


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_refuses_codes_of_other_times(anonymous: APIClient, alice: User, steps):
    app, _ = protect(alice)

    assert outcome(sign_in(anonymous, app.code(steps=steps))) == (401, "otp_not_valid")


def test_takes_a_code_written_with_spaces(anonymous: APIClient, alice: User):
    app, _ = protect(alice)
    code = app.code()

    assert sign_in(anonymous, f" {code[:3]} {code[3:]} ").status_code == 200


def test_a_code_works_once_and_none_before_it(anonymous: APIClient, alice: User):
    app, _ = protect(alice)
    sign_in(anonymous, app.code())

    assert outcome(sign_in(anonymous, app.code())) == (401, "otp_not_valid")
    assert outcome(sign_in(anonymous, app.code(steps=-1))) == (401, "otp_not_valid")
    assert outcome(sign_in(anonymous, app.code(steps=1))) == (200, "in")


def test_the_code_that_confirmed_signs_nobody_in(anonymous: APIClient, alice: User):
    app, _ = protect(alice)

    assert outcome(sign_in(anonymous, app.code(steps=-1))) == (401, "otp_not_valid")


def test_a_recovery_code_works_once(anonymous: APIClient, alice: User):
    _, (first, second, *_) = protect(alice)

    assert outcome(sign_in(anonymous, first)) == (200, "in")
    assert outcome(sign_in(anonymous, first)) == (401, "otp_not_valid")
    assert outcome(sign_in(anonymous, second.replace("-", "").upper())) == (200, "in")
    assert totp.state_of(alice).recovery_codes_left == 8


def test_nobody_signs_in_with_anothers_recovery_code(anonymous: APIClient, alice: User, bob: User):
    _, codes = protect(alice)
    protect(bob)

    assert outcome(sign_in(anonymous, codes[0], username="bob")) == (401, "otp_not_valid")


def test_who_signs_in_without_codes_may_send_one(anonymous: APIClient, alice: User):
    assert sign_in(anonymous, "123456").status_code == 200


@pytest.mark.parametrize("code", ["", " ", "12345", "1234567", "ABCDEF", "١٢٣٤٥٦", "\u2007", "é-2"])
def test_refuses_what_is_no_code(anonymous: APIClient, alice: User, code):
    protect(alice)

    assert sign_in(anonymous, code).status_code == 401


@pytest.mark.parametrize("code", [None, [], {}, True, "\0", "x" * 31])
def test_refuses_codes_of_the_wrong_type(anonymous: APIClient, alice: User, code):
    body = {"username": "alice", "password": PASSWORD, "otp": code}

    assert anonymous.post(SIGN_IN, body, format="json").status_code == 400


def test_wrong_codes_count_as_failures_of_the_account(
    anonymous: APIClient, alice: User, rate_limits
):
    app, _ = protect(alice)

    codes = [
        sign_in(anonymous, "000000", REMOTE_ADDR=f"198.51.100.{n}").status_code for n in range(6)
    ]

    assert codes[:5] == [401] * 5
    assert sign_in(anonymous, app.code()).status_code == 429


def test_being_asked_for_a_code_is_no_failure(anonymous: APIClient, alice: User, rate_limits):
    app, _ = protect(alice)
    for _ in range(8):
        assert sign_in(anonymous).status_code == 401

    assert sign_in(anonymous, app.code()).status_code == 200


def test_a_new_secret_of_the_instance_refuses_and_does_not_fail(
    anonymous: APIClient, alice: User, settings
):
    app, codes = protect(alice)
    settings.INSTANCE_SECRET = "another secret of another instance"

    assert outcome(sign_in(anonymous, app.code())) == (401, "otp_not_valid")
    assert outcome(sign_in(anonymous, codes[0])) == (401, "otp_not_valid")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_of_two_who_show_one_code_at_once_one_gets_in(alice: User, kind):
    app, codes = protect(alice)
    code = app.code() if kind == "app" else codes[0]

    def show(_: int) -> int:
        try:
            return sign_in(APIClient(raise_request_exception=False), code).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(show, range(4))) == [200, 401, 401, 401]


# --- Turning it off ----------------------------------------------------------------


@pytest.fixture
def protected(alice: User) -> tuple[APIClient, Authenticator]:
    client = client_of(alice)
    app, _ = protect(alice)
    return client, app


def test_is_turned_off_with_password_and_code(anonymous: APIClient, protected):
    client, app = protected

    answer = client.delete(TOTP, {"current_password": PASSWORD, "otp": app.code()})

    assert answer.status_code == 204
    assert sign_in(anonymous).status_code == 200
    assert client.get(TOTP).json() == {"enabled": False, "recovery_codes_left": 0}
    assert "no code from an authenticator app any more" in letters_to(ALICE)[-1].body


@pytest.mark.parametrize("missing", ["current_password", "otp"])
def test_is_not_turned_off_without_both(protected, missing):
    client, app = protected
    body = {"current_password": PASSWORD, "otp": app.code()}

    absent = client.delete(TOTP, {name: body[name] for name in body if name != missing})
    wrong = client.delete(TOTP, {**body, missing: "000000"})

    assert (absent.status_code, wrong.status_code) == (400, 400)
    assert set(absent.json()) == set(wrong.json()) == {missing}
    assert client.get(TOTP).json()["enabled"] is True


def test_what_is_off_is_not_turned_off(alice: User):
    body = {"current_password": PASSWORD, "otp": "123456"}

    assert outcome(client_of(alice).delete(TOTP, body)) == (409, "totp_not_begun")


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_is_for_members_only(anonymous: APIClient, db, method):
    assert getattr(anonymous, method)(TOTP).status_code == 401


def test_a_new_password_leaves_it_on(anonymous: APIClient, alice: User):
    protect(alice)
    members.set_password(alice, "a-fresh-start-9")

    assert outcome(sign_in(anonymous, password="a-fresh-start-9")) == (401, "otp_required")


def test_nothing_of_it_is_left_of_a_closed_account(alice: User):
    protect(alice)

    members.close_account(alice)

    assert not Totp.objects.exists()
    assert not RecoveryCode.objects.exists()


# --- The admin ---------------------------------------------------------------------


@pytest.fixture
def root(db) -> User:
    return User.objects.create_superuser("root", "root@example.org", PASSWORD)


def test_the_admin_asks_staff_for_the_code(browser: Client, root: User):
    app, _ = protect(root)
    body = {"username": "root", "password": PASSWORD}

    asked = browser.post(LOGIN, body)
    wrong = browser.post(LOGIN, {**body, "otp": "000000"})
    right = browser.post(LOGIN, {**body, "otp": app.code(), "next": "/admin/"})

    assert b"A code from your authenticator app is needed." in asked.content
    assert b"The code is not valid." in wrong.content
    assert b'name="otp"' in asked.content
    assert (right.status_code, right["Location"]) == (302, "/admin/")


def test_staff_take_the_second_step_from_who_has_lost_it(
    browser: Client, anonymous: APIClient, root: User, alice: User
):
    protect(alice)
    browser.force_login(root)

    body = {"action": "remove_totp", "_selected_action": [str(alice.pk)]}
    browser.post("/admin/accounts/user/", body)

    assert sign_in(anonymous).status_code == 200
    assert "no code from an authenticator app any more" in letters_to(ALICE)[-1].body
