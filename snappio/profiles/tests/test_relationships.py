"""What members are to each other, over HTTP: who sees what, and who sees nothing."""

import pytest

from snappio.accounts.models import User
from snappio.accounts.services.members import disable_member
from snappio.accounts.tests.factories import client_of, make_member
from snappio.core.pagination import encode_cursor
from snappio.profiles.services import block_member, delete_member
from snappio.relationships.models import Block, Follow, Mute
from snappio.relationships.services.close_friends import add_close_friend
from snappio.relationships.services.follows import follow_member
from snappio.relationships.services.mutes import mute_member

pytestmark = pytest.mark.django_db

API = "/api/v1/"
NO_USER = {"detail": "No User matches the given query.", "code": "member_not_found"}
NOTHING = dict.fromkeys(
    (
        "following", "followed_by", "requested", "requested_by", "blocking", "muting",
        "close_friend",
    ),
    False,
)  # fmt: skip


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [member["username"] for member in answer.json()]


def relation(viewer: User, username: str) -> dict[str, bool]:
    return client_of(viewer).get(f"{API}users/{username}/").json()["relationship"]


@pytest.fixture
def private_bob(bob):
    User.objects.filter(pk=bob.pk).update(is_private=True)
    return bob


@pytest.mark.parametrize("verb", ["follow", "block", "mute"])
def test_toggles_are_idempotent(alice, bob, verb):
    client = client_of(alice)
    field = {"follow": "following", "block": "blocking", "mute": "muting"}[verb]

    def told():
        return client.get(f"{API}relationships/?username=bob").json()

    for method, is_set in (("put", True), ("put", True), ("delete", False), ("delete", False)):
        assert getattr(client, method)(f"{API}users/bob/{verb}/").status_code == 204
        assert told() == [{"username": "bob", **NOTHING, field: is_set}]


def test_a_profile_tells_what_one_is_to_the_viewer(alice, bob, anonymous):
    follow_member(follower=bob, username="alice")
    add_close_friend(owner=alice, username="bob")

    assert relation(alice, "bob") == {**NOTHING, "followed_by": True, "close_friend": True}
    # They are not told that they are close.
    assert relation(bob, "alice") == {**NOTHING, "following": True}
    assert relation(bob, "bob") is None
    assert anonymous.get(f"{API}users/bob/").json()["relationship"] is None


def test_a_mute_has_an_end_and_is_not_told(alice, bob):
    client = client_of(alice)
    assert client.put(f"{API}users/bob/mute/", {"seconds": 60}, format="json").status_code == 204
    assert relation(alice, "bob") == {**NOTHING, "muting": True}
    assert relation(bob, "alice") == NOTHING
    assert names(client.get(f"{API}mutes/")) == ["bob"]

    Mute.objects.update(until="2020-01-01T00:00:00Z")
    assert relation(alice, "bob") == NOTHING
    assert names(client.get(f"{API}mutes/")) == []


@pytest.mark.parametrize("seconds", [0, -1, "x", 10**12, []])
def test_refuses_a_mute_of_no_length(alice, bob, seconds):
    answer = client_of(alice).put(f"{API}users/bob/mute/", {"seconds": seconds}, format="json")

    assert (answer.status_code, set(answer.json())) == (400, {"seconds"})


def test_a_request_waits_to_be_accepted(alice, carol, private_bob):
    asker, asked = client_of(alice), client_of(private_bob)
    asker.put(f"{API}users/bob/follow/")
    assert relation(alice, "bob") == {**NOTHING, "requested": True}
    assert relation(private_bob, "alice") == {**NOTHING, "requested_by": True}
    assert names(asked.get(f"{API}follow-requests/")) == ["alice"]

    for _ in range(2):
        assert asked.put(f"{API}follow-requests/alice/").status_code == 204
    assert names(asked.get(f"{API}follow-requests/")) == []
    assert relation(alice, "bob") == {**NOTHING, "following": True}
    absent = asked.put(f"{API}follow-requests/carol/")
    assert (absent.status_code, absent.json()["code"]) == (404, "follow_request_not_found")
    for _ in range(2):
        assert asked.delete(f"{API}follow-requests/carol/").status_code == 204


def test_lists_of_a_private_member_are_for_followers(alice, carol, private_bob, anonymous):
    follow_member(follower=private_bob, username="carol")
    client = client_of(alice)
    client.put(f"{API}users/bob/follow/")
    for who in (client, anonymous):
        for kind in ("followers", "following"):
            answer = who.get(f"{API}users/bob/{kind}/")
            assert (answer.status_code, answer.json()) == (404, NO_USER)
    # The profile itself is there.
    assert anonymous.get(f"{API}users/bob/").json()["following_count"] == 1

    client_of(private_bob).put(f"{API}follow-requests/alice/")
    assert names(client.get(f"{API}users/bob/following/")) == ["carol"]
    assert names(client_of(private_bob).get(f"{API}users/bob/followers/")) == ["alice"]


