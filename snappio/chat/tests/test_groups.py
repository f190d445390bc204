"""Groups: who is in them, who may what, and what everybody hears of it."""

import dataclasses
import threading

import pytest
from django.db import connection

from snappio.accounts.services.members import close_account, disable_member
from snappio.chat.errors import ConversationNotFound, MessageNotFound, Silenced
from snappio.chat.models import Ban, Conversation, Inbox, Participant, Role
from snappio.chat.serializers.conversations import ConversationOutput
from snappio.chat.serializers.members import ParticipantOutput
from snappio.chat.services import membership
from snappio.chat.services.changes import react
from snappio.chat.tests.factories import (
    client_of,
    group_of,
    key_of,
    make_member,
    make_moderator,
    private,
    say,
    told,
    welcome_strangers,
)
from snappio.chat.updates import read_update
from snappio.core.clock import now

CONVERSATIONS = "/api/v1/conversations/"


def address(group, rest=""):
    return f"{CONVERSATIONS}{group.pk}/{rest}"


def names_in(group):
    places = group.participants.order_by("pk")
    return list(places.values_list("user__username", flat=True))


def texts(client, group):
    return [message["text"] for message in client.get(address(group, "messages/")).json()]


@pytest.fixture
def group(alice, bob):
    return group_of(alice, bob)


@pytest.fixture
def small(settings):
    settings.LIMITS = dataclasses.replace(settings.LIMITS, group_members=3, members_added=2)


# --- Making -----------------------------------------------------------------


def test_maker_owns_the_group_and_the_others_are_in_it(alice, bob, carol):
    client = client_of(alice)

    answer = client.post(
        CONVERSATIONS, {"usernames": ["bob", "carol", "alice"], "name": "Hikers"}, format="json"
    )

    assert answer.status_code == 200
    shown = answer.json()
    assert set(shown) == set(ConversationOutput().fields)
    assert (shown["kind"], shown["name"], shown["username"], shown["room"]) == (
        "group",
        "Hikers",
        None,
        None,
    )
    assert (shown["role"], shown["members_count"], shown["visibility"]) == ("owner", 3, "private")
    assert shown["history_for_newcomers"] is False
    members = client_of(bob).get(f"{CONVERSATIONS}{shown['id']}/members/").json()
    assert [(row["username"], row["role"]) for row in members] == [
        ("alice", "owner"),
        ("bob", "member"),
        ("carol", "member"),
    ]
    assert set(members[0]) == set(ParticipantOutput().fields)
    assert client_of(carol).get(CONVERSATIONS).json()[0]["last_message"]["text"] == (
        "Alice created the group."
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"usernames": []},
        {"usernames": ["bob"] * 51},
        {"usernames": ["x" * 51]},
        {"usernames": "bob"},
        {"usernames": [None]},
        {"usernames": ["b\0b"]},
        {"usernames": ["bob"], "name": "x" * 101},
        {"usernames": ["bob"], "username": "bob"},
    ],
)
def test_bad_groups_are_a_400(alice, bob, body):
    assert client_of(alice).post(CONVERSATIONS, body, format="json").status_code == 400
    assert not Conversation.objects.exists()


