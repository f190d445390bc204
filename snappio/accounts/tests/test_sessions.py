"""Refreshing, listing and ending sessions (A7, A8)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connections
from rest_framework.test import APIClient

from snappio.accounts.models import Session, User
from snappio.accounts.services import members, sessions
from snappio.accounts.tests.factories import ADDRESS, PASSWORD, client_of, sign_in_header
from snappio.core.clock import now

REFRESH = "/api/v1/auth/refresh/"
VERIFY = "/api/v1/auth/verify/"
SESSIONS = "/api/v1/auth/sessions/"
PASSWORD_ADDRESS = "/api/v1/auth/password/"
NOT_VALID = {"detail": "Token is invalid or expired", "code": "token_not_valid"}


@pytest.fixture
def pair(alice: User) -> sessions.TokenPair:
    return sessions.sign_in(username="alice", password=PASSWORD, device="phone", address=ADDRESS)


def refresh(client: APIClient, token: str):
    return client.post(REFRESH, {"refresh": token})


def works(access: str) -> bool:
    header = {"Authorization": f"Bearer {access}"}
    return APIClient().get(SESSIONS, headers=header).status_code == 200


def test_refresh_gives_a_new_pair(anonymous: APIClient, pair, time_machine):
    time_machine.move_to(now() + timedelta(days=40))

    new = refresh(anonymous, pair.refresh).json()

    assert set(new) == {"access", "refresh"}
    assert new["refresh"] != pair.refresh
    assert works(new["access"])


def test_refresh_lengthens_the_session(anonymous: APIClient, pair, time_machine):
    token = pair.refresh
    for _ in range(3):
        time_machine.move_to(now() + timedelta(days=50))
        answer = refresh(anonymous, token)
        assert answer.status_code == 200
        token = answer.json()["refresh"]


def test_a_lost_answer_may_be_asked_for_again(anonymous: APIClient, pair, time_machine):
    time_machine.move_to(now(), tick=False)
    first = refresh(anonymous, pair.refresh).json()
    time_machine.shift(timedelta(seconds=9))

    again = refresh(anonymous, pair.refresh).json()

    assert again == first
    assert works(first["access"])


def test_a_late_replay_ends_the_session(anonymous: APIClient, pair, time_machine):
    time_machine.move_to(now(), tick=False)
    new = refresh(anonymous, pair.refresh).json()
    time_machine.shift(timedelta(seconds=11))

    replay = refresh(anonymous, pair.refresh)

    assert replay.status_code == 401
    assert replay.json() == NOT_VALID
    assert not works(new["access"])
    assert refresh(anonymous, new["refresh"]).json() == NOT_VALID


def test_a_replay_two_steps_back_ends_the_session_at_once(anonymous: APIClient, pair):
    second = refresh(anonymous, pair.refresh).json()["refresh"]
    third = refresh(anonymous, second).json()

    assert refresh(anonymous, pair.refresh).json() == NOT_VALID
    assert not works(third["access"])


@pytest.mark.django_db(transaction=True)
def test_parallel_refreshes_get_one_successor_and_end_nothing(alice: User):
    token = sessions.sign_in(
        username="alice", password=PASSWORD, device="phone", address=ADDRESS
    ).refresh
    start = Barrier(6)

    def ask(_: int) -> dict[str, str]:
        try:
            start.wait()
            return refresh(APIClient(), token).json()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))

    assert answers == [answers[0]] * 6
    assert works(answers[0]["access"])
    assert refresh(APIClient(), answers[0]["refresh"]).status_code == 200


@pytest.mark.parametrize("token", ["", None, 7, "x", [], {}, "a.b.c", "\0"])
def test_refuses_to_refresh_nonsense(anonymous: APIClient, db, token):
    answer = anonymous.post(REFRESH, {"refresh": token}, format="json")

    assert (
        answer.status_code == (401 if token in {7, "x", "a.b.c"} else 400)
        if not isinstance(token, list | dict)
        else answer.status_code == 400
    )


def test_a_member_who_left_refreshes_nothing(anonymous: APIClient, alice: User, pair):
    members.close_account(alice)

    assert refresh(anonymous, pair.refresh).json() == NOT_VALID


def test_verifies_tokens_of_either_kind(anonymous: APIClient, pair):
    for token in (pair.access, pair.refresh):
        answer = anonymous.post(VERIFY, {"token": token})
        assert (answer.status_code, answer.json()) == (200, {})


def test_verifies_no_token_of_an_ended_session(anonymous: APIClient, pair):
    sessions.sign_out(Session.objects.get())

    for token in (pair.access, pair.refresh, "nonsense"):
        answer = anonymous.post(VERIFY, {"token": token})
        assert (answer.status_code, answer.json()) == (401, NOT_VALID)


def test_verifies_a_replaced_token_as_long_as_refresh_takes_it(
    anonymous: APIClient, pair, time_machine
):
    time_machine.move_to(now(), tick=False)
    refresh(anonymous, pair.refresh)

    assert anonymous.post(VERIFY, {"token": pair.refresh}).status_code == 200
    time_machine.shift(timedelta(seconds=11))
    assert anonymous.post(VERIFY, {"token": pair.refresh}).status_code == 401


def test_sign_out_ends_this_session_alone(alice: User):
    phone, laptop = client_of(alice), client_of(alice)

    assert phone.post("/api/v1/auth/logout/").status_code == 204
    assert phone.get(SESSIONS).status_code == 401
    assert laptop.get(SESSIONS).status_code == 200


def test_lists_the_callers_sessions_alone(alice: User, bob: User):
    client_of(bob)
    client = client_of(alice)

    answer = client.get(SESSIONS)

    session = Session.objects.get(user=alice)
    written = "%Y-%m-%dT%H:%M:%S.%fZ"
    assert answer.json() == [
        {
            "id": str(session.pk),
            "device": "test",
            "address": ADDRESS,
            "created_at": session.created_at.strftime(written),
            "last_seen_at": session.last_seen_at.strftime(written),
            "current": True,
        }
    ]


def test_lists_the_latest_seen_first(alice: User, time_machine):
    client_of(alice)
    time_machine.move_to(now() + timedelta(hours=1))
    client = client_of(alice)

    assert [session["current"] for session in client.get(SESSIONS).json()] == [True, False]


@pytest.mark.parametrize("others", [0, 2])
def test_lists_with_two_queries_however_many(alice: User, django_assert_num_queries, others):
    for _ in range(others):
        client_of(alice)
    client = client_of(alice)

    with django_assert_num_queries(2):
        assert len(client.get(SESSIONS).json()) == others + 1


def test_ends_all_other_sessions(alice: User, bob: User):
    phone, laptop, stranger = client_of(alice), client_of(alice), client_of(bob)

    assert laptop.delete(SESSIONS).status_code == 204
    assert [c.get(SESSIONS).status_code for c in (phone, laptop, stranger)] == [401, 200, 200]


def test_ends_one_session(alice: User):
    phone, laptop = client_of(alice), client_of(alice)
    other = next(s for s in laptop.get(SESSIONS).json() if not s["current"])

    assert laptop.delete(f"{SESSIONS}{other['id']}/").status_code == 204
    assert phone.get(SESSIONS).status_code == 401
    assert laptop.delete(f"{SESSIONS}{other['id']}/").status_code == 404


def test_shows_a_strangers_session_like_one_that_is_not_there(alice: User, mallory: User):
    victim, attacker = client_of(alice), client_of(mallory)
    session = Session.objects.get(user=alice)

    hidden = attacker.delete(f"{SESSIONS}{session.pk}/")
    absent = attacker.delete(f"{SESSIONS}{uuid4()}/")

    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content
    assert victim.get(SESSIONS).status_code == 200


@pytest.mark.parametrize("identity", ["0", "-1", str(2**64), "1 OR 1=1", "%00", "x" * 5000])
def test_finds_no_session_by_nonsense(alice: User, identity):
    answer = client_of(alice).delete(f"{SESSIONS}{identity}/")

    assert answer.status_code == 404
    assert answer.json() == {"detail": "Not found.", "code": "not_found"}


def test_changes_the_password_and_ends_other_sessions(anonymous: APIClient, alice: User):
    phone, laptop = client_of(alice), client_of(alice)
    body = {"current_password": PASSWORD, "new_password": "a-fresh-start-9"}

    assert laptop.post(PASSWORD_ADDRESS, body).status_code == 204
    assert [c.get(SESSIONS).status_code for c in (phone, laptop)] == [401, 200]
    sign_in = {"username": "alice", "password": "a-fresh-start-9"}
    assert anonymous.post("/api/v1/auth/", sign_in).status_code == 200


def test_refuses_a_change_without_the_present_password(alice: User):
    body = {"current_password": "wrong", "new_password": "a-fresh-start-9"}

    answer = client_of(alice).post(PASSWORD_ADDRESS, body)

    assert answer.status_code == 400
    assert answer.json() == {"current_password": ["The present password is not correct."]}


def test_refuses_a_weak_new_password(alice: User):
    body = {"current_password": PASSWORD, "new_password": "12345"}

    answer = client_of(alice).post(PASSWORD_ADDRESS, body)

    assert answer.status_code == 400
    assert set(answer.json()) == {"new_password"}
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_notes_when_a_session_was_seen_now_and_then(alice: User, time_machine):
    time_machine.move_to(now(), tick=False)
    header = sign_in_header(alice)
    signed_in_at = now()

    for minutes, expected in ((4, 0), (2, 6), (1, 6)):
        time_machine.shift(timedelta(minutes=minutes))
        APIClient().get(SESSIONS, headers=header)
        seen_at = Session.objects.get().last_seen_at
        assert seen_at == signed_in_at + timedelta(minutes=expected)


def test_clears_sessions_that_are_over(alice: User, time_machine):
    client_of(alice)
    time_machine.move_to(now() + timedelta(days=61))
    client_of(alice)

    assert sessions.delete_expired_sessions() == 1
    assert Session.objects.count() == 1
