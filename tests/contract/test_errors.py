"""Part A, "Errors": the words that existing clients compare with."""

import pytest

from tests.people import PASSWORD, Person

NOT_AUTHENTICATED = {
    "detail": "Authentication credentials were not provided.",
    "code": "not_authenticated",
}
REQUIRED = ["This field is required."]
BLANK = ["This field may not be blank."]


def test_says_that_name_and_address_are_taken(anyone, alice):
    answer = anyone.post(
        "/api/v1/users/",
        json={
            "username": alice.username.upper(),
            "email": alice.email.upper(),
            "name": "A",
            "password": PASSWORD,
        },
    )

    assert answer.status_code == 400
    assert answer.json() == {
        "username": ["user with this username already exists."],
        "email": ["user with this email address already exists."],
    }


def test_says_which_fields_are_required(anyone):
    answer = anyone.post("/api/v1/users/", json={})

    assert answer.status_code == 400
    assert answer.json() == dict.fromkeys(("username", "email", "name", "password"), REQUIRED)


def test_says_which_fields_may_not_be_blank(anyone):
    fields = ("username", "email", "name", "password")
    answer = anyone.post("/api/v1/users/", data=dict.fromkeys(fields, ""))

    assert answer.status_code == 400
    assert answer.json() == dict.fromkeys(fields, BLANK)


def test_says_that_credentials_were_not_provided(anyone):
    answer = anyone.get("/api/v1/users/profile/")

    assert (answer.status_code, answer.json()) == (401, NOT_AUTHENTICATED)
    assert answer.headers["www-authenticate"] == 'Bearer realm="api"'


def test_says_that_a_token_is_not_valid(anyone):
    answer = anyone.get("/api/v1/users/profile/", headers={"Authorization": "Bearer nonsense"})

    assert answer.status_code == 401
    assert answer.json() == {
        "detail": "Given token not valid for any token type",
        "code": "token_not_valid",
        "messages": [
            {
                "token_class": "AccessToken",
                "token_type": "access",
                "message": "Token is invalid or expired",
            }
        ],
    }


def test_says_user_not_found_to_a_deleted_member(alice):
    assert alice.http.delete("/users/profile/").status_code == 204

    answer = alice.http.get("/users/profile/")

    assert answer.status_code == 401
    assert answer.json() == {"detail": "User not found", "code": "user_not_found"}


@pytest.mark.parametrize("known", [True, False])
def test_says_the_same_of_a_wrong_name_and_a_wrong_password(anyone, alice, known):
    username = alice.username if known else f"not-{alice.username}"
    answer = anyone.post("/api/v1/auth/", json={"username": username, "password": "wrong"})

    assert answer.status_code == 401
    assert answer.json() == {
        "detail": "No active account found with the given credentials",
        "code": "no_active_account",
    }
    assert answer.headers["www-authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_says_403_of_anothers_post(alice, bob: Person, publish, method):
    answer = bob.http.request(method, f"/posts/{publish(alice)['id']}/", json={"content": "mine"})

    assert answer.status_code == 403
    assert answer.json() == {
        "detail": "You do not have permission to perform this action.",
        "code": "permission_denied",
    }


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("post_id", ["0", "9007199254740991", "99999999999999999999", "x", "%00"])
def test_anonymous_writes_are_401_even_to_what_does_not_exist(anyone, method, post_id):
    answer = anyone.request(method, f"/api/v1/posts/{post_id}/")

    assert (answer.status_code, answer.json()) == (401, NOT_AUTHENTICATED)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("post_id", ["0", "-1", "9223372036854775808", "1e3", "1 OR 1=1", "%00"])
def test_says_that_no_post_matches(resident, method, post_id):
    body = {"json": {"content": "x"}} if method.startswith("P") else {}
    answer = resident.http.request(method, f"/posts/{post_id}/", **body)

    assert answer.status_code == 404
    assert answer.json()["detail"] == "No Post matches the given query."


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/posts/"),
        ("PATCH", "/posts/"),
        ("DELETE", "/posts/"),
        ("POST", "/posts/0/"),
        ("POST", "/users/profile/"),
        ("PUT", "/users/"),
        ("GET", "/auth/"),
        ("PUT", "/auth/"),
        ("GET", "/auth/refresh/"),
        ("DELETE", "/auth/verify/"),
    ],
)
def test_names_the_method_that_is_not_allowed(resident, method, path):
    answer = resident.http.request(method, path)

    assert answer.status_code == 405
    assert answer.json() == {
        "detail": f'Method "{method}" not allowed.',
        "code": "method_not_allowed",
    }
    assert method not in answer.headers["allow"].split(", ")
