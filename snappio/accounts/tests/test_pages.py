"""The pages at the end of mailed links (A21, R17)."""

import re

import pytest
from django.test import Client

from snappio.accounts.models import User
from snappio.accounts.services.passwords import member_with_password
from snappio.accounts.services.resets import request_reset
from snappio.accounts.tests.factories import ADDRESS
from snappio.accounts.tests.postbox import letters_to, link_in

ALICE = "alice@example.org"
NEW = "a-fresh-start-9"


@pytest.fixture
def browser() -> Client:
    # As browsers are met: nothing here rests on a cookie.
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


@pytest.fixture
def verifying(alice: User) -> str:
    return link_in(letters_to(ALICE)[-1])


@pytest.fixture
def resetting(alice: User) -> str:
    request_reset(email=ALICE, address=ADDRESS)
    return link_in(letters_to(ALICE)[-1])


def submit(browser: Client, link: str, **fields: str):
    """Open the link, fill the form on it in, and send it to where it says."""
    page = browser.get(link).content.decode()
    (action,) = re.findall(r'action="([^"]+)"', page)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    return browser.post(action, {**hidden, **fields})


def test_looking_at_the_page_verifies_nothing(browser: Client, alice: User, verifying):
    for _ in range(2):
        assert browser.get(verifying).status_code == 200

    alice.refresh_from_db()
    assert alice.email_verified_at is None


def test_the_button_verifies(browser: Client, alice: User, verifying):
    done = submit(browser, verifying)

    alice.refresh_from_db()
    assert (done.status_code, alice.email_verified_at is not None) == (200, True)
    assert b"Address confirmed" in done.content


def test_the_second_click_says_that_the_link_is_over(browser: Client, verifying):
    submit(browser, verifying)

    again = submit(browser, verifying)

    assert again.status_code == 400
    assert b"not valid any more" in again.content


def test_the_form_sets_a_password(browser: Client, alice: User, resetting):
    done = submit(browser, resetting, password=NEW, again=NEW)

    assert b"Password changed" in done.content
    assert member_with_password("alice", NEW, address=ADDRESS) == alice


@pytest.mark.parametrize(
    ("password", "again", "told"),
    [
        (NEW, "another", b"The two passwords differ."),
        ("short", "short", b"This password is too short."),
        ("x" * 129, "x" * 129, b"more than 128 characters"),
        ("", "", b"This password is too short."),
    ],
)
def test_the_form_says_what_is_wrong_and_may_be_sent_again(
    browser: Client, resetting, password, again, told
):
    refused = submit(browser, resetting, password=password, again=again)

    assert refused.status_code == 400
    assert told in refused.content
    assert b"Password changed" in submit(browser, resetting, password=NEW, again=NEW).content


def test_a_link_that_is_over_shows_no_form(browser: Client, resetting):
    submit(browser, resetting, password=NEW, again=NEW)

    page = browser.get(resetting)

    assert page.status_code == 400
    assert b"<form" not in page.content


@pytest.mark.parametrize("address", ["/account/email/", "/account/password/"])
@pytest.mark.parametrize("token", ["", "nonsense", '"><script>alert(1)</script>', "\0", "x" * 999])
def test_a_false_token_does_nothing_and_stays_text(browser: Client, db, address, token):
    shown = browser.get(address, {"token": token})
    sent = browser.post(address, {"token": token})

    assert shown.status_code in {200, 400}
    assert sent.status_code == 400
    assert b"<script" not in shown.content + sent.content


@pytest.mark.parametrize("page", ["verifying", "resetting"])
def test_pages_tell_nobody_of_their_address(browser: Client, request, page):
    answer = browser.get(request.getfixturevalue(page))

    text = answer.content.decode()
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "script" not in answer["Content-Security-Policy"]
    assert "<script" not in text
    assert "style=" not in text
    assert "://" not in text
    assert not answer.cookies
    for file in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
        assert b"".join(browser.get(file).streaming_content), file


def test_other_methods_are_refused(browser: Client, db):
    assert browser.delete("/account/password/").status_code == 405
