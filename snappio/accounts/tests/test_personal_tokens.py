"""Tokens that members make for programs (A6, A7, A11, R1, D4)."""

import logging
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from rest_framework.test import APIClient

from snappio.accounts import policies
from snappio.accounts.errors import ScopeNotSufficient, TokenNotValid
from snappio.accounts.models import PersonalToken, Session, User
from snappio.accounts.serializers import SCOPES
from snappio.accounts.services import members, resets, sessions
from snappio.accounts.services.emails import verify_email
from snappio.accounts.tasks import delete_expired_sessions
from snappio.accounts.tests.factories import ADDRESS, PASSWORD, client_of
from snappio.accounts.tests.postbox import letters_to, token_in, token_to
from snappio.core.clock import now
from snappio.jobs.models import QueuedJob

TOKENS = "/api/v1/auth/tokens/"
PROFILE = "/api/v1/users/profile/"
CONVERSATIONS = "/api/v1/conversations/"
NEW = "a-fresh-start-9"
ALICE = "alice@example.org"


def make(client: APIClient, *scopes: str, **changes: object):
    body = {"name": "Weather bot", "scopes": scopes, "current_password": PASSWORD}
    return client.post(TOKENS, body | changes, format="json")


def token_for(member: User, *scopes: str, **changes: object) -> str:
    return make(client_of(member), *scopes, **changes).json()["token"]


