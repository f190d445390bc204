"""Rooms: making, finding and entering them, by oneself and by invite."""

import dataclasses
import threading
from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.db import connection

from snappio.chat.errors import ConversationFull, ConversationNotFound, InviteNotFound
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Ban, Conversation, Invite, Message
from snappio.chat.queries import require_may_enter
from snappio.chat.serializers.rooms import InviteOutput, RoomOutput
from snappio.chat.services.invites import make_invite
from snappio.chat.services.membership import leave, remove_member
from snappio.chat.services.messages import append_messages
from snappio.chat.services.rooms import join_by_invite, join_room
from snappio.chat.tests.factories import (
    client_of,
    draft,
    key_of,
    make_member,
    make_moderator,
    room_of,
    say,
    told,
)
from snappio.chat.updates import read_update
from snappio.core.clock import now

ROOMS = "/api/v1/rooms/"
CONVERSATIONS = "/api/v1/conversations/"


def address(room, rest=""):
    return f"{ROOMS}{quote(room.key.removeprefix('room:'), safe='')}/{rest}"


def ids(answer):
    return [row["id"] for row in answer.json()]


# --- Making -----------------------------------------------------------------


def test_room_with_members_has_an_id_that_no_name_can_have(alice):
    answer = client_of(alice).post(
        ROOMS, {"name": "Reading", "description": "Books", "slow_mode_seconds": 3}, format="json"
    )

    made = answer.json()
    assert answer.status_code == 201
    assert set(made) == set(RoomOutput().fields)
    assert made["id"].startswith("~")
    assert (made["visibility"], made["role"], made["members_count"]) == ("members", "owner", 1)
    (entry,) = client_of(alice).get(CONVERSATIONS).json()
    assert (entry["id"], entry["room"]) == (made["conversation"], made["id"])
    assert (entry["description"], entry["slow_mode_seconds"]) == ("Books", 3)


def test_open_room_is_addressed_by_its_name(alice, bob):
    body = {"name": "Küche & Bad", "visibility": "open"}
    made = client_of(alice).post(ROOMS, body, format="json").json()
    say(bob, Conversation(key="room:Küche & Bad"), "hello")

    shown = client_of(bob).get(f"{ROOMS}{quote('Küche & Bad')}/").json()

    assert made["id"] == shown["id"] == "Küche & Bad"
    assert (shown["conversation"], shown["role"], shown["members_count"]) == (
        made["conversation"],
        "member",
        2,
    )


def test_name_of_an_open_room_is_taken_once_also_by_writing(alice, bob):
    append_messages([draft(bob, ConversationKey.open_room("lobby"))])
    client = client_of(alice)

    answer = client.post(ROOMS, {"name": "lobby", "visibility": "open"}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "room_exists")
    for _ in range(2):
        closed = client.post(ROOMS, {"name": "lobby"}, format="json")
        assert closed.status_code == 201


def test_rooms_have_no_notices(alice, bob, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        room = room_of(alice, bob)

    topic = key_of(room).topic
    states = [read_update(update) for update in told(callbacks) if update.topic == topic]
    assert [state.change.event for state in states] == ["created", "added"]
    assert not Message.objects.exists()
    assert (room.last_seq, room.revision, room.details_revision) == (0, 2, 2)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\0b"},
        {"name": "x", "visibility": "secret"},
        {"name": "x", "slow_mode_seconds": -1},
        {"name": "x", "description": "x" * 501},
        {"name": "~x", "visibility": "open"},
        {"name": "a/b", "visibility": "open"},
        {"name": "join", "visibility": "open"},
        {"name": "..", "visibility": "open"},
    ],
)
def test_bad_rooms_are_a_400(alice, body):
    assert client_of(alice).post(ROOMS, body, format="json").status_code == 400
    assert not Conversation.objects.exists()


# --- Finding ----------------------------------------------------------------