def test_group_with_somebody_who_is_not_there_is_not_made(alice, bob):
    disable_member(bob)
    client = client_of(alice)

    for username in ("bob", "nobody"):
        answer = client.post(CONVERSATIONS, {"usernames": [username]}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (404, "nobody_to_talk_to")
    assert not Conversation.objects.exists()


def test_group_and_its_members_hear_of_each_other(alice, bob, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        group = group_of(alice, bob)

    updates = told(callbacks)
    assert [(update.topic, update.revision) for update in updates] == [
        (key_of(group).topic, 1),
        (key_of(group).topic, 2),
        (f"inbox:{alice.pk}", 1),
        (f"inbox:{bob.pk}", 1),
    ]
    notice, state = map(read_update, updates[:2])
    assert (notice.seq, notice.kind, notice.client_id[:7]) == (1, "notice", "notice:")
    assert (notice.notice.event, notice.notice.by) == ("created", "alice")
    assert (state.change.event, state.change.by, state.members_count) == ("created", "alice", 2)
    assert (group.revision, group.details_revision, group.last_seq) == (2, 2, 1)


def test_number_of_groups_a_day_is_limited(alice, bob, settings):
    settings.RATE_LIMITS = True
    settings.LIMITS = dataclasses.replace(
        settings.LIMITS,
        conversations_made=dataclasses.replace(settings.LIMITS.conversations_made, count=2),
    )
    client = client_of(alice)

    answers = [
        client.post(CONVERSATIONS, {"usernames": ["bob"]}, format="json").status_code
        for _ in range(3)
    ]

    assert answers == [200, 200, 429]


# --- Looking ----------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
def test_list_of_members_costs_the_same_for_any_number(alice, rows, django_assert_num_queries):
    group = group_of(alice, *[make_member(f"friend-{number}") for number in range(rows)])
    client = client_of(alice)

    # The session, the conversation, the members, the own role.
    with django_assert_num_queries(4):
        answer = client.get(address(group, "members/"))

    assert len(answer.json()) == rows + 1


def test_members_come_in_pages(alice, bob, carol):
    client = client_of(alice)
    page = client.get(address(group_of(alice, bob, carol), "members/"), {"limit": 2})

    assert [row["username"] for row in page.json()] == ["alice", "bob"]
    following = client.get(page["Link"].partition(">")[0].lstrip("<"))
    assert [row["username"] for row in following.json()] == ["carol"]
    assert not following.has_header("Link")


def test_stranger_finds_no_trace(carol, group):
    client = client_of(carol)
    rest = ["", "messages/", "messages/1/", "members/", "members/bob/", "leave/"]
    methods = {"members/bob/": "delete", "leave/": "post"}

    for path in rest:
        ask = getattr(client, methods.get(path, "get"))
        hidden, absent = ask(address(group, path)), ask(f"{CONVERSATIONS}99999/{path}")
        assert (hidden.status_code, hidden.content) == (404, absent.content)
    assert client.get(CONVERSATIONS).json() == []


# --- Changing ---------------------------------------------------------------


def test_moderators_change_the_group(alice, bob, carol, django_capture_on_commit_callbacks):
    group = group_of(alice, bob, carol)
    make_moderator(group, bob)
    client = client_of(bob)

    with django_capture_on_commit_callbacks() as callbacks:
        answer = client.patch(
            address(group), {"name": "Climbers", "slow_mode_seconds": 5}, format="json"
        )

    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["slow_mode_seconds"]) == ("Climbers", 5)
    assert [read_update(update).change.event for update in told(callbacks)[1::2]] == [
        "renamed",
        "changed",
    ]
    assert texts(client, group)[1:] == [
        "Bob named the group “Climbers”.",
        "Bob changed the rules of the group.",
    ]
    assert client_of(carol).patch(address(group), {"name": "X"}, format="json").status_code == 403


def test_change_to_the_same_is_none(alice, group):
    answer = client_of(alice).patch(address(group), {"name": "Hikers"}, format="json")

    assert answer.status_code == 200
    assert answer.json()["revision"] == group.revision


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\0b"},
        {"description": "x" * 501},
        {"slow_mode_seconds": -1},
        {"slow_mode_seconds": 10**9},
        {"history_for_newcomers": "perhaps"},
    ],
)
def test_bad_changes_are_a_400(alice, group, body):
    assert client_of(alice).patch(address(group), body, format="json").status_code == 400