def program(token: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def outcome(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


# --- Making, listing, ending -----------------------------------------------------------


def test_a_token_is_shown_once(alice: User):
    client = client_of(alice)

    made = make(client, "write", "read")
    (listed,) = client.get(TOKENS).json()

    shown = made.json()
    assert made.status_code == 201
    assert shown.pop("token").startswith("snp_")
    assert shown == listed
    assert set(listed) == {"id", "name", "scopes", "created_at", "last_seen_at", "expires_at"}
    assert (listed["name"], listed["scopes"]) == ("Weather bot", ["read", "write"])


def test_nothing_keeps_the_token(alice: User, caplog):
    caplog.set_level(logging.DEBUG)
    token = token_for(alice, "read")
    program(token).get(PROFILE)

    kept = [
        *PersonalToken.objects.values_list(),
        *Session.objects.values_list(),
        *QueuedJob.objects.values_list("args_kwargs"),
    ]
    assert token not in str(kept) + caplog.text


def test_the_member_hears_of_it(alice: User):
    token_for(alice, "read")

    assert "a program acts in your name" in letters_to(ALICE)[-1].body


def test_a_session_alone_makes_none(alice: User, rate_limits):
    client = client_of(alice)

    answers = [make(client, "read", current_password="wrong") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [400] * 5 + [429]
    assert not PersonalToken.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": []},
        {"scopes": ["admin"]},
        {"scopes": ["account"]},
        {"scopes": ["person"]},
        {"scopes": ["read,account"]},
        {"scopes": "read"},
        {"scopes": None},
        {"scopes": [["read"]]},
        {"scopes": [{}]},
        {"name": ""},
        {"name": "x" * 61},
        {"name": "a\0b"},
        {"expires_in": 59},
        {"expires_in": 366 * 86_400},
    ],
)
def test_refuses_tokens_for_nothing_for_too_much_or_for_too_long(alice: User, changes):
    assert make(client_of(alice), "read", **changes).status_code == 400


def test_a_member_has_fifty_at_most(alice: User, settings):
    client = client_of(alice)
    for n in range(50):
        session = Session.objects.create(
            user=alice, scopes="read", expires_at=now() + timedelta(days=1)
        )
        PersonalToken.objects.create(session=session, name=f"{n}", digest=f"{n}")

    assert outcome(make(client, "read")) == (409, "too_many_tokens")
    client.delete(f"{TOKENS}{PersonalToken.objects.first().pk}/")
    assert make(client, "read").status_code == 201


def test_an_ended_token_is_dead_and_gone_from_the_list(alice: User):
    client = client_of(alice)
    made = make(client, "read").json()

    answer = client.delete(f"{TOKENS}{made['id']}/")

    assert answer.status_code == 204
    assert outcome(program(made["token"]).get(PROFILE)) == (401, "token_not_valid")
    assert client.get(TOKENS).json() == []
    assert client.delete(f"{TOKENS}{made['id']}/").status_code == 404


def test_nobody_sees_or_ends_anothers(alice: User, mallory: User):
    made = make(client_of(alice), "read").json()
    client = client_of(mallory)

    hidden, absent = client.delete(f"{TOKENS}{made['id']}/"), client.delete(f"{TOKENS}{10**30}/")

    assert client.get(TOKENS).json() == []
    assert (hidden.status_code, hidden.content) == (404, absent.content)
    assert program(made["token"]).get(PROFILE).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_the_same_queries_at_any_length(
    alice: User, django_assert_num_queries, count
):
    client = client_of(alice)
    for _ in range(count):
        make(client, "read")

    with django_assert_num_queries(2):
        assert len(client.get(TOKENS).json()) == count


# --- What it is good for ---------------------------------------------------------------


def test_reads_with_the_scope_to_read_and_does_nothing_else(alice: User, bob: User):
    client = program(token_for(alice, "read"))

    assert client.get(PROFILE).json()["username"] == "alice"
    assert client.get("/api/v1/feed/").status_code == 200
    for answer in (
        client.post("/api/v1/posts/"),
        client.get(CONVERSATIONS),
        client.post(CONVERSATIONS, {"username": "bob"}),
        client.delete("/api/v1/posts/1/"),
    ):
        assert outcome(answer) == (403, "scope_not_sufficient")


def test_writes_with_the_scope_to_write(alice: User):
    client = program(token_for(alice, "write"))

    assert client.post("/api/v1/posts/").status_code == 400
    assert outcome(client.get("/api/v1/feed/")) == (403, "scope_not_sufficient")


def test_talks_with_the_scope_to_chat(alice: User, bob: User):
    client = program(token_for(alice, "chat"))

    chat = client.post(CONVERSATIONS, {"username": "bob"}).json()["id"]
    said = client.post(f"{CONVERSATIONS}{chat}/messages/", {"text": "It rains."})

    assert (said.status_code, said.json()["sender"]) == (201, "alice")
    assert outcome(client.get("/api/v1/feed/")) == (403, "scope_not_sufficient")


def test_says_which_scope_is_needed(alice: User):
    answer = program(token_for(alice, "read")).post("/api/v1/media/")

    assert answer.json()["detail"] == (
        "This token is not good for that. It would need the scope: chat or write."
    )


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("patch", PROFILE),
        ("put", PROFILE),
        ("delete", PROFILE),
        ("get", TOKENS),
        ("post", TOKENS),
        ("get", "/api/v1/auth/sessions/"),
        ("delete", "/api/v1/auth/sessions/"),
        ("post", "/api/v1/auth/password/"),
        ("post", "/api/v1/auth/logout/"),
        ("post", "/api/v1/auth/email/"),
        ("get", "/api/v1/auth/totp/"),
        ("post", "/api/v1/invitations/"),
        ("get", "/api/v1/moderation/sign-ups/"),
    ],
)
def test_the_account_itself_is_for_people_only(method, address, db):
    root = User.objects.create_superuser("root", "root@example.org", PASSWORD)
    client = program(token_for(root, *SCOPES))

    answer = getattr(client, method)(address, {"password": NEW, "name": "Owned"})

    assert outcome(answer) == (403, "scope_not_sufficient")


def test_the_table_of_scopes_uses_known_words_only():
    table = django_settings.API_SCOPES.values()
    words = {word for pair in table for scopes in pair for word in scopes}

    assert words == {*SCOPES, "account", "person"}
    assert set(SCOPES) >= django_settings.SOCKET_SCOPES


def test_an_address_that_is_not_declared_is_open_to_no_program(alice: User):
    session = sessions.session_of(token_for(alice, *SCOPES))

    with pytest.raises(ScopeNotSufficient):
        policies.require_may_call(session, method="GET", route="api/v1/undeclared/")