def test_rooms_are_listed_but_private_ones_and_those_that_ban(alice, bob, carol):
    open_room = room_of(alice, name="open", visibility="open")
    closed = room_of(alice, carol, name="closed")
    room_of(alice, name="private", visibility="private")
    banning = room_of(alice, name="banning")
    Ban.objects.create(conversation=banning, user=bob, by=alice)
    append_messages([draft(alice, ConversationKey.open_room("by writing"))])
    client = client_of(bob)

    assert ids(client.get(ROOMS)) == [key_of(closed).name, key_of(open_room).name]
    assert ids(client.get(ROOMS, {"search": "OPE"})) == ["open"]
    assert ids(client.get(ROOMS, {"search": "%"})) == []
    assert ids(client.get(ROOMS, {"mine": "true"})) == []
    assert len(ids(client_of(alice).get(ROOMS, {"mine": "true"}))) == 5
    assert client.get(address(banning)).status_code == 404


def test_rooms_come_in_pages(alice, bob):
    rooms = [room_of(alice, name=str(number)) for number in range(3)]
    join_room(member=bob, room=rooms[0])
    client = client_of(bob)

    page = client.get(ROOMS, {"limit": 2})
    following = client.get(page["Link"].partition(">")[0].lstrip("<"))

    assert [row["name"] for row in page.json()] == ["0", "2"]
    assert [row["name"] for row in following.json()] == ["1"]
    assert not following.has_header("Link")


@pytest.mark.parametrize("rows", [1, 3])
def test_list_of_rooms_costs_the_same_for_any_number(alice, bob, rows, django_assert_num_queries):
    for number in range(rows):
        room_of(alice, name=str(number))
    client = client_of(bob)

    # The session, the rooms, the own roles.
    with django_assert_num_queries(3):
        answer = client.get(ROOMS)

    assert len(answer.json()) == rows


@pytest.mark.parametrize("query", [{"search": "x" * 101}, {"mine": "what"}, {"cursor": "x"}])
def test_bad_questions_are_a_400(alice, query):
    assert client_of(alice).get(ROOMS, query).status_code == 400


def test_room_that_one_may_join_shows_itself_and_nothing_within(alice, bob):
    room = room_of(alice)
    say(alice, room)
    client = client_of(bob)

    assert client.get(address(room)).json()["role"] is None
    assert client.get(address(room, "members/")).status_code == 404
    assert client.get(f"{CONVERSATIONS}{room.pk}/messages/").status_code == 404
    assert isinstance(say(bob, room), ConversationNotFound)


@pytest.mark.parametrize("room_id", ["~nothing", "%00", "x" * 300, "..", "%20"])
def test_absent_room_looks_like_a_private_one(alice, bob, room_id):
    room = room_of(alice, visibility="private")
    client = client_of(bob)

    for rest, method in (("", "get"), ("join/", "post"), ("members/", "get"), ("bans/", "get")):
        hidden = getattr(client, method)(address(room, rest))
        absent = getattr(client, method)(f"{ROOMS}{room_id}/{rest}")
        assert (hidden.status_code, absent.status_code) == (404, 404)
        if room_id != "..":
            assert hidden.content == absent.content


# --- Coming in --------------------------------------------------------------


def test_joins_and_leaves(alice, bob, django_capture_on_commit_callbacks):
    room = room_of(alice)
    say(alice, room)
    client = client_of(bob)

    with django_capture_on_commit_callbacks() as callbacks:
        joined = client.post(address(room, "join/"))
    assert (joined.status_code, joined.json()["role"]) == (200, "member")
    assert joined.json()["members_count"] == 2
    state, inbox = told(callbacks)
    assert read_update(state).change.event == "joined"
    assert read_update(inbox).event == "added"
    with django_capture_on_commit_callbacks() as callbacks:
        assert client.post(address(room, "join/")).status_code == 200
    assert told(callbacks) == []
    assert client.get(f"{CONVERSATIONS}{room.pk}/messages/").json()[0]["text"] == "hello"
    assert client.get(CONVERSATIONS).json()[0]["unread"] == 0

    assert client.post(address(room, "leave/")).status_code == 204
    assert client.post(address(room, "leave/")).status_code == 404
    assert client.get(f"{CONVERSATIONS}{room.pk}/").status_code == 404