def test_lists_leave_out_whom_a_block_hides(alice, bob, carol, mallory, anonymous):
    for follower in (bob, mallory):
        follow_member(follower=follower, username="carol")
        follow_member(follower=carol, username=follower.username)
    block_member(blocker=mallory, username="alice")
    for kind in ("followers", "following"):
        address = f"{API}users/carol/{kind}/"
        assert names(anonymous.get(address)) == ["mallory", "bob"]
        assert names(client_of(alice).get(address)) == ["bob"]
    disable_member(bob)
    assert names(anonymous.get(f"{API}users/carol/followers/")) == ["mallory"]


ACROSS = [
    ("get", "users/{}/"),
    ("get", "users/{}/followers/"),
    ("get", "users/{}/following/"),
    ("put", "users/{}/follow/"),
    ("delete", "users/{}/follow/"),
    ("put", "users/{}/mute/"),
    ("delete", "users/{}/mute/"),
    ("put", "follow-requests/{}/"),
    ("delete", "follow-requests/{}/"),
    ("put", "close-friends/{}/"),
    ("delete", "close-friends/{}/"),
]
FROM_THE_BLOCKED = [("put", "users/{}/block/"), ("delete", "users/{}/block/")]


# P1, P4
@pytest.mark.parametrize(("method", "path"), ACROSS + FROM_THE_BLOCKED)
def test_who_is_blocked_finds_nobody(alice, mallory, method, path):
    block_member(blocker=alice, username="mallory")
    client = client_of(mallory)
    hidden = getattr(client, method)(API + path.format("alice"))
    absent = getattr(client, method)(API + path.format("nobody"))

    assert (hidden.status_code, hidden.json()) == (404, NO_USER)
    assert hidden.content == absent.content


@pytest.mark.parametrize(("method", "path"), ACROSS)
def test_who_blocks_finds_nobody_either(alice, mallory, method, path):
    block_member(blocker=alice, username="mallory")
    answer = getattr(client_of(alice), method)(API + path.format("mallory"))

    assert (answer.status_code, answer.json()) == (404, NO_USER)


def test_hidden_and_absent_cost_the_same(alice, mallory, django_assert_num_queries):
    block_member(blocker=alice, username="mallory")
    client = client_of(mallory)
    for name in ("alice", "nobody"):
        with django_assert_num_queries(2):
            client.get(f"{API}users/{name}/")


def test_who_blocks_alone_is_told_of_it(alice, mallory):
    block_member(blocker=alice, username="mallory")
    blocker, blocked = client_of(alice), client_of(mallory)

    told = blocker.get(f"{API}relationships/?username=mallory").json()
    assert told == [{"username": "mallory", **NOTHING, "blocking": True}]
    assert blocked.get(f"{API}relationships/?username=alice").json() == []
    assert names(blocker.get(f"{API}blocks/")) == ["mallory"]
    assert names(blocked.get(f"{API}blocks/")) == []


def test_nobody_blocked_is_in_the_directory(alice, mallory, anonymous):
    block_member(blocker=alice, username="mallory")

    for address in (f"{API}users/", f"{API}users/?search=a"):
        assert "mallory" not in names(client_of(alice).get(address))
    assert names(client_of(mallory).get(f"{API}users/?search=alice")) == []
    assert names(anonymous.get(f"{API}users/")) == ["mallory", "alice"]


def test_the_directory_leaves_out_who_does_not_want_to_be_found(alice, bob, anonymous):
    User.objects.filter(pk=bob.pk).update(is_discoverable=False)

    assert names(anonymous.get(f"{API}users/")) == ["alice"]
    assert names(anonymous.get(f"{API}users/?search=bo")) == ["bob"]


def test_relationships_are_told_for_many_in_one_query(alice, bob, carol, django_assert_num_queries):
    follow_member(follower=alice, username="bob")
    client = client_of(alice)
    asked = "username=bob&username=carol&username=nobody&username=%00&username=bob"
    # The session, and all of them.
    with django_assert_num_queries(2):
        told = client.get(f"{API}relationships/?{asked}").json()

    assert told == [
        {"username": "bob", **NOTHING, "following": True},
        {"username": "carol", **NOTHING},
    ]


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 200), (100, 200), (101, 400)])
def test_tells_of_a_hundred_at_most(alice, bob, count, status):
    asked = "&".join(["username=bob"] * count)

    assert client_of(alice).get(f"{API}relationships/?{asked}").status_code == status


