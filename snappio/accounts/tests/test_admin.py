"""The staff's pages (A13, D2, R17)."""

import pytest
from django.core.management import call_command
from django.test import Client

from snappio.accounts.models import Session, UsedName, User
from snappio.accounts.services import members
from snappio.accounts.tests.factories import ADDRESS, PASSWORD, client_of

LOGIN = "/admin/login/"
MEMBERS = "/admin/accounts/user/"
SESSIONS = "/admin/accounts/session/"


@pytest.fixture
def root(db) -> User:
    return User.objects.create_superuser("root", "root@example.org", PASSWORD)


@pytest.fixture
def staff(bob: User) -> User:
    """May change members, but is no superuser."""
    from django.contrib.auth.models import Permission

    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    return User.objects.get(pk=bob.pk)


def sign_in(browser: Client, username: str, password: str = PASSWORD):
    return browser.post(LOGIN, {"username": username, "password": password})


def act(browser: Client, address: str, action: str, *chosen: object):
    return browser.post(address, {"action": action, "_selected_action": [str(c) for c in chosen]})


def test_createsuperuser_makes_staff_who_can_sign_in(browser: Client, db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command(
        "createsuperuser", username="Admin", email="a@example.org", interactive=False, verbosity=0
    )

    assert sign_in(browser, "admin").status_code == 302
    assert UsedName.objects.get().identity == "admin"


def test_two_superusers_may_go_without_address(db):
    User.objects.create_superuser("one", "", PASSWORD)
    User.objects.create_superuser("two", "", PASSWORD)

    assert User.objects.filter(email_identity=None).count() == 2


def test_lets_no_ordinary_member_in(browser: Client, alice: User):
    assert sign_in(browser, "alice").status_code == 200
    assert browser.get("/admin/").status_code == 302


def test_lets_no_disabled_staff_in(browser: Client, root: User):
    members.disable_member(root)

    assert b"Please enter the correct" in sign_in(browser, "root").content


def test_stops_guessing_at_the_same_count_as_the_api(browser: Client, root: User, rate_limits):
    for _ in range(5):
        assert b"Please enter the correct" in sign_in(browser, "root", "wrong").content

    assert b"Request was throttled." in sign_in(browser, "root").content
    body = {"username": "root", "password": PASSWORD}
    assert browser.post("/api/v1/auth/", body).status_code == 429


def test_refuses_a_forged_post(root: User):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(root)

    assert act(strict, MEMBERS, "disable", root.pk).status_code == 403


def test_every_page_opens(browser: Client, root: User, alice: User):
    client_of(alice)
    browser.force_login(root)

    for address in (
        "/admin/",
        MEMBERS,
        f"{MEMBERS}?q=ali",
        f"{MEMBERS}{alice.pk}/change/",
        f"{MEMBERS}{alice.pk}/password/",
        SESSIONS,
        f"{SESSIONS}?q=ali",
        f"{SESSIONS}{Session.objects.get().pk}/change/",
    ):
        assert browser.get(address).status_code == 200, address


def test_escapes_what_members_write(browser: Client, root: User, alice: User):
    User.objects.filter(pk=alice.pk).update(name="<script>alert(1)</script>")
    browser.force_login(root)

    page = browser.get(MEMBERS).content

    assert b"<script>alert(1)" not in page
    assert b"&lt;script&gt;alert(1)" in page


def test_offers_neither_adding_nor_deleting(browser: Client, root: User, alice: User):
    browser.force_login(root)

    assert browser.get(f"{MEMBERS}add/").status_code == 403
    assert browser.post(f"{MEMBERS}{alice.pk}/delete/", {"post": "yes"}).status_code == 403
    act(browser, MEMBERS, "delete_selected", alice.pk)
    assert User.objects.filter(pk=alice.pk).exists()


def test_disabling_ends_sessions_at_once(browser: Client, root: User, alice: User):
    phone = client_of(alice)
    browser.force_login(root)

    act(browser, MEMBERS, "disable", alice.pk, root.pk)

    assert phone.get("/api/v1/auth/sessions/").status_code == 401
    assert User.objects.filter(is_active=True).get() == root
    act(browser, MEMBERS, "enable", alice.pk)
    assert User.objects.filter(is_active=True).count() == 2


def test_a_set_password_ends_sessions(browser: Client, root: User, alice: User):
    phone = client_of(alice)
    browser.force_login(root)
    form = {"password1": "a-fresh-start-9", "password2": "a-fresh-start-9"}

    assert browser.post(f"{MEMBERS}{alice.pk}/password/", form).status_code == 302

    assert phone.get("/api/v1/auth/sessions/").status_code == 401
    assert User.objects.get(pk=alice.pk).check_password("a-fresh-start-9")


def test_a_disabled_member_may_get_a_new_password(browser: Client, root: User, alice: User):
    members.disable_member(alice)
    browser.force_login(root)
    form = {"password1": "a-fresh-start-9", "password2": "a-fresh-start-9"}

    assert browser.post(f"{MEMBERS}{alice.pk}/password/", form).status_code == 302


def test_staff_cannot_make_themselves_superusers(browser: Client, staff: User):
    browser.force_login(staff)

    browser.post(f"{MEMBERS}{staff.pk}/change/", {"is_staff": "on", "is_superuser": "on"})

    staff.refresh_from_db()
    assert (staff.is_staff, staff.is_superuser) == (True, False)


def test_staff_cannot_touch_superusers(browser: Client, staff: User, root: User):
    browser.force_login(staff)
    form = {"password1": "a-fresh-start-9", "password2": "a-fresh-start-9"}

    assert browser.post(f"{MEMBERS}{root.pk}/password/", form).status_code == 403
    act(browser, MEMBERS, "disable", root.pk)
    root.refresh_from_db()
    assert root.is_active
    assert root.check_password(PASSWORD)


def test_a_superuser_makes_staff(browser: Client, root: User, alice: User):
    browser.force_login(root)

    browser.post(f"{MEMBERS}{alice.pk}/change/", {"is_staff": "on", "username": "mallory"})

    alice.refresh_from_db()
    assert (alice.is_staff, alice.username) == (True, "alice")


def test_ends_a_session(browser: Client, root: User, alice: User):
    phone = client_of(alice)
    browser.force_login(root)

    act(browser, SESSIONS, "end", Session.objects.get(address=ADDRESS).pk)

    assert phone.get("/api/v1/auth/sessions/").status_code == 401


def test_never_shows_hashes(browser: Client, root: User, alice: User):
    client_of(alice)
    session = Session.objects.get()
    browser.force_login(root)

    page = browser.get(f"{SESSIONS}{session.pk}/change/").content.decode()

    assert session.refresh_hash not in page