def test_newcomer_reads_nothing_from_before_where_the_room_says_so(alice, bob):
    room = room_of(alice, history_for_newcomers=False)
    say(alice, room, "before")
    join_room(member=bob, room=room)
    say(alice, room, "after")

    messages = client_of(bob).get(f"{CONVERSATIONS}{room.pk}/messages/").json()

    assert [message["text"] for message in messages] == ["after"]


def test_leaving_and_coming_back_is_no_way_around_slow_mode(alice, bob):
    room = room_of(alice, bob, slow_mode_seconds=60)
    with time_machine.travel(now() + timedelta(seconds=90), tick=False):
        say(bob, room)
        leave(member=bob, conversation=room)
        join_room(member=bob, room=room)
        assert say(bob, room).code == "slow_mode"


def test_moderators_change_a_room_but_not_what_an_open_one_is(alice, bob):
    room, lobby = room_of(alice, bob), room_of(alice, name="lobby", visibility="open")
    client = client_of(alice)

    changed = client.patch(address(room), {"name": "Writing"}, format="json")
    assert (changed.status_code, changed.json()["name"]) == (200, "Writing")
    for body in ({"name": "hall"}, {"history_for_newcomers": False}):
        answer = client.patch(address(lobby), body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, "rule_of_open_rooms")
    assert client_of(bob).patch(address(room), {"name": "X"}, format="json").status_code == 403
    assert client_of(bob).patch(address(lobby), {"name": "X"}, format="json").status_code == 403


def test_full_room_takes_nobody(alice, bob, carol, settings):
    settings.LIMITS = dataclasses.replace(settings.LIMITS, room_members=2)
    room = room_of(alice, bob)

    answer = client_of(carol).post(address(room, "join/"))

    assert (answer.status_code, answer.json()["code"]) == (409, "conversation_full")


# --- By invite --------------------------------------------------------------


@pytest.fixture
def secret(alice):
    return room_of(alice, visibility="private")


def test_invite_opens_a_private_room(alice, bob, carol, secret):
    made = client_of(alice).post(address(secret, "invites/"), {"max_uses": 5}, format="json")
    assert made.status_code == 201
    assert set(made.json()) == set(InviteOutput().fields)
    code = made.json()["code"]

    with_id = client_of(bob).post(address(secret, "join/"), {"code": code}, format="json")
    without = client_of(carol).post(f"{ROOMS}join/", {"code": code}, format="json")

    assert (with_id.status_code, without.status_code) == (200, 200)
    assert without.json()["id"] == key_of(secret).name
    (listed,) = client_of(alice).get(address(secret, "invites/")).json()
    assert (listed["code"], listed["uses_left"], listed["by"]) == (code, 3, "alice")


def test_who_is_in_it_uses_no_invite_up(alice, secret):
    invite = make_invite(by=alice, room=secret, max_uses=1)
    join_by_invite(member=alice, code=invite.code)

    invite.refresh_from_db()
    assert invite.uses_left == 1