def test_nobody_does_it_to_themselves(alice):
    client = client_of(alice)
    for path in ("users/alice/follow/", "users/alice/block/", "users/alice/mute/"):
        answer = client.put(API + path)
        assert (answer.status_code, answer.json()["code"]) == (400, "not_yourself")


OWN_LISTS = ["follow-requests/", "close-friends/", "blocks/", "mutes/", "users/suggestions/"]


@pytest.mark.parametrize("path", [*OWN_LISTS, "relationships/?username=bob"])
def test_what_is_ones_own_is_nobody_elses(anonymous, path):
    assert anonymous.get(API + path).status_code == 401


@pytest.mark.parametrize("path", ["users/bob/follow/", "users/bob/block/", "users/bob/mute/"])
def test_nobody_acts_without_a_token(anonymous, bob, path):
    for address in (API + path, API + path.replace("bob", "nobody")):
        assert anonymous.put(address).status_code == 401
        assert anonymous.delete(address).status_code == 401


LISTS = {
    "users/alice/followers/": lambda alice, other: follow_member(
        follower=other, username=alice.username
    ),
    "users/alice/following/": lambda alice, other: follow_member(
        follower=alice, username=other.username
    ),
    "follow-requests/": lambda alice, other: Follow.objects.create(follower=other, followed=alice),
    "close-friends/": lambda alice, other: add_close_friend(owner=alice, username=other.username),
    "blocks/": lambda alice, other: Block.objects.create(blocker=alice, blocked=other),
    "mutes/": lambda alice, other: mute_member(muter=alice, username=other.username, seconds=None),
}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("count", [1, 3])
def test_lists_take_the_same_queries_at_any_length(alice, path, count, django_assert_num_queries):
    for number in range(count):
        LISTS[path](alice, make_member(f"member{number}"))
    client = client_of(alice)
    # The session, the member whose list it is, the page, who is on it.
    with django_assert_num_queries(4 if path.startswith("users/") else 3):
        assert len(client.get(API + path).json()) == count


@pytest.mark.parametrize("path", LISTS)
def test_lists_are_walked_to_the_end_newest_first(alice, path):
    for number in range(5):
        LISTS[path](alice, make_member(f"member{number}"))
    client, found, address = client_of(alice), [], f"{API}{path}?limit=2"
    while address:
        answer = client.get(address)
        found.append(names(answer))
        address = answer.get("Link", "").partition("<")[2].partition(">")[0]

    assert found == [["member4", "member3"], ["member2", "member1"], ["member0"]]
    assert names(client.get(f"{API}{path}?cursor={encode_cursor(1)}")) == []
    assert client.get(f"{API}{path}?cursor=x").json()["code"] == "bad_cursor"


def test_suggests_whom_friends_follow_most_first(alice, bob, carol, mallory):
    others = [make_member(f"other{number}") for number in range(6)]
    for friend in (bob, carol):
        follow_member(follower=alice, username=friend.username)
        for other in (*others, mallory):
            follow_member(follower=friend, username=other.username)
    for friend in ("bob", "carol"):
        follow_member(follower=mallory, username=friend)
    follow_member(follower=carol, username="bob")
    follow_member(follower=bob, username="alice")
    lone = make_member("lone")
    follow_member(follower=bob, username="lone")
    follow_member(follower=alice, username="other0")
    Follow.objects.create(follower=alice, followed=others[1])
    mute_member(muter=alice, username="other2", seconds=None)
    block_member(blocker=others[3], username="alice")
    User.objects.filter(pk=others[4].pk).update(is_discoverable=False)
    disable_member(others[5])

    answer = client_of(alice).get(f"{API}users/suggestions/")
    assert names(answer) == ["mallory", lone.username]
    assert [one["mutuals"] for one in answer.json()] == [2, 1]
    assert names(client_of(alice).get(f"{API}users/suggestions/?limit=1")) == ["mallory"]


@pytest.mark.parametrize("count", [1, 3])
def test_suggestions_take_the_same_queries_at_any_length(
    alice, bob, count, django_assert_num_queries
):
    follow_member(follower=alice, username="bob")
    for number in range(count):
        follow_member(follower=bob, username=make_member(f"member{number}").username)
    client = client_of(alice)
    with django_assert_num_queries(3):
        assert len(client.get(f"{API}users/suggestions/").json()) == count


def test_deleting_an_account_leaves_no_trace_in_counts(alice, bob, anonymous):
    follow_member(follower=alice, username="bob")
    follow_member(follower=bob, username="alice")
    delete_member(alice)

    shown = anonymous.get(f"{API}users/bob/").json()
    assert (shown["followers_count"], shown["following_count"]) == (0, 0)
