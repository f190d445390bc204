"""Addresses, verified by a mailed link (A20, A21, R1, H13)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connections
from django.urls import get_resolver
from rest_framework.test import APIClient

from snappio.accounts.errors import EmailNotVerified, LinkNotValid
from snappio.accounts.models import MailedLink, User
from snappio.accounts.services import emails, members, sessions
from snappio.accounts.services.members import MemberChanges
from snappio.accounts.tests.factories import PASSWORD, client_of, sign_in_header
from snappio.accounts.tests.postbox import letters_to, link_in, token_in, token_to
from snappio.core.clock import now
from snappio.jobs.models import QueuedJob
from snappio.jobs.queue import run_due_jobs

VERIFY = "/api/v1/auth/email/verify/"
RESEND = "/api/v1/auth/email/"
PROFILE = "/api/v1/users/profile/"
ALICE = "alice@example.org"
NOT_VALID = {
    "detail": "This link is not valid any more. Ask for a new one.",
    "code": "link_not_valid",
}


def is_verified(member: User) -> bool:
    return client_of(member).get(PROFILE).json()["email_verified"]


def test_a_new_member_gets_a_link_to_where_the_instance_is_found(alice: User, settings):
    settings.SITE_URL = "https://social.example"

    (letter,) = letters_to(ALICE)

    assert letter.subject == "Confirm your address for Snappio"
    assert link_in(letter).startswith("https://social.example/account/email/?token=")


def test_the_link_verifies_the_address(anonymous: APIClient, alice: User):
    assert is_verified(alice) is False

    answer = anonymous.post(VERIFY, {"token": token_to(ALICE)})

    assert (answer.status_code, answer.content) == (204, b"")
    assert is_verified(alice) is True


def test_the_link_works_once(anonymous: APIClient, alice: User):
    token = token_to(ALICE)
    anonymous.post(VERIFY, {"token": token})

    answer = anonymous.post(VERIFY, {"token": token})

    assert (answer.status_code, answer.json()) == (400, NOT_VALID)


def test_the_link_works_for_a_week(anonymous: APIClient, alice: User, time_machine):
    time_machine.move_to(now(), tick=False)
    token = token_to(ALICE)
    time_machine.shift(7 * 86_400)

    assert anonymous.post(VERIFY, {"token": token}).json() == NOT_VALID


def test_a_letter_that_is_sent_twice_holds_the_same_link(alice: User):
    token = token_to(ALICE)
    QueuedJob.objects.update(status="READY", worker_ids=[])

    letters = letters_to(ALICE)

    assert [token_in(letter) for letter in letters] == [token, token]
    assert MailedLink.objects.count() == 1


def test_neither_the_queue_nor_the_table_of_links_holds_the_token(alice: User):
    token = token_to(ALICE)

    kept = [*QueuedJob.objects.values_list("args_kwargs"), *MailedLink.objects.values_list()]

    assert token not in str(kept)


@pytest.mark.parametrize("value", [None, "", 7, [], {}, "\0", "nonsense", "x" * 101])
def test_refuses_what_is_no_token(anonymous: APIClient, db, value):
    assert anonymous.post(VERIFY, {"token": value}, format="json").status_code == 400


def test_a_change_of_the_address_takes_it_back_and_mails_a_new_link(alice: User):
    first = token_to(ALICE)
    emails.verify_email(first)

    changed = client_of(alice).patch(PROFILE, {"email": "new@example.org"}).json()

    assert changed["email_verified"] is False
    emails.verify_email(token_to("new@example.org"))
    assert is_verified(alice) is True


def test_the_old_address_hears_of_the_change(alice: User):
    client_of(alice).patch(PROFILE, {"email": "new@example.org"})

    notice = letters_to(ALICE)[-1]

    assert "e-mail address of your account was changed" in notice.body
    assert "new@example.org" not in notice.body


def test_a_link_to_an_address_given_up_verifies_nothing(alice: User):
    token = token_to(ALICE)
    client_of(alice).patch(PROFILE, {"email": "new@example.org"})

    with pytest.raises(LinkNotValid):
        emails.verify_email(token)

    # Not even after coming back.
    client_of(alice).patch(PROFILE, {"email": ALICE})
    with pytest.raises(LinkNotValid):
        emails.verify_email(token)


def test_a_changed_name_leaves_the_address_verified(alice: User):
    emails.verify_email(token_to(ALICE))

    client_of(alice).patch(PROFILE, {"name": "Alice L.", "email": ALICE})

    assert is_verified(alice) is True


def test_nobody_verifies_themselves(alice: User):
    client_of(alice).patch(PROFILE, {"email_verified": True, "email_verified_at": "2020-01-01"})

    assert is_verified(alice) is False


def test_a_link_of_somebody_who_left_is_dead(alice: User):
    token = token_to(ALICE)
    members.close_account(alice)

    with pytest.raises(LinkNotValid):
        emails.verify_email(token)

    assert not MailedLink.objects.exists()


def test_nothing_is_mailed_to_somebody_who_left(alice: User):
    members.close_account(alice)

    run_due_jobs()

    assert mail.outbox == []


def test_mails_the_link_again(alice: User):
    answer = client_of(alice).post(RESEND)

    assert answer.status_code == 204
    assert len(letters_to(ALICE)) == 2


def test_mails_nothing_where_the_address_is_verified(alice: User):
    emails.verify_email(token_to(ALICE))

    assert client_of(alice).post(RESEND).status_code == 204
    assert len(letters_to(ALICE)) == 1


def test_mails_three_an_hour(alice: User, rate_limits):
    client = client_of(alice)

    assert [client.post(RESEND).status_code for _ in range(4)] == [204, 204, 204, 429]


def test_strangers_have_nothing_mailed(anonymous: APIClient, db):
    assert anonymous.post(RESEND).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_a_link_at_once_one_gets_in(alice: User):
    token = token_to(ALICE)

    def use(_: int) -> bool:
        try:
            emails.verify_email(token)
        except LinkNotValid:
            return False
        else:
            return True
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [False, False, False, True]


# --- Where the instance wants verified addresses ------------------------------


@pytest.fixture
def strict(settings):
    settings.REQUIRE_VERIFIED_EMAIL = True


def test_members_write_at_once_unless_the_instance_says_otherwise(alice: User, bob: User):
    answer = client_of(alice).post("/api/v1/conversations/", {"username": bob.username})

    assert answer.status_code in {200, 201}


def test_unverified_members_read_and_do_not_write(alice: User, bob: User, strict):
    client = client_of(alice)

    answer = client.post("/api/v1/conversations/", {"username": bob.username})

    assert answer.status_code == 403
    assert answer.json()["code"] == "email_not_verified"
    assert client.get("/api/v1/feed/").status_code == 200
    for method in ("put", "patch", "delete"):
        assert getattr(client, method)("/api/v1/posts/1/").status_code == 403, method


def test_unverified_members_may_correct_their_account(alice: User, strict):
    client = client_of(alice)

    assert client.patch(PROFILE, {"email": "right@example.org"}).status_code == 200
    assert client.post(RESEND).status_code == 204
    body = {"current_password": PASSWORD, "new_password": "a-fresh-start-9"}
    assert client.post("/api/v1/auth/password/", body).status_code == 204
    assert client.delete(PROFILE).status_code == 204


def test_unverified_members_open_no_sockets(alice: User, strict):
    header = sign_in_header(alice)["Authorization"]

    (refusal,) = sessions.identify([header])
    assert isinstance(refusal, EmailNotVerified)
    with pytest.raises(EmailNotVerified):
        sessions.prove(header)


def test_verified_members_do_all(alice: User, bob: User, strict):
    emails.verify_email(token_to(ALICE))

    answer = client_of(alice).post("/api/v1/conversations/", {"username": bob.username})

    assert answer.status_code in {200, 201}
    (identity,) = sessions.identify([sign_in_header(alice)["Authorization"]])
    assert identity.username == "alice"


def test_changing_nothing_sends_nothing(alice: User):
    session = sessions.session_of(sign_in_header(alice)["Authorization"].split()[1])

    members.change_member(alice, MemberChanges(email=ALICE), session=session)

    assert len(letters_to(ALICE)) == 1


# --- The table of scopes ------------------------------------------------------


def addresses() -> list[str]:
    def walk(patterns, before=""):
        for pattern in patterns:
            route = before + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern.url_patterns, route)
            else:
                yield route

    return [route for route in walk(get_resolver().url_patterns) if route.startswith("api/")]


def test_every_address_says_what_a_token_must_be_good_for(settings):
    assert len(addresses()) > 40
    undeclared = [
        route
        for route in addresses()
        if not any(route.removeprefix("api/v1/").startswith(known) for known in settings.API_SCOPES)
    ]

    assert undeclared == []


def test_the_table_of_scopes_names_no_address_that_is_gone(settings):
    paths = [route.removeprefix("api/v1/") for route in addresses()]

    gone = [known for known in settings.API_SCOPES if not any(p.startswith(known) for p in paths)]

    assert gone == []
