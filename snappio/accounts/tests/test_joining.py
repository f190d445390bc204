"""Ways of joining: open, approved, invited, not at all (A16, A19, R1, R5, R18)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connections
from django.test import Client
from rest_framework.test import APIClient

from snappio.accounts import blocks
from snappio.accounts.models import (
    AddressBlock,
    EmailDomainBlock,
    Invitation,
    SignUp,
    UsedName,
    User,
)
from snappio.accounts.services import members
from snappio.accounts.services.invitations import make_invitation
from snappio.accounts.tests.factories import PASSWORD, client_of
from snappio.accounts.tests.postbox import letters_to
from snappio.core.clock import now

USERS = "/api/v1/users/"
SIGN_UPS = "/api/v1/moderation/sign-ups/"
INVITATIONS = "/api/v1/invitations/"
INSTANCE = "/api/v1/instance/"
ZED = {
    "username": "zed",
    "email": "zed@example.org",
    "name": "Zed",
    "password": PASSWORD,
}


def join(client: APIClient, **changes: object):
    more = {name: changes.pop(name) for name in ("REMOTE_ADDR",) if name in changes}
    return client.post(USERS, ZED | changes, format="json", **more)


def sign_in(client: APIClient, username: str = "zed") -> int:
    body = {"username": username, "password": PASSWORD}
    return client.post("/api/v1/auth/", body).status_code


@pytest.fixture
def staff(carol: User) -> User:
    """May decide about sign-ups."""
    User.objects.filter(pk=carol.pk).update(is_staff=True)
    right = Permission.objects.get(codename="change_signup", content_type__app_label="accounts")
    carol.user_permissions.add(right)
    return User.objects.get(pk=carol.pk)


@pytest.fixture
def root(db) -> User:
    return User.objects.create_superuser("root", "root@example.org", PASSWORD)


# --- Closed -------------------------------------------------------------------------


def test_a_closed_instance_takes_nobody(anonymous: APIClient, db, settings):
    settings.REGISTRATION = "closed"

    answer = join(anonymous)

    assert answer.status_code == 403
    assert answer.json()["code"] == "registration_closed"
    assert anonymous.get(INSTANCE).json()["registration"] == "closed"
    assert not User.objects.exists()


def test_an_open_instance_cares_for_no_invite(anonymous: APIClient, db):
    assert join(anonymous, invite="nonsense", reason="Because").status_code == 201
    assert sign_in(anonymous) == 200
    assert not SignUp.objects.exists()


# --- Approval -----------------------------------------------------------------------


@pytest.fixture
def waiting(anonymous: APIClient, staff: User, settings) -> User:
    """Zed has signed up and waits."""
    settings.REGISTRATION = "approval"
    assert join(anonymous, reason="I know Carol.").status_code == 201
    return User.objects.get(username="zed")


def test_who_waits_neither_signs_in_nor_is_seen(anonymous: APIClient, waiting: User):
    assert sign_in(anonymous) == 401
    assert anonymous.get(f"{USERS}zed/").status_code == 404
    assert "zed" not in [member["username"] for member in anonymous.get(USERS).json()]


def test_staff_see_who_waits(waiting: User, staff: User):
    (shown,) = client_of(staff).get(SIGN_UPS).json()

    assert shown.pop("created_at")
    assert shown == {
        "id": waiting.pk,
        "username": "zed",
        "name": "Zed",
        "email": "zed@example.org",
        "email_verified": False,
        "reason": "I know Carol.",
    }


def test_who_is_approved_is_in_and_is_told(anonymous: APIClient, waiting: User, staff: User):
    answer = client_of(staff).post(f"{SIGN_UPS}{waiting.pk}/approve/")

    assert answer.status_code == 204
    assert sign_in(anonymous) == 200
    assert letters_to("zed@example.org")[-1].subject == "Welcome to Snappio"
    assert SignUp.objects.get().approved_by == staff
    assert client_of(staff).get(SIGN_UPS).json() == []


def test_who_is_refused_is_told_and_leaves_the_name(
    anonymous: APIClient, waiting: User, staff: User
):
    answer = client_of(staff).post(f"{SIGN_UPS}{waiting.pk}/refuse/")

    assert answer.status_code == 204
    assert "was not approved" in letters_to("zed@example.org")[-1].body
    assert not User.objects.filter(username="zed").exists()
    assert not UsedName.objects.filter(identity="zed").exists()
    assert join(anonymous).status_code == 201


@pytest.mark.parametrize("second", ["approve", "refuse"])
@pytest.mark.parametrize("first", ["approve", "refuse"])
def test_a_second_decision_finds_nobody_waiting(waiting: User, staff: User, first, second):
    client = client_of(staff)
    client.post(f"{SIGN_UPS}{waiting.pk}/{first}/")

    answer = client.post(f"{SIGN_UPS}{waiting.pk}/{second}/")

    assert (answer.status_code, answer.json()["code"]) == (404, "sign_up_not_found")
    assert User.objects.filter(username="zed").exists() is (first == "approve")


@pytest.mark.parametrize("number", [0, 2**31, 2**63, 10**30])
def test_nobody_waits_by_a_strange_number(staff: User, number):
    assert client_of(staff).post(f"{SIGN_UPS}{number}/approve/").status_code == 404


def test_a_member_is_not_refused_like_one_who_waits(alice: User, staff: User):
    assert client_of(staff).post(f"{SIGN_UPS}{alice.pk}/refuse/").status_code == 404
    assert User.objects.filter(pk=alice.pk).exists()


@pytest.mark.parametrize("who", ["anonymous", "member", "staff without the right"])
def test_nobody_else_decides(anonymous: APIClient, alice: User, waiting: User, who):
    User.objects.filter(pk=alice.pk).update(is_staff=who.startswith("staff"))
    client = anonymous if who == "anonymous" else client_of(alice)

    answers = [
        client.get(SIGN_UPS),
        client.post(f"{SIGN_UPS}{waiting.pk}/approve/"),
        client.post(f"{SIGN_UPS}{waiting.pk}/refuse/"),
        client.post(f"{SIGN_UPS}999999/approve/"),
    ]

    expected = 401 if who == "anonymous" else 403
    assert [answer.status_code for answer in answers] == [expected] * 4
    assert SignUp.objects.waiting().count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_the_same_queries_at_any_length(
    anonymous: APIClient, staff: User, settings, django_assert_num_queries, count
):
    settings.REGISTRATION = "approval"
    for n in range(count):
        join(anonymous, username=f"zed{n}", email=f"zed{n}@example.org")
    client = client_of(staff)

    # The session, two for the rights, the list.
    with django_assert_num_queries(4):
        assert len(client.get(SIGN_UPS).json()) == count


def test_the_list_goes_on_with_its_link(anonymous: APIClient, staff: User, settings):
    settings.REGISTRATION = "approval"
    for n in range(3):
        join(anonymous, username=f"zed{n}", email=f"zed{n}@example.org")
    client = client_of(staff)

    first = client.get(SIGN_UPS, {"limit": 2})
    second = client.get(first["Link"].split(">")[0].removeprefix("<"))

    names = [[each["username"] for each in page.json()] for page in (first, second)]
    assert names == [["zed0", "zed1"], ["zed2"]]
    assert "Link" not in second


def test_enabling_lets_nobody_past_the_staffs_decision(anonymous: APIClient, waiting: User):
    members.enable_member(waiting)

    assert sign_in(anonymous) == 401


def test_the_admin_decides_too(browser: Client, anonymous: APIClient, root: User, settings):
    settings.REGISTRATION = "approval"
    ids = {}
    for name in ("zed", "zoe"):
        join(anonymous, username=name, email=f"{name}@example.org")
        ids[name] = User.objects.get(username=name).pk
    browser.force_login(root)
    address = "/admin/accounts/signup/"
    assert browser.get(address).status_code == 200

    for name, action in (("zed", "approve"), ("zoe", "refuse")):
        browser.post(address, {"action": action, "_selected_action": [str(ids[name])]})

    assert sign_in(anonymous, "zed") == 200
    assert not User.objects.filter(username="zoe").exists()


# --- Invitation ---------------------------------------------------------------------


@pytest.fixture
def by_invitation(settings):
    settings.REGISTRATION = "invitation"


def test_without_a_code_nobody_joins(anonymous: APIClient, by_invitation, db):
    for invite in ("", "nonsense"):
        answer = join(anonymous, invite=invite)
        assert answer.status_code == 400
        assert answer.json() == {"invite": ["This invitation is not valid."]}
    assert join(anonymous).status_code == 400
    assert not User.objects.exists()


def test_who_has_a_code_joins_and_it_is_known_by_whom(
    anonymous: APIClient, alice: User, by_invitation
):
    code = client_of(alice).post(INVITATIONS).json()["code"]

    assert join(anonymous, invite=code).status_code == 201
    assert sign_in(anonymous) == 200
    assert User.objects.get(username="zed").invitation.made_by == alice


def test_a_code_works_as_often_as_it_says(anonymous: APIClient, alice: User, by_invitation):
    code = client_of(alice).post(INVITATIONS, {"max_uses": 2}).json()["code"]

    statuses = [
        join(anonymous, username=f"zed{n}", email=f"zed{n}@example.org", invite=code).status_code
        for n in range(3)
    ]

    assert statuses == [201, 201, 400]
    (shown,) = client_of(alice).get(INVITATIONS).json()
    assert (shown["uses"], shown["max_uses"]) == (2, 2)


def test_a_sign_up_that_fails_uses_nothing_up(anonymous: APIClient, alice: User, by_invitation):
    code = make_invitation(by=alice).code

    assert join(anonymous, invite=code, username="alice").status_code == 400
    assert join(anonymous, invite=code, password="12345678").status_code == 400
    assert join(anonymous, invite=code).status_code == 201


def test_a_code_is_over_after_a_week(
    anonymous: APIClient, alice: User, by_invitation, time_machine
):
    time_machine.move_to(now(), tick=False)
    code = make_invitation(by=alice).code
    time_machine.shift(timedelta(days=7, seconds=1))

    assert join(anonymous, invite=code).status_code == 400


def test_a_code_that_was_ended_opens_nothing(anonymous: APIClient, alice: User, by_invitation):
    code = make_invitation(by=alice).code
    client = client_of(alice)

    assert [client.delete(f"{INVITATIONS}{code}/").status_code for _ in range(2)] == [204, 204]
    assert join(anonymous, invite=code).status_code == 400


def test_codes_of_who_was_shown_the_door_open_nothing(
    anonymous: APIClient, alice: User, by_invitation
):
    code = make_invitation(by=alice).code
    members.disable_member(alice)

    assert join(anonymous, invite=code).status_code == 400


def test_nobody_sees_or_ends_anothers_codes(alice: User, mallory: User):
    code = make_invitation(by=alice).code
    client = client_of(mallory)

    hidden, absent = (client.delete(f"{INVITATIONS}{each}/") for each in (code, "nonsense"))

    assert client.get(INVITATIONS).json() == []
    assert hidden.status_code == 404
    assert hidden.content == absent.content
    assert Invitation.objects.get().ended_at is None


@pytest.mark.parametrize(
    "body",
    [{"max_uses": 0}, {"max_uses": 26}, {"max_uses": "x"}, {"expires_in": 59},
     {"expires_in": 30 * 86_400 + 1}, {"max_uses": None}, {"expires_in": 2**63}],
)  # fmt: skip
def test_refuses_codes_without_bounds(alice: User, body):
    assert client_of(alice).post(INVITATIONS, body, format="json").status_code == 400


def test_a_member_makes_twenty_codes_a_day(alice: User, rate_limits):
    client = client_of(alice)

    assert [client.post(INVITATIONS).status_code for _ in range(21)] == [201] * 20 + [429]


@pytest.mark.parametrize("method", ["get", "post"])
def test_codes_are_made_by_members_only(anonymous: APIClient, db, method):
    assert getattr(anonymous, method)(INVITATIONS).status_code == 401


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_codes_takes_the_same_queries_at_any_length(
    alice: User, django_assert_num_queries, count
):
    for _ in range(count):
        make_invitation(by=alice)
    client = client_of(alice)

    with django_assert_num_queries(2):
        assert len(client.get(INVITATIONS).json()) == count


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_by_the_last_use_at_once_one_gets_in(alice: User, by_invitation):
    code = make_invitation(by=alice).code

    def come(n: int) -> int:
        client = APIClient(raise_request_exception=False)
        try:
            return join(
                client, username=f"zed{n}", email=f"zed{n}@example.org", invite=code
            ).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(come, range(4))) == [201, 400, 400, 400]
    assert Invitation.objects.get().uses == 1


def test_staff_make_and_end_codes_in_the_admin(
    browser: Client, anonymous: APIClient, root: User, by_invitation
):
    browser.force_login(root)
    at = now() + timedelta(days=300)
    fields = {"max_uses": 500, "expires_at_0": f"{at:%Y-%m-%d}", "expires_at_1": "12:00:00"}

    made = browser.post("/admin/accounts/invitation/add/", fields)
    invitation = Invitation.objects.get()

    assert made.status_code == 302
    assert (invitation.made_by, invitation.max_uses) == (root, 500)
    chosen = {"action": "end", "_selected_action": [str(invitation.pk)]}
    browser.post("/admin/accounts/invitation/", chosen)
    assert join(anonymous, invite=invitation.code).status_code == 400


# --- Blocks -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "email", ["z@bad.example", "z@BAD.example", "z@deep.down.bad.example", "z+x@bad.example"]
)
def test_takes_no_addresses_of_a_blocked_domain(anonymous: APIClient, db, email):
    EmailDomainBlock.objects.create(domain="bad.example")

    answer = join(anonymous, email=email)

    assert answer.status_code == 400
    assert answer.json() == {"email": ["Addresses of this provider are not accepted."]}


@pytest.mark.parametrize("email", ["z@notbad.example", "z@bad.example.org", "bad.example@x.org"])
def test_takes_addresses_of_domains_that_only_look_alike(anonymous: APIClient, db, email):
    EmailDomainBlock.objects.create(domain="bad.example")

    assert join(anonymous, email=email).status_code == 201


def test_nobody_changes_to_a_blocked_domain_and_who_is_there_stays(alice: User, bob: User):
    EmailDomainBlock.objects.create(domain="bad.example")
    User.objects.filter(pk=bob.pk).update(email="b@bad.example", email_identity="b@bad.example")

    change = client_of(alice).patch("/api/v1/users/profile/", {"email": "a@bad.example"})
    same = client_of(bob).patch("/api/v1/users/profile/", {"email": "b@bad.example"})

    assert (change.status_code, same.status_code) == (400, 200)


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("203.0.113.9", "203.0.113.9", "203.0.113.10"),
        ("203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
        ("2001:db8:1:2::5", "2001:db8:1:2:ffff::1", "2001:db8:1:3::5"),
        ("2001:db8::/32", "2001:db8:9::1", "2001:db9::1"),
        ("203.0.113.7", "::ffff:203.0.113.7", "::ffff:203.0.113.8"),
    ],
)
def test_takes_nobody_from_a_blocked_network(anonymous: APIClient, db, network, inside, outside):
    AddressBlock.objects.create(network=blocks.normalised_network(network))

    refused, taken = (join(anonymous, REMOTE_ADDR=each) for each in (inside, outside))

    assert (refused.status_code, refused.json()["code"]) == (403, "address_blocked")
    assert taken.status_code == 201


def test_the_admin_keeps_blocks_in_one_form(browser: Client, root: User):
    browser.force_login(root)
    domains, networks = "/admin/accounts/emaildomainblock/", "/admin/accounts/addressblock/"

    for text in (" @Bücher.Example. ", "@"):
        browser.post(f"{domains}add/", {"domain": text})
    for text in ("2001:DB8::7", "203.0.113.9/24", "nonsense"):
        browser.post(f"{networks}add/", {"network": text})

    assert [block.domain for block in EmailDomainBlock.objects.all()] == ["xn--bcher-kva.example"]
    kept = sorted(block.network for block in AddressBlock.objects.all())
    assert kept == ["2001:db8::/64", "203.0.113.0/24"]


# --- What the instance says of itself -------------------------------------------------


def test_says_nothing_of_rules_until_somebody_writes_them(anonymous: APIClient, db):
    told = anonymous.get(INSTANCE).json()

    assert (told["rules"], told["terms"], told["contact"], told["languages"]) == ([], "", "", [])
    assert told["registration"] == "open"


def test_staff_write_rules_terms_contact_and_languages(
    browser: Client, anonymous: APIClient, root: User
):
    browser.force_login(root)
    said = {
        "rules": "Be kind.\r\n\r\n No ads. ",
        "terms": "https://social.example/terms",
        "contact": "us@social.example",
        "languages": "en, de",
    }

    browser.post("/admin/accounts/instance/add/", said)
    again = browser.get("/admin/accounts/instance/add/")
    browser.post("/admin/accounts/instance/1/change/", {**said, "terms": "Be 18."})

    told = anonymous.get(INSTANCE).json()
    assert again.status_code == 403
    assert told["rules"] == ["Be kind.", "No ads."]
    assert told["terms"] == "Be 18."
    assert told["contact"] == "us@social.example"
    assert told["languages"] == ["en", "de"]