def test_sockets_open_with_the_scope_to_chat_only(alice: User, django_assert_num_queries):
    chat, read = token_for(alice, "chat"), token_for(alice, "read", "write")

    with django_assert_num_queries(1):
        identity, refusal = sessions.identify([f"Bearer {chat}", f"Bearer {read}"])

    assert identity.username == "alice"
    assert identity.expires_at == Session.objects.get(scopes="chat").expires_at
    assert isinstance(refusal, ScopeNotSufficient)
    with pytest.raises(ScopeNotSufficient):
        sessions.prove(f"Bearer {read}")


def test_a_program_of_an_unverified_member_writes_as_little_as_the_member(alice: User, settings):
    settings.REQUIRE_VERIFIED_EMAIL = True
    client = program(token_for(alice, "read", "write"))

    assert outcome(client.post("/api/v1/posts/")) == (403, "email_not_verified")
    verify_email(token_in(letters_to(ALICE)[0]))
    assert client.post("/api/v1/posts/").status_code == 400


# --- How it ends -----------------------------------------------------------------------


@pytest.mark.parametrize("text", ["snp_", "snp_nonsense", "snp_" + "x" * 100_000, "SNP_x", "snp_é"])
def test_refuses_what_is_no_token(db, text):
    with pytest.raises(TokenNotValid):
        sessions.session_of(text)


def test_is_over_after_its_time(alice: User, time_machine):
    time_machine.move_to(now(), tick=False)
    token = token_for(alice, "read", expires_in=3600)
    time_machine.shift(3601)

    assert outcome(program(token).get(PROFILE)) == (401, "token_not_valid")
    delete_expired_sessions.call()
    assert not PersonalToken.objects.exists()


def is_alive(token: str) -> bool:
    return program(token).get(PROFILE).status_code == 200


def test_a_new_password_leaves_it_unless_told(alice: User):
    token = token_for(alice, "read")
    phone, laptop = client_of(alice), client_of(alice)

    body = {"current_password": PASSWORD, "new_password": NEW}
    assert phone.post("/api/v1/auth/password/", body, format="json").status_code == 204
    assert is_alive(token)
    assert laptop.get(PROFILE).status_code == 401

    body = {"current_password": NEW, "new_password": PASSWORD, "end_tokens": True}
    assert phone.post("/api/v1/auth/password/", body, format="json").status_code == 204
    assert not is_alive(token)
    assert phone.get(PROFILE).status_code == 200


def test_other_sign_ins_end_without_it_and_do_not_show_it(alice: User):
    token = token_for(alice, "read")
    client = client_of(alice)

    session_id = Session.objects.get(scopes="read").pk
    listed = [each["id"] for each in client.get("/api/v1/auth/sessions/").json()]
    # The two of this test's clients.
    assert len(listed) == 2
    assert str(session_id) not in listed
    assert client.delete(f"/api/v1/auth/sessions/{session_id}/").status_code == 404
    assert client.delete("/api/v1/auth/sessions/").status_code == 204
    assert is_alive(token)


@pytest.mark.parametrize("end", ["reset", "set by staff", "disabled", "closed"])
def test_dies_with_what_ends_everything(alice: User, end):
    token = token_for(alice, "read")

    match end:
        case "reset":
            resets.request_reset(email=ALICE, address=ADDRESS)
            resets.reset_password(token=token_to(ALICE), password=NEW)
        case "set by staff":
            members.set_password(alice, NEW)
        case "disabled":
            members.disable_member(alice)
        case "closed":
            members.close_account(alice)

    assert program(token).get(PROFILE).status_code == 401


def test_is_seen_when_it_was_used(alice: User, time_machine):
    time_machine.move_to(now(), tick=False)
    made = make(client_of(alice), "read").json()
    time_machine.shift(3600)

    program(made["token"]).get(PROFILE)

    (listed,) = client_of(alice).get(TOKENS).json()
    assert listed["last_seen_at"] > made["last_seen_at"]


def test_refreshes_nothing_and_takes_one_query(alice: User, django_assert_num_queries):
    token = token_for(alice, "read")

    with pytest.raises(TokenNotValid):
        sessions.refresh(token)
    with django_assert_num_queries(1):
        sessions.session_of(token)
