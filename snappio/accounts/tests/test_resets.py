"""Forgotten passwords (A20, A21, A17)."""

import logging

import pytest
from django.core import mail
from rest_framework.test import APIClient

from snappio.accounts.models import MailedLink, User
from snappio.accounts.services import members
from snappio.accounts.services.passwords import member_with_password
from snappio.accounts.tests.factories import ADDRESS, PASSWORD, client_of
from snappio.accounts.tests.postbox import letters_to, link_in, token_to
from snappio.core.clock import now
from snappio.jobs.models import QueuedJob
from snappio.jobs.queue import run_due_jobs

RESET = "/api/v1/auth/password/reset/"
CONFIRM = "/api/v1/auth/password/reset/confirm/"
PROFILE = "/api/v1/users/profile/"
NEW = "a-fresh-start-9"
ALICE = "alice@example.org"


def ask(client: APIClient, email: str = ALICE, **more):
    return client.post(RESET, {"email": email}, **more)


def reset(client: APIClient, token: str, password: str = NEW):
    return client.post(CONFIRM, {"token": token, "password": password}, format="json")


@pytest.fixture
def token(anonymous: APIClient, alice: User) -> str:
    ask(anonymous)
    return token_to(ALICE)


def test_sets_a_new_password(anonymous: APIClient, alice: User, token):
    answer = reset(anonymous, token)

    assert (answer.status_code, answer.content) == (204, b"")
    assert member_with_password("alice", NEW, address=ADDRESS) == alice


def test_finds_the_member_by_any_spelling_and_writes_to_the_members_own(
    anonymous: APIClient, alice: User
):
    ask(anonymous, "Alice+forgetful@EXAMPLE.org")

    assert "A new password" in letters_to(ALICE)[-1].subject
    assert {address for letter in mail.outbox for address in letter.to} == {ALICE}


def test_ends_all_sessions(anonymous: APIClient, alice: User, token):
    phone = client_of(alice)

    reset(anonymous, token)

    assert phone.get(PROFILE).status_code == 401


def test_a_weak_password_does_not_use_the_link_up(anonymous: APIClient, alice: User, token):
    weak = reset(anonymous, token, "12345678")

    assert (weak.status_code, set(weak.json())) == (400, {"password"})
    assert reset(anonymous, token).status_code == 204


def test_works_once(anonymous: APIClient, alice: User, token):
    reset(anonymous, token)

    again = reset(anonymous, token, "yet-another-start-9")

    assert (again.status_code, again.json()["code"]) == (400, "link_not_valid")
    assert member_with_password("alice", NEW, address=ADDRESS) == alice


def test_works_for_an_hour(anonymous: APIClient, alice: User, time_machine):
    time_machine.move_to(now(), tick=False)
    ask(anonymous)
    token = token_to(ALICE)
    time_machine.shift(3600)

    assert reset(anonymous, token).json()["code"] == "link_not_valid"


def test_any_other_change_of_the_password_or_the_address_closes_it(
    anonymous: APIClient, alice: User
):
    for change in ({"password": "meanwhile-changed-9"}, {"email": "new@example.org"}):
        ask(anonymous)
        token = token_to(ALICE)
        phone = APIClient()
        pair = phone.post("/api/v1/auth/", {"username": "alice", "password": PASSWORD}).json()
        phone.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
        phone.patch(PROFILE, change)

        assert reset(anonymous, token).json()["code"] == "link_not_valid", change
        members.set_password(alice, PASSWORD)


def test_a_verifying_link_resets_nothing(anonymous: APIClient, alice: User):
    assert reset(anonymous, token_to(ALICE)).json()["code"] == "link_not_valid"


def test_a_disabled_member_gets_no_letter_and_the_link_is_dead(
    anonymous: APIClient, alice: User, token
):
    members.disable_member(alice)

    assert reset(anonymous, token).json()["code"] == "link_not_valid"
    sent = len(letters_to(ALICE))
    ask(anonymous)
    assert len(letters_to(ALICE)) == sent


def test_who_reads_the_letter_has_verified_the_address(anonymous: APIClient, alice: User, token):
    reset(anonymous, token)

    alice.refresh_from_db()
    assert alice.email_verified_at is not None


def test_the_member_hears_that_the_password_was_changed(anonymous: APIClient, alice: User, token):
    reset(anonymous, token)

    assert "password of your account was changed" in letters_to(ALICE)[-1].body


# --- Nobody learns who is a member ---------------------------------------------


def test_says_and_does_the_same_for_an_unknown_address(
    anonymous: APIClient, alice: User, django_assert_num_queries
):
    run_due_jobs()
    with django_assert_num_queries(2) as known:
        one = ask(anonymous)
    with django_assert_num_queries(2) as unknown:
        other = ask(anonymous, "nobody@example.org")

    assert (one.status_code, one.content) == (other.status_code, other.content) == (204, b"")
    shapes = [[query["sql"].split("(")[0][:40] for query in each] for each in (known, unknown)]
    assert shapes[0] == shapes[1]
    assert QueuedJob.objects.unfinished().count() == 2
    assert MailedLink.objects.filter(purpose="reset-password").count() == 0


def test_nothing_is_mailed_to_an_unknown_address(anonymous: APIClient, db):
    ask(anonymous, "nobody@example.org")

    assert letters_to("nobody@example.org") == []
    assert "nobody@example.org" not in str(QueuedJob.objects.values_list("args_kwargs"))


@pytest.mark.parametrize("email", [ALICE, "nobody@example.org"])
def test_mails_one_address_three_an_hour_from_wherever(
    anonymous: APIClient, alice: User, rate_limits, email
):
    codes = [ask(anonymous, email, REMOTE_ADDR=f"198.51.100.{n}").status_code for n in range(4)]

    assert codes == [204, 204, 204, 429]


def test_one_caller_asks_three_times_an_hour(anonymous: APIClient, db, rate_limits):
    codes = [ask(anonymous, f"{n}@example.org").status_code for n in range(4)]

    assert codes == [204, 204, 204, 429]


@pytest.mark.parametrize("value", [None, "", 7, [], {}, "\0", "no address", "a@b\r\nBcc: c@d.org"])
def test_refuses_what_is_no_address(anonymous: APIClient, db, value):
    assert anonymous.post(RESET, {"email": value}, format="json").status_code == 400


# --- The link -------------------------------------------------------------------


def test_the_link_follows_no_header_of_the_request(anonymous: APIClient, alice: User, settings):
    settings.SITE_URL = "https://social.example"
    settings.ALLOWED_HOSTS = ["*"]

    ask(anonymous, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})

    letter = letters_to(ALICE)[-1]
    assert link_in(letter).startswith("https://social.example/account/password/?token=")
    assert "evil" not in letter.body


def test_no_log_holds_the_token(anonymous: APIClient, alice: User, caplog):
    caplog.set_level(logging.DEBUG)
    ask(anonymous)
    token = token_to(ALICE)

    reset(anonymous, token, "weak")
    reset(anonymous, token)
    reset(anonymous, token)

    assert token not in caplog.text