def test_invites_that_open_nothing_look_alike(alice, bob, carol, secret):
    expired = make_invite(by=alice, room=secret, expires_in=60)
    Invite.objects.filter(pk=expired.pk).update(expires_at=now())
    used = make_invite(by=alice, room=secret, max_uses=1)
    join_by_invite(member=carol, code=used.code)
    revoked = make_invite(by=alice, room=secret)
    client_of(alice).delete(address(secret, f"invites/{revoked.code}/"))
    good = make_invite(by=alice, room=secret)
    dora = make_member("dora")
    Ban.objects.create(conversation=secret, user=dora, by=alice)
    other = room_of(alice, name="other")

    client = client_of(bob)
    codes = (expired.code, used.code, revoked.code, "unknown")
    answers = [
        *[client.post(f"{ROOMS}join/", {"code": code}, format="json") for code in codes],
        client.post(address(secret, "join/"), {"code": "unknown"}, format="json"),
        client.post(address(other, "join/"), {"code": good.code}, format="json"),
        client.post(f"{ROOMS}~nothing/join/", {"code": good.code}, format="json"),
        client_of(dora).post(f"{ROOMS}join/", {"code": good.code}, format="json"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "invite_not_found"


@pytest.mark.parametrize(
    "body",
    [{"expires_in": 59}, {"expires_in": 31 * 24 * 3600}, {"max_uses": 0}, {"max_uses": 10**9}],
)
def test_bad_invites_are_a_400(alice, secret, body):
    answer = client_of(alice).post(address(secret, "invites/"), body, format="json")
    assert answer.status_code == 400


@pytest.mark.parametrize("body", [{}, {"code": "\0"}, {"code": "x" * 101}, {"code": None}])
def test_bad_codes_are_a_400(alice, body):
    assert client_of(alice).post(f"{ROOMS}join/", body, format="json").status_code == 400


def test_only_moderators_see_and_make_invites(alice, bob, secret):
    join_by_invite(member=bob, code=make_invite(by=alice, room=secret).code)
    client, invites = client_of(bob), address(secret, "invites/")

    assert client.get(invites).status_code == client.post(invites).status_code == 403
    make_moderator(secret, bob)
    code = client.post(invites).json()["code"]
    assert len(client.get(invites).json()) == 2
    assert client.delete(f"{invites}{code}/").status_code == 204
    assert client.delete(f"{invites}{code}/").status_code == 404


def test_number_of_invites_is_limited_to_those_that_work(alice, secret, settings):
    settings.LIMITS = dataclasses.replace(settings.LIMITS, invites_per_room=2)
    first = make_invite(by=alice, room=secret)
    make_invite(by=alice, room=secret)
    client = client_of(alice)

    full = client.post(address(secret, "invites/"))
    Invite.objects.filter(pk=first.pk).update(expires_at=now())

    assert (full.status_code, full.json()["code"]) == (409, "too_many_invites")
    assert client.post(address(secret, "invites/")).status_code == 201
    assert Invite.objects.count() == 2


@pytest.mark.parametrize("rows", [1, 3])
def test_list_of_invites_costs_the_same_for_any_number(
    alice, secret, rows, django_assert_num_queries
):
    for _ in range(rows):
        make_invite(by=alice, room=secret)
    client = client_of(alice)

    # The session, the room, the own role, the invites; begin and end of a savepoint.
    with django_assert_num_queries(6):
        answer = client.get(address(secret, "invites/"))

    assert len(answer.json()) == rows


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", ["uses", "members"])
def test_last_way_in_is_for_one(settings, limit):
    owner = make_member("owner")
    room = room_of(owner, visibility="private")
    invite = make_invite(by=owner, room=room, max_uses=1 if limit == "uses" else None)
    if limit == "members":
        settings.LIMITS = dataclasses.replace(settings.LIMITS, room_members=2)
    people = [make_member(f"member-{number}") for number in range(4)]
    at_once = threading.Barrier(len(people))
    outcomes = []

    def come(member):
        at_once.wait(10)
        try:
            outcomes.append(join_by_invite(member=member, code=invite.code))
        except (InviteNotFound, ConversationFull) as refusal:
            outcomes.append(refusal)
        connection.close()

    threads = [threading.Thread(target=come, args=[member]) for member in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    room.refresh_from_db()
    assert sum(isinstance(outcome, Conversation) for outcome in outcomes) == 1
    assert len(outcomes) == 4
    assert (room.members_count, room.participants.count(), room.revision) == (2, 2, 2)


# --- Old sockets ------------------------------------------------------------


def test_rooms_admit_their_members_to_old_sockets(alice, bob, carol):
    room = room_of(alice, bob)
    lobby = room_of(alice, name="lobby", visibility="open")
    Ban.objects.create(conversation=lobby, user=carol, by=alice)

    require_may_enter(key_of(room), bob.pk)
    require_may_enter(key_of(lobby), bob.pk)
    require_may_enter(ConversationKey.open_room("new"), carol.pk)
    remove_member(by=alice, conversation=room, username="bob")
    refused = [
        (key_of(room), bob),
        (key_of(room), carol),
        (key_of(lobby), carol),
        (ConversationKey.closed_room("~nothing"), bob),
        (ConversationKey.closed_room("~\0"), bob),
    ]
    for key, member in refused:
        with pytest.raises(ConversationNotFound):
            require_may_enter(key, member.pk)
