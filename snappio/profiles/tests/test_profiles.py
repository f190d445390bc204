"""What members see of themselves and of others (A18, R1, R2, R5, R6, R8, R22, R23)."""

import pytest
from django.db import connections
from django.test import Client
from rest_framework.test import APIClient

from snappio.accounts.models import Session, User
from snappio.accounts.services import members
from snappio.accounts.tests.factories import PASSWORD, client_of, make_member
from snappio.posts.models import Post

USERS = "/api/v1/users/"
PROFILE = "/api/v1/users/profile/"
NO_USER = {"detail": "No User matches the given query.", "code": "member_not_found"}


def profile_of(member: User, **changes: object) -> dict[str, object]:
    return {
        "id": member.pk,
        "username": member.username,
        "email": member.email,
        "email_verified": False,
        "name": member.name,
        "posts": [],
        "avatar": None,
        "banner": None,
        "bio": "",
        "links": [],
        "is_private": False,
        "is_discoverable": True,
        "followers_count": 0,
        "following_count": 0,
    } | changes


def listed(member: User, **changes: object) -> dict[str, object]:
    return {
        "id": member.pk,
        "username": member.username,
        "name": member.name,
        "avatar": None,
        "bio": "",
        "is_private": False,
        "relationship": None,
    } | changes


def publish(author: User, count: int = 1) -> list[int]:
    """Return the ids of new posts, newest first."""
    return [Post.objects.create(author=author, content=f"{n}").pk for n in range(count)][::-1]


def test_shows_the_own_profile(alice: User):
    answer = client_of(alice).get(PROFILE)

    assert answer.status_code == 200
    assert answer.json() == profile_of(alice)


def test_works_without_the_trailing_slash(alice: User):
    client = client_of(alice)

    assert client.get("/api/v1/users/profile").json() == profile_of(alice)
    assert client.patch("/api/v1/users/profile", {"name": "A"}).json() == profile_of(
        alice, name="A"
    )


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_shows_nothing_without_a_token(anonymous: APIClient, db, method):
    answer = getattr(anonymous, method)(PROFILE)

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"


def test_refuses_a_malformed_header_on_public_addresses_too(browser: Client, alice: User):
    for address in (USERS, f"{USERS}alice/"):
        assert browser.get(address, HTTP_AUTHORIZATION="Bearer").status_code == 401


def test_reading_the_own_profile_is_never_limited(alice: User, rate_limits, settings):
    from dataclasses import replace

    from snappio.core.limits import HOUR, Rate

    settings.LIMITS = replace(settings.LIMITS, requests_member=Rate(1, HOUR))
    client = client_of(alice)

    assert [client.get(PROFILE).status_code for _ in range(5)] == [200] * 5
    assert [client.patch(PROFILE, {}).status_code for _ in range(2)] == [200, 429]
    assert client.get(PROFILE).status_code == 200


@pytest.mark.parametrize("form", ["json", "multipart"])
def test_changes_parts(alice: User, form):
    answer = client_of(alice).patch(PROFILE, {"name": "Alice L."}, format=form)

    assert answer.status_code == 200
    assert answer.json() == profile_of(alice, name="Alice L.")


def test_replaces_all(alice: User):
    body = {"username": "al", "email": "al@example.org", "name": "Al", "password": "a-new-start-9"}

    answer = client_of(alice).put(PROFILE, body)

    assert answer.status_code == 200
    assert answer.json() == profile_of(alice, username="al", email="al@example.org", name="Al")


def test_replacing_wants_all_fields(alice: User):
    answer = client_of(alice).put(PROFILE, {"name": "Al"})

    required = ["This field is required."]
    assert answer.status_code == 400
    assert answer.json() == {"username": required, "email": required, "password": required}


def test_takes_nobodys_posts(alice: User, mallory: User):
    theirs = publish(alice, 2)

    answer = client_of(mallory).patch(PROFILE, {"posts": theirs, "name": "M"}, format="json")

    assert answer.json() == profile_of(mallory, name="M")
    assert set(Post.objects.values_list("author__username", flat=True)) == {"alice"}


def test_makes_nobody_staff(mallory: User):
    body = {
        "id": 1, "is_staff": True, "is_superuser": True, "is_active": False, "user": 1,
        "created_at": "2000-01-01T00:00:00Z", "groups": [1], "email_identity": "x",
    }  # fmt: skip
    before = User.objects.filter(pk=mallory.pk).values().get()

    assert client_of(mallory).patch(PROFILE, body, format="json").status_code == 200
    assert User.objects.filter(pk=mallory.pk).values().get() == before