def test_private_chats_have_no_name_nor_members_to_change(alice, bob):
    client = client_of(alice)
    opened = client.post(CONVERSATIONS, {"username": "bob"}, format="json").json()
    own = f"{CONVERSATIONS}{opened['id']}/"

    answers = [
        client.patch(own, {"name": "X"}, format="json"),
        client.post(f"{own}members/", {"usernames": ["bob"]}, format="json"),
        client.delete(f"{own}members/bob/"),
        client.patch(f"{own}members/bob/", {"role": "moderator"}, format="json"),
        client.post(f"{own}leave/"),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert [row["username"] for row in client.get(f"{own}members/").json()] == ["alice", "bob"]


# --- Coming -----------------------------------------------------------------


def test_moderator_adds_and_a_member_does_not(alice, bob, carol, group):
    body = {"usernames": ["carol"]}

    assert client_of(bob).post(address(group, "members/"), body, format="json").status_code == 403
    assert names_in(group) == ["alice", "bob"]
    for _ in range(2):
        answer = client_of(alice).post(address(group, "members/"), body, format="json")
        assert answer.status_code == 204
    assert names_in(group) == ["alice", "bob", "carol"]
    assert texts(client_of(bob), group)[1:] == ["Alice added Carol."]
    group.refresh_from_db()
    assert (group.members_count, group.last_seq, group.revision) == (3, 2, 4)


def test_newcomer_sees_only_what_came_after(alice, bob, carol, group):
    secret = say(alice, group, "before").seq
    membership.add_members(by=alice, conversation=group, usernames=["carol"])
    client = client_of(carol)

    assert texts(client, group) == ["Alice added Carol."]
    assert client.get(address(group, f"messages/{secret}/")).status_code == 404
    thumb = address(group, f"messages/{secret}/reactions/%F0%9F%91%8D/")
    assert client.put(thumb).status_code == client.delete(thumb).status_code == 404
    (entry,) = client.get(CONVERSATIONS).json()
    assert (entry["first_seq"], entry["unread"]) == (3, 1)


def test_last_message_from_before_is_not_shown_to_a_newcomer(alice, bob, carol, group):
    secret = say(alice, group, "before").seq
    Participant.objects.create(conversation=group, user=carol, first_seq=secret + 1)

    (entry,) = client_of(carol).get(CONVERSATIONS).json()

    assert entry["last_message"] is None


def test_newcomer_reads_on_where_the_group_says_so(alice, carol, group):
    say(alice, group, "before")
    client_of(alice).patch(address(group), {"history_for_newcomers": True}, format="json")
    membership.add_members(by=alice, conversation=group, usernames=["carol"])

    assert "before" in texts(client_of(carol), group)


def test_who_is_banned_is_not_added(alice, bob, carol, group):
    Ban.objects.create(conversation=group, user=carol, by=alice)

    answer = client_of(alice).post(
        address(group, "members/"), {"usernames": ["carol"]}, format="json"
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "banned")


@pytest.mark.usefixtures("small")
def test_full_group_takes_nobody_and_too_many_none_of_them(alice, bob, carol, group):
    make_member("dora")
    client = client_of(alice)

    both = client.post(address(group, "members/"), {"usernames": ["carol", "dora"]}, format="json")
    one = client.post(address(group, "members/"), {"usernames": ["carol"]}, format="json")

    assert (both.status_code, both.json()["code"]) == (409, "conversation_full")
    assert one.status_code == 204
    assert names_in(group) == ["alice", "bob", "carol"]


@pytest.mark.django_db(transaction=True)
def test_last_place_is_given_once(settings):
    settings.LIMITS = dataclasses.replace(settings.LIMITS, group_members=4)
    alice, bob = make_member("alice"), make_member("bob")
    group = group_of(alice, bob)
    make_moderator(group, bob)
    wanted = {alice: ["carol", "dora"], bob: ["erin", "fred"]}
    for usernames in wanted.values():
        for username in usernames:
            make_member(username)
    at_once = threading.Barrier(2)
    refused = []

    def add(who):
        at_once.wait(10)
        for username in wanted[who]:
            try:
                membership.add_members(by=who, conversation=group, usernames=[username])
            except membership.ConversationFull as refusal:
                refused.append(refusal)
        connection.close()

    threads = [threading.Thread(target=add, args=[who]) for who in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    group.refresh_from_db()
    assert (group.members_count, group.participants.count(), len(refused)) == (4, 4, 2)
    assert group.revision == 6


# --- Going ------------------------------------------------------------------


def test_who_leaves_hears_it_as_the_last(alice, bob, group, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        assert client_of(bob).post(address(group, "leave/")).status_code == 204

    notice, state, inbox = told(callbacks)
    assert (notice.leaver, state.leaver) == (0, bob.pk)
    assert read_update(state).change.event == "left"
    assert read_update(inbox).reason == "left"
    assert Inbox.objects.get(user=bob).revision == 2
    assert texts(client_of(alice), group)[1:] == ["Bob left."]
    client = client_of(bob)
    assert client.get(address(group)).status_code == 404
    assert client.get(CONVERSATIONS).json() == []
    assert isinstance(say(bob, group), ConversationNotFound)


def test_moderator_longest_there_inherits(alice, bob, carol):
    dora = make_member("dora")
    group = group_of(alice, bob, carol, dora)
    for member in (carol, dora):
        make_moderator(group, member)
    disable_member(carol)

    membership.leave(member=alice, conversation=group)

    roles = dict(group.participants.values_list("user__username", "role"))
    assert roles == {"bob": "member", "carol": "moderator", "dora": "owner"}
    assert texts(client_of(dora), group)[1:] == ["Alice left.", "Alice made Dora the owner."]


def test_last_one_leaves_an_empty_group(alice, bob, group):
    for member in (alice, bob):
        membership.leave(member=member, conversation=group)

    group.refresh_from_db()
    assert (group.members_count, group.participants.count()) == (0, 0)


def test_moderator_removes_a_member_and_no_equal(alice, bob, carol):
    dora = make_member("dora")
    group = group_of(alice, bob, carol, dora)
    for member in (bob, carol):
        make_moderator(group, member)
    client = client_of(bob)

    assert client.delete(address(group, "members/carol/")).status_code == 403
    assert client.delete(address(group, "members/alice/")).status_code == 403
    assert client.delete(address(group, "members/bob/")).status_code == 403
    assert client_of(dora).delete(address(group, "members/bob/")).status_code == 403
    assert client.delete(address(group, "members/dora/")).status_code == 204
    again = client.delete(address(group, "members/dora/"))
    assert (again.status_code, again.json()["code"]) == (404, "member_not_found")
    assert client.delete(address(group, "members/%00/")).status_code == 404
    assert names_in(group) == ["alice", "bob", "carol"]


def test_who_comes_back_does_not_see_what_was_said_meanwhile(alice, bob, group):
    membership.remove_member(by=alice, conversation=group, username="bob")
    say(alice, group, "about bob")
    membership.add_members(by=alice, conversation=group, usernames=["bob"])

    assert texts(client_of(bob), group) == ["Alice added Bob."]


# --- Roles ------------------------------------------------------------------


def test_owner_makes_moderators_and_hands_over(alice, bob, carol):
    group = group_of(alice, bob, carol)
    client = client_of(alice)

    promoted = client.patch(address(group, "members/bob/"), {"role": "moderator"}, format="json")
    assert (promoted.status_code, promoted.json()["role"]) == (200, "moderator")
    refused = client_of(bob).patch(
        address(group, "members/carol/"), {"role": "moderator"}, format="json"
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    client.patch(address(group, "members/bob/"), {"role": "owner"}, format="json")

    roles = dict(group.participants.values_list("user__username", "role"))
    assert roles == {"alice": "moderator", "bob": "owner", "carol": "member"}
    assert texts(client_of(carol), group)[1:] == [
        "Alice made Bob a moderator.",
        "Alice made Bob the owner.",
        "Alice made Alice a moderator.",
    ]
    assert (
        client.patch(
            address(group, "members/carol/"), {"role": "moderator"}, format="json"
        ).status_code
        == 403
    )


def test_unknown_role_is_a_400(alice, group):
    answer = client_of(alice).patch(address(group, "members/bob/"), {"role": "god"}, format="json")
    assert answer.status_code == 400


# --- Saying -----------------------------------------------------------------


def test_silenced_member_neither_edits_nor_reacts_but_may_take_back(alice, bob, group):
    own = say(bob, group, "mine").seq
    group.participants.filter(user=bob).update(silenced_until=now().replace(year=2100))

    with pytest.raises(Silenced):
        react(member=bob, conversation=group, seq=own, emoji="👍")
    client = client_of(bob)
    mine = address(group, f"messages/{own}/")
    assert client.patch(mine, {"text": "louder"}, format="json").json()["code"] == "silenced"
    assert client.delete(mine).status_code == 204


def test_who_is_out_changes_nothing_even_if_they_looked_before(alice, bob, group):
    own = say(bob, group, "mine").seq
    membership.remove_member(by=alice, conversation=group, username="bob")

    # As a request would that had found the group before it waited for the lock.
    with pytest.raises(ConversationNotFound):
        react(member=bob, conversation=group, seq=own, emoji="👍")


def test_notices_are_changed_by_nobody(alice, group):
    with pytest.raises(MessageNotFound):
        react(member=alice, conversation=group, seq=1, emoji="👍")


def test_notice_names_nobody_who_is_gone(alice, bob, group):
    membership.remove_member(by=alice, conversation=group, username="bob")
    close_account(bob)

    assert texts(client_of(alice), group)[1:] == ["Alice removed somebody."]


def test_own_deeds_leave_nothing_unread(alice, bob, group):
    say(bob, group)
    client = client_of(alice)
    client.post(address(group, "read/"), {"seq": 2}, format="json")
    client.patch(address(group), {"name": "Climbers"}, format="json")

    assert client.get(address(group)).json()["unread"] == 0
    assert client_of(bob).get(address(group)).json()["unread"] == 1


def test_private_chat_shows_what_it_is(alice, bob):
    welcome_strangers(bob)
    say(alice, Conversation(key=str(private(alice, bob))))

    (entry,) = client_of(bob).get(CONVERSATIONS).json()

    assert (entry["role"], entry["room"], entry["first_seq"]) == (Role.MEMBER, None, 1)
    assert client_of(bob).get(f"{CONVERSATIONS}{entry['id']}/").json() == entry
