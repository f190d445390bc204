"""Joining (A15 to A17, A19, R1 to R4)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from rest_framework.test import APIClient

from snappio.accounts.models import User
from snappio.accounts.services import members
from snappio.accounts.services.members import MemberChanges
from snappio.accounts.tests.factories import PASSWORD, client_of

USERS = "/api/v1/users/"
ALICE = {
    "username": "alice",
    "email": "alice@example.org",
    "name": "Alice",
    "password": PASSWORD,
}
USERNAME_TAKEN = {"username": ["user with this username already exists."]}
EMAIL_TAKEN = {"email": ["user with this email address already exists."]}


def join(client: APIClient, form: str = "json", **changes: object):
    return client.post(USERS, ALICE | changes, format=form)


@pytest.mark.parametrize("form", ["json", "multipart"])
def test_joins_from_any_form(anonymous: APIClient, db, form):
    answer = join(anonymous, form)

    assert answer.status_code == 201
    assert answer.json() == {
        "id": User.objects.get().pk,
        "username": "alice",
        "email": "alice@example.org",
        "email_verified": False,
        "name": "Alice",
        "posts": [],
        "avatar": None,
        "banner": None,
        "bio": "",
        "links": [],
        "is_private": False,
        "is_discoverable": True,
        "followers_count": 0,
        "following_count": 0,
    }


def test_a_new_member_can_sign_in(anonymous: APIClient, db):
    join(anonymous)

    answer = anonymous.post("/api/v1/auth/", {"username": "alice", "password": PASSWORD})

    assert answer.status_code == 200


def test_says_all_that_is_missing(anonymous: APIClient, db):
    answer = anonymous.post(USERS, {}, format="json")

    assert answer.status_code == 400
    assert answer.json() == {field: ["This field is required."] for field in ALICE}


def test_refuses_blanks(anonymous: APIClient, db):
    answer = anonymous.post(USERS, dict.fromkeys(ALICE, " "), format="json")

    assert answer.json() == {field: ["This field may not be blank."] for field in ALICE}


def test_says_that_both_are_taken(anonymous: APIClient, alice: User):
    assert join(anonymous).json() == USERNAME_TAKEN | EMAIL_TAKEN


@pytest.mark.parametrize(
    "username",
    ["ALICE", "Alice", "ａｌｉｃｅ", "ⓐlice", " alice ", "aLiCe"],
)
def test_refuses_another_spelling_of_a_name(anonymous: APIClient, alice: User, username):
    answer = join(anonymous, username=username, email="new@example.org")

    assert (answer.status_code, answer.json()) == (400, USERNAME_TAKEN)


@pytest.mark.parametrize(
    "username",
    [
        "a b", "a/b", "alice\u200b", "ali\u200dce", "\u202eecila", "alice\u1160", "\u3164", "a\n",
        "a\tb", "alice!", "<b>", "a'--", "á\u0301\u0301", "\ufeffalice", "😀", "a%00", "a:b",
    ],
)  # fmt: skip
def test_refuses_names_outside_the_allowed_characters(anonymous: APIClient, db, username):
    answer = join(anonymous, username=f"x{username}x")

    assert answer.status_code == 400
    assert set(answer.json()) == {"username"}


@pytest.mark.parametrize("username", ["admin", "Admin", "PROFILE", ".", "..", "me", "ｒoot"])
def test_refuses_reserved_names(anonymous: APIClient, db, username):
    answer = join(anonymous, username=username)

    assert answer.json() == {"username": ["This username is reserved."]}


@pytest.mark.parametrize("username", ["a", "a" * 50, "a.b@c+d-e_f", "Łukasz", "李明", "٣٤", "José"])
def test_takes_names_of_all_scripts(anonymous: APIClient, db, username):
    answer = join(anonymous, username=username)

    assert (answer.status_code, answer.json()["username"]) == (201, username)


def test_refuses_a_name_of_51_characters(anonymous: APIClient, db):
    assert join(anonymous, username="a" * 51).json() == {
        "username": ["Ensure this field has no more than 50 characters."]
    }


@pytest.mark.parametrize(
    "email",
    ["ALICE@EXAMPLE.ORG", "alice@Example.org", "alice+spam@example.org", " alice@example.org "],
)
def test_refuses_another_spelling_of_an_address(anonymous: APIClient, alice: User, email):
    answer = join(anonymous, username="alice2", email=email)

    assert (answer.status_code, answer.json()) == (400, EMAIL_TAKEN)


@pytest.mark.parametrize(
    "email",
    ["x", "a@b", "a b@example.org", "a@example.org\r\nBcc: b@example.org", "@", "a@" + "b" * 300],
)
def test_refuses_what_is_no_address(anonymous: APIClient, db, email):
    answer = join(anonymous, email=email)

    assert answer.status_code == 400
    assert set(answer.json()) == {"email"}


@pytest.mark.parametrize(
    "password", ["x", "password", "12345678901", "alice@example.org", "alicealice", "x" * 129]
)
def test_refuses_weak_and_endless_passwords(anonymous: APIClient, db, password):
    answer = join(anonymous, name="Alice Alice", username="alicealice", password=password)

    assert answer.status_code == 400
    assert set(answer.json()) == {"password"}


def test_refuses_a_password_like_the_display_name(anonymous: APIClient, db):
    answer = join(anonymous, name="Wonderland", password="wonderland1")

    assert answer.json() == {"password": ["The password is too similar to the name."]}


@pytest.mark.parametrize(
    "password", ["🦊🦊🦊🦊🦊🦊🦊🦊", "x9" * 64, "ein langer Satz mit Leerzeichen"]
)
def test_takes_passwords_of_any_characters(anonymous: APIClient, db, password):
    join(anonymous, password=password)

    answer = anonymous.post("/api/v1/auth/", {"username": "alice", "password": password})

    assert answer.status_code == 200


@pytest.mark.parametrize("value", [None, True, [], ["a"], {}, {"a": 1}, "a\0b", "x" * 10_000])
@pytest.mark.parametrize("field", list(ALICE))
def test_refuses_values_of_the_wrong_type(anonymous: APIClient, db, field, value):
    answer = join(anonymous, **{field: value})

    assert answer.status_code == 400
    assert set(answer.json()) == {field}


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "\u202eecila", "Z\u0300\u0301\u0302", "'; DROP"]
)
def test_keeps_a_display_name_as_it_is(anonymous: APIClient, db, name):
    answer = join(anonymous, name=name)

    assert (answer.status_code, answer.json()["name"]) == (201, name)
    assert answer["Content-Type"] == "application/json"


def test_nobody_joins_as_staff(anonymous: APIClient, db):
    more = {"id": 1000, "is_staff": True, "is_superuser": True, "is_active": False, "posts": [1]}

    assert join(anonymous, **more).status_code == 201

    member = User.objects.get()
    assert (member.is_staff, member.is_superuser, member.is_active) == (False, False, True)
    assert member.pk != 1000


def test_never_gives_a_used_name_away(anonymous: APIClient, alice: User, bob: User):
    members.close_account(alice)
    client_of(bob).patch("/api/v1/users/profile/", {"username": "bobby"})

    assert join(anonymous, username="alice", email="a@example.org").json() == USERNAME_TAKEN
    assert join(anonymous, username="bob", email="b@example.org").json() == USERNAME_TAKEN


def test_the_address_of_a_closed_account_may_join_again(anonymous: APIClient, alice: User):
    members.close_account(alice)

    assert join(anonymous, username="alice2").status_code == 201


def test_limits_joining_from_one_address(anonymous: APIClient, db, rate_limits):
    codes = [
        join(anonymous, username=f"name{n}", email=f"n{n}@example.org").status_code
        for n in range(11)
    ]

    assert codes == [201] * 10 + [429]


def at_once(*requests):
    """Call all in threads that start together, and return the answers."""
    start = Barrier(len(requests))

    def run(request):
        try:
            start.wait()
            return request()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(run, requests))


@pytest.mark.django_db(transaction=True)
def test_of_parallel_sign_ups_of_one_name_one_succeeds():
    def request(n: int):
        return lambda: join(APIClient(raise_request_exception=False), email=f"n{n}@example.org")

    answers = at_once(*(request(n) for n in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 5
    assert [a.json() for a in answers if a.status_code == 400] == [USERNAME_TAKEN] * 5


@pytest.mark.django_db(transaction=True)
def test_of_parallel_sign_ups_of_one_address_one_succeeds():
    def request(n: int):
        return lambda: join(APIClient(raise_request_exception=False), username=f"email{n}")

    answers = at_once(*(request(n) for n in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 5
    assert [a.json() for a in answers if a.status_code == 400] == [EMAIL_TAKEN] * 5


@pytest.mark.django_db(transaction=True)
def test_of_a_rename_and_a_sign_up_to_one_name_one_succeeds(bob: User):
    bobs = client_of(bob)

    renamed, joined = at_once(
        lambda: bobs.patch("/api/v1/users/profile/", {"username": "email"}),
        lambda: join(APIClient(raise_request_exception=False), username="Email"),
    )

    assert {renamed.status_code, joined.status_code} in ({200, 400}, {400, 201})
    assert USERNAME_TAKEN in (renamed.json(), joined.json())


def test_takes_back_an_own_former_name(alice: User):
    session = client_of(alice)
    session.patch("/api/v1/users/profile/", {"username": "alicia"})

    assert session.patch("/api/v1/users/profile/", {"username": "Alice"}).status_code == 200


def test_an_empty_change_changes_nothing(alice: User):
    client_of(alice)

    member = members.change_member(alice, MemberChanges(), session=alice.sessions.get())

    assert (member.username, member.email) == ("alice", "alice@example.org")