def test_a_new_password_is_hashed_and_ends_other_sessions(anonymous: APIClient, alice: User):
    phone, laptop = client_of(alice), client_of(alice)

    assert laptop.patch(PROFILE, {"password": "a-new-start-9"}).status_code == 200

    assert [c.get(PROFILE).status_code for c in (phone, laptop)] == [401, 200]
    alice.refresh_from_db()
    assert alice.password.startswith("argon2")
    for password, code in ((PASSWORD, 401), ("a-new-start-9", 200)):
        body = {"username": "alice", "password": password}
        assert anonymous.post("/api/v1/auth/", body).status_code == code


def test_a_weak_new_password_changes_nothing(alice: User):
    phone, laptop = client_of(alice), client_of(alice)

    answer = laptop.patch(PROFILE, {"password": "12345", "name": "Changed"})

    assert answer.status_code == 400
    assert set(answer.json()) == {"password"}
    assert phone.get(PROFILE).json() == profile_of(alice)


def test_refuses_the_name_and_address_of_another(alice: User, bob: User):
    answer = client_of(bob).patch(PROFILE, {"username": "ALICE", "email": "Alice@Example.org"})

    assert answer.status_code == 400
    assert answer.json() == {
        "username": ["user with this username already exists."],
        "email": ["user with this email address already exists."],
    }


def test_keeps_the_own_name_and_address(alice: User):
    body = {"username": "alice", "email": "alice@example.org"}

    assert client_of(alice).patch(PROFILE, body).json() == profile_of(alice)


@pytest.mark.parametrize("value", [None, True, [], {}, "", "a\0b", "x" * 10_000])
@pytest.mark.parametrize("field", ["username", "email", "name", "password"])
def test_refuses_values_of_the_wrong_type(alice: User, field, value):
    answer = client_of(alice).patch(PROFILE, {field: value}, format="json")

    assert answer.status_code == 400
    assert set(answer.json()) == {field}


def test_lists_own_posts_newest_first(alice: User, bob: User):
    publish(bob)
    posts = publish(alice, 3)

    assert client_of(alice).get(PROFILE).json()["posts"] == posts


@pytest.mark.parametrize("count", [1, 3])
def test_reads_the_own_profile_with_three_queries(alice: User, django_assert_num_queries, count):
    publish(alice, count)
    client = client_of(alice)

    with django_assert_num_queries(3):
        client.get(PROFILE)


def test_deleting_takes_everything_along(anonymous: APIClient, alice: User, bob: User):
    publish(alice, 2)
    kept = publish(bob)
    phone, laptop = client_of(alice), client_of(alice)

    assert laptop.delete(PROFILE).status_code == 204

    for client in (phone, laptop):
        answer = client.get(PROFILE)
        assert answer.status_code == 401
        assert answer.json() == {"detail": "User not found", "code": "user_not_found"}
    assert list(Post.objects.values_list("pk", flat=True)) == kept
    body = {"username": "alice", "password": PASSWORD}
    assert anonymous.post("/api/v1/auth/", body).status_code == 401
    assert anonymous.get(f"{USERS}alice/").json() == NO_USER
    gone = User.objects.get(pk=alice.pk)
    assert (gone.name, gone.email, gone.email_identity) == ("", "", None)
    assert set(gone.sessions.values_list("device", "address")) == {("", "")}


def test_a_failed_deletion_leaves_everything(alice: User):
    from django.db import OperationalError, connection

    posts = publish(alice)
    client = client_of(alice)

    def refuse(execute, sql, params, many, context):
        if "media" in sql and not sql.startswith("SELECT"):
            raise OperationalError("server closed the connection")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        assert client.delete(PROFILE).status_code == 503

    assert client.get(PROFILE).json() == profile_of(alice, posts=posts)


def test_lists_members_without_addresses(anonymous: APIClient, alice: User, bob: User):
    assert anonymous.get(USERS).json() == [listed(bob), listed(alice)]


def test_lists_no_one_disabled_or_gone(anonymous: APIClient, alice: User, bob: User, carol: User):
    members.disable_member(alice)
    members.close_account(bob)

    assert [member["username"] for member in anonymous.get(USERS).json()] == ["carol"]


def test_pages_follow_the_link_to_the_end(anonymous: APIClient, db):
    for n in range(5):
        make_member(f"member{n}")

    found, address = [], f"{USERS}?limit=2&search=Member"
    while address:
        answer = anonymous.get(address)
        found.append([member["username"] for member in answer.json()])
        address = answer.get("Link", "").partition("<")[2].partition(">")[0]

    assert found == [["member4", "member3"], ["member2", "member1"], ["member0"]]


