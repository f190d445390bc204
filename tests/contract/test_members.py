"""Part A's table, members and tokens, row by row."""

import pytest

from tests.contract.forms import MEMBER_KEYS, assert_profile
from tests.people import PASSWORD

NEW_PASSWORD = "quite another staple"


def headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# `GET /users/` · 200 `[{id, username, name, …}]`, no e-mail addresses
def test_lists_members_without_addresses(anyone, alice, bob):
    listed = anyone.get("/api/v1/users/", params={"limit": 2}).json()

    assert [set(member) for member in listed] == [MEMBER_KEYS] * 2
    assert [member["username"] for member in listed] == [bob.username, alice.username]


def test_searches_and_pages_members_by_link(anyone, alice, newcomer):
    prefix = alice.username[:10]
    answer = anyone.get("/api/v1/users/", params={"search": prefix})
    assert [member["username"] for member in answer.json()] == [alice.username]
    newcomer("Zed")

    first = anyone.get("/api/v1/users/", params={"limit": 1})
    second = anyone.get(first.links["next"]["url"])

    assert first.links["next"]["url"].startswith(str(anyone.base_url))
    assert [len(page.json()) for page in (first, second)] == [1, 1]
    assert first.json()[0]["id"] > second.json()[0]["id"]


# `GET /users/profile/` · Bearer · `posts: [post ids, newest first]`
def test_shows_the_own_profile(alice, publish):
    ids = [publish(alice)["id"] for _ in range(2)]

    shown = alice.http.get("/users/profile/").json()

    assert_profile(shown)
    relied_on = {
        "id": alice.id,
        "username": alice.username,
        "email": alice.email,
        "email_verified": False,
        "name": "Alice",
        "posts": ids[::-1],
    }
    assert {name: shown[name] for name in relied_on} == relied_on


# `PUT, PATCH /users/profile/` · any of username, email, name, password
@pytest.mark.parametrize("field", ["username", "email", "name"])
def test_changes_one_field_and_no_other(alice, field):
    before = alice.http.get("/users/profile/").json()
    value = f"new-{alice.email if field == 'email' else alice.username}"

    changed = alice.http.patch("/users/profile/", json={field: value})

    assert changed.status_code == 200
    assert changed.json() == {**before, field: value}
    assert alice.http.get("/users/profile/").json() == changed.json()


# PUT wants all fields
def test_put_wants_all_fields(alice):
    answer = alice.http.put("/users/profile/", json={"name": "Alice L."})

    assert answer.status_code == 400
    required = ["This field is required."]
    assert answer.json() == dict.fromkeys(("username", "email", "password"), required)


def test_put_of_all_fields_changes_all(alice):
    name = f"put-{alice.username}"
    body = {"username": name, "email": f"{name}@example.com", "name": "P", "password": NEW_PASSWORD}

    answer = alice.http.put("/users/profile/", json=body)

    assert answer.status_code == 200
    assert_profile(answer.json())
    assert (answer.json()["username"], answer.json()["name"]) == (name, "P")


# a new password is hashed and ends the other sessions
def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(anyone, alice):
    body = {"username": alice.username, "password": PASSWORD}
    other = anyone.post("/api/v1/auth/", json=body).json()

    changed = alice.http.patch("/users/profile/", json={"password": NEW_PASSWORD})

    assert changed.status_code == 200
    assert "password" not in changed.json()
    assert alice.http.get("/users/profile/").status_code == 200
    profile = anyone.get("/api/v1/users/profile/", headers=headers(other["access"]))
    assert profile.json()["code"] == "token_not_valid"
    refreshed = anyone.post("/api/v1/auth/refresh/", json={"refresh": other["refresh"]})
    assert refreshed.status_code == 401


# `DELETE /users/profile/` · Bearer, no body · 204; tokens dead at once, posts and files gone
def test_deleting_the_account_leaves_nothing_to_see(anyone, alice, publish):
    shown = publish(alice)

    answer = alice.http.delete("/users/profile/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert anyone.get("/api/v1/posts/", params={"username": alice.username}).json() == []
    assert anyone.get(f"/api/v1/posts/{shown['id']}/").status_code == 404
    assert anyone.get(shown["image"]).status_code == 404
    assert anyone.get(f"/api/v1/users/{alice.username}/").status_code == 404
    body = {"refresh": alice.refresh}
    assert anyone.post("/api/v1/auth/refresh/", json=body).status_code == 401
    body = {"token": alice.access}
    assert anyone.post("/api/v1/auth/verify/", json=body).status_code == 401


# A used username is never given to another person.
def test_a_used_name_is_never_given_away(anyone, alice):
    alice.http.delete("/users/profile/")
    fields = {"username": alice.username, "email": alice.email, "name": "B", "password": PASSWORD}

    answer = anyone.post("/api/v1/users/", data=fields)

    assert answer.status_code == 400
    assert answer.json() == {"username": ["user with this username already exists."]}


# `POST /auth/refresh/` · refresh · 200 `{access, refresh}`
def test_a_refresh_token_gives_both_tokens(anyone, alice):
    answer = anyone.post("/api/v1/auth/refresh/", json={"refresh": alice.refresh})

    assert answer.status_code == 200
    pair = answer.json()
    assert set(pair) == {"access", "refresh"}
    assert pair["refresh"] != alice.refresh
    profile = anyone.get("/api/v1/users/profile/", headers=headers(pair["access"]))
    assert profile.json()["username"] == alice.username


# a replaced refresh token answers with its same successor for 10 s
def test_a_lost_answer_to_a_refresh_can_be_asked_for_again(anyone, alice):
    body = {"refresh": alice.refresh}
    first = anyone.post("/api/v1/auth/refresh/", json=body).json()

    again = anyone.post("/api/v1/auth/refresh/", json=body).json()

    assert again["refresh"] == first["refresh"]


@pytest.mark.parametrize("body", [{"refresh": "nonsense"}, {"refresh": "a.b.c"}])
def test_a_bad_refresh_token_is_401(anyone, body):
    answer = anyone.post("/api/v1/auth/refresh/", json=body)

    assert answer.status_code == 401
    assert answer.json() == {"detail": "Token is invalid or expired", "code": "token_not_valid"}


# `POST /auth/verify/` · token, of either kind · 200 `{}` · 401
@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_verifies_tokens_of_either_kind(anyone, alice, kind):
    answer = anyone.post("/api/v1/auth/verify/", json={"token": getattr(alice, kind)})

    assert (answer.status_code, answer.json()) == (200, {})


def test_a_token_that_is_none_is_not_verified(anyone):
    answer = anyone.post("/api/v1/auth/verify/", json={"token": "nonsense"})

    assert answer.status_code == 401
    assert answer.json() == {"detail": "Token is invalid or expired", "code": "token_not_valid"}


# password rules are applied: 8 characters, not common, not numeric
@pytest.mark.parametrize("password", ["short7!", "password", "73648190264", "x" * 129])
def test_refuses_weak_passwords(anyone, alice, password):
    name = f"weak-{alice.username}"
    fields = {"username": name, "email": f"{name}@example.com", "name": "W", "password": password}

    answer = anyone.post("/api/v1/users/", json=fields)

    assert answer.status_code == 400
    assert set(answer.json()) == {"password"}