@pytest.fixture
def three_members(alice: User, bob: User, carol: User) -> None:
    """Be on the list."""


@pytest.mark.parametrize(
    ("limit", "count"), [("-1", 1), ("0", 1), ("2", 2), ("1000000000", 3), ("", 3)]
)
def test_clamps_the_size_of_a_page(anonymous: APIClient, three_members, limit, count):
    assert len(anonymous.get(f"{USERS}?limit={limit}").json()) == count


@pytest.mark.parametrize("limit", ["abc", "1e3", "2.5", "٣", "9" * 5000, "--1", "1_0"])
def test_refuses_a_size_that_is_no_number(anonymous: APIClient, db, limit):
    answer = anonymous.get(USERS, {"limit": limit})

    assert answer.status_code == 400
    assert answer.json() == {"limit": ["A valid integer is required."]}


@pytest.mark.parametrize(
    "cursor", ["x", "MQ==x", "é", "\0", "LTE", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "M" * 5000, "MSAx"]
)
def test_refuses_a_forged_cursor(anonymous: APIClient, db, cursor):
    answer = anonymous.get(USERS, {"cursor": cursor})

    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_cursor"


def test_finds_by_the_beginning_of_the_name(anonymous: APIClient, alice, bob, mallory):
    def found(search: str) -> list[str]:
        answer = anonymous.get(USERS, {"search": search})
        assert answer.status_code == 200
        return [member["username"] for member in answer.json()]

    assert found("AL") == ["alice"]
    assert found("ａl") == ["alice"]
    assert found("lice") == []
    # Wildcards and patterns are letters like others.
    assert [found(s) for s in ("%", "_", "a%", "\\", ".*", "'", "(a+)+$")] == [[]] * 7
    assert found(" ") == found("") == ["mallory", "bob", "alice"]


@pytest.mark.parametrize("search", ["a\0", "x" * 51, "x" * 10_000])
def test_refuses_an_unbounded_search(anonymous: APIClient, db, search):
    answer = anonymous.get(USERS, {"search": search})

    assert answer.status_code == 400
    assert set(answer.json()) == {"search"}


def test_takes_no_filter_from_outside(anonymous: APIClient, alice: User, bob: User):
    answer = anonymous.get(USERS, {"email": "alice@example.org", "ordering": "password",
                                   "_connector": "OR", "is_staff": "1"})  # fmt: skip

    assert len(answer.json()) == 2


@pytest.mark.parametrize("count", [1, 3])
def test_lists_with_two_queries(anonymous: APIClient, db, django_assert_num_queries, count):
    for n in range(count):
        make_member(f"member{n}")

    with django_assert_num_queries(2):
        assert len(anonymous.get(USERS).json()) == count


def test_shows_a_member(anonymous: APIClient, alice: User, django_assert_num_queries):
    publish(alice, 3)

    with django_assert_num_queries(3):
        answer = anonymous.get(f"{USERS}alice/")

    assert answer.json() == listed(
        alice, banner=None, links=[], followers_count=0, following_count=0, posts_count=3
    )


def test_shows_a_member_whose_name_has_dots(anonymous: APIClient, db):
    make_member("a.b@c")

    assert anonymous.get(f"{USERS}a.b@c/").json()["username"] == "a.b@c"


def test_unknown_disabled_and_gone_look_alike(anonymous: APIClient, alice: User, bob: User):
    members.disable_member(alice)
    members.close_account(bob)

    answers = [anonymous.get(f"{USERS}{name}/") for name in ("alice", "bob", "nobody")]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert [answer.json() for answer in answers] == [NO_USER] * 3


@pytest.mark.parametrize(
    "name",
    ["0", "-1", str(2**64), "1 OR 1=1", "%00", "a%00b", "x" * 5000, "%F0%9F%A6%8A", "..", "ALICE"],
)
def test_finds_nobody_by_nonsense(anonymous: APIClient, alice: User, name):
    assert anonymous.get(f"{USERS}{name}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_during_a_deletion_leaves_no_session(alice: User):
    from concurrent.futures import ThreadPoolExecutor

    client = client_of(alice)

    def run(request):
        try:
            return request().status_code
        finally:
            connections.close_all()

    body = {"username": "alice", "password": PASSWORD}
    with ThreadPoolExecutor(4) as pool:
        signs = [lambda: APIClient().post("/api/v1/auth/", body)] * 3
        codes = list(pool.map(run, [*signs, lambda: client.delete(PROFILE)]))

    assert codes[-1] == 204
    assert not Session.objects.filter(ended_at=None).exists()
