"""Silences and bans: who may, whom, and what they mean."""

from datetime import timedelta

import pytest
import time_machine

from snappio.accounts.models import User
from snappio.chat.errors import ConversationNotFound, Silenced
from snappio.chat.models import Ban, Inbox, Participant
from snappio.chat.serializers.members import BanOutput
from snappio.chat.services.membership import leave
from snappio.chat.services.moderation import ban, silence, unban
from snappio.chat.services.rooms import join_room
from snappio.chat.tests.factories import (
    client_of,
    group_of,
    make_member,
    make_moderator,
    room_of,
    say,
    told,
)
from snappio.chat.updates import InboxChange, MessageState, read_update
from snappio.core.clock import now


def address(room, rest):
    return f"/api/v1/conversations/{room.pk}/{rest}"


@pytest.fixture
def room(alice, bob, carol):
    """Alice owns it, Bob moderates, Carol is a member."""
    made = room_of(alice, bob, carol)
    make_moderator(made, bob)
    return made


# --- Silences ---------------------------------------------------------------


def test_silenced_member_reads_and_does_not_write(bob, carol, room):
    client = client_of(bob)

    answer = client.put(address(room, "members/carol/silence/"), {"seconds": 60}, format="json")

    assert answer.status_code == 204
    assert isinstance(say(carol, room), Silenced)
    assert client_of(carol).get(address(room, "messages/")).status_code == 200
    with time_machine.travel(now() + timedelta(seconds=61)):
        assert isinstance(say(carol, room), MessageState)


def test_silence_is_lifted_and_told_to_the_member_alone(
    bob, carol, room, django_capture_on_commit_callbacks
):
    silence(by=bob, conversation=room, username="carol", seconds=60)
    before = Inbox.objects.get(user=carol).revision

    with django_capture_on_commit_callbacks() as callbacks:
        for _ in range(2):
            answer = client_of(bob).delete(address(room, "members/carol/silence/"))
            assert answer.status_code == 204

    (update,) = told(callbacks)
    assert (update.topic, update.revision) == (f"inbox:{carol.pk}", before + 1)
    assert isinstance(say(carol, room), MessageState)


def test_only_moderators_see_who_is_silenced(bob, carol, room):
    silence(by=bob, conversation=room, username="carol", seconds=60)

    seen = {
        member.username: [
            row["silenced_until"] is not None
            for row in client_of(member).get(address(room, "members/")).json()
        ]
        for member in (bob, carol)
    }

    assert seen == {"bob": [False, False, True], "carol": [False, False, False]}


def test_leaving_and_coming_back_is_no_way_around_a_silence(bob, carol, room):
    silence(by=bob, conversation=room, username="carol", seconds=60)
    leave(member=carol, conversation=room)

    with pytest.raises(ConversationNotFound):
        join_room(member=carol, room=room)
    with time_machine.travel(now() + timedelta(seconds=61)):
        join_room(member=carol, room=room)


@pytest.mark.parametrize("body", [{}, {"seconds": 0}, {"seconds": 10**12}, {"seconds": "x"}])
def test_bad_silences_are_a_400(bob, room, body):
    answer = client_of(bob).put(address(room, "members/carol/silence/"), body, format="json")
    assert answer.status_code == 400


# --- Bans -------------------------------------------------------------------


def test_banned_member_is_out_and_stays_out(bob, carol, room, django_capture_on_commit_callbacks):
    client = client_of(bob)

    with django_capture_on_commit_callbacks() as callbacks:
        answer = client.put(address(room, "bans/carol/"), {"reason": "Noise"}, format="json")

    assert answer.status_code == 204
    state, inbox = told(callbacks)
    assert (state.leaver, read_update(state).change.event) == (carol.pk, "banned")
    assert (read_update(inbox).event, read_update(inbox).reason) == ("removed", "banned")
    assert not Participant.objects.filter(conversation=room, user=carol).exists()
    with pytest.raises(ConversationNotFound):
        join_room(member=carol, room=room)
    (row,) = client.get(address(room, "bans/")).json()
    assert set(row) == set(BanOutput().fields)
    assert (row["username"], row["by"], row["reason"], row["until"]) == (
        "carol",
        "bob",
        "Noise",
        None,
    )


def test_ban_ends_by_time_or_by_hand(alice, carol, room):
    dora = make_member("dora")
    ban(by=alice, conversation=room, username="carol", seconds=60)
    ban(by=alice, conversation=room, username="dora")
    client = client_of(alice)
    for _ in range(2):
        assert client.delete(address(room, "bans/dora/")).status_code == 204

    join_room(member=dora, room=room)
    with time_machine.travel(now() + timedelta(seconds=61)):
        assert client.get(address(room, "bans/")).json() == []
        join_room(member=carol, room=room)


def test_banning_again_changes_the_ban_and_tells_nobody(
    alice, carol, room, django_capture_on_commit_callbacks
):
    ban(by=alice, conversation=room, username="carol")

    with django_capture_on_commit_callbacks() as callbacks:
        ban(by=alice, conversation=room, username="carol", seconds=60, reason="Enough")

    assert told(callbacks) == []
    row = Ban.objects.get()
    assert (row.reason, row.until is None) == ("Enough", False)


def test_who_only_looks_on_is_shut_out_of_an_open_room(
    alice, bob, django_capture_on_commit_callbacks
):
    lobby = room_of(alice, name="lobby", visibility="open")
    say(alice, lobby)
    client = client_of(bob)
    assert client.get(address(lobby, "messages/")).status_code == 200

    with django_capture_on_commit_callbacks() as callbacks:
        ban(by=alice, conversation=lobby, username="bob")

    state, inbox = told(callbacks)
    assert state.leaver == bob.pk
    assert read_update(inbox) == InboxChange(str(lobby.pk), "removed", "banned")
    assert client.get(address(lobby, "messages/")).status_code == 404
    assert isinstance(say(bob, lobby), ConversationNotFound)
    unban(by=alice, conversation=lobby, username="bob")
    assert isinstance(say(bob, lobby), MessageState)


def test_group_tells_of_bans(alice, bob, carol):
    group = group_of(alice, bob, carol)
    ban(by=alice, conversation=group, username="bob")
    unban(by=alice, conversation=group, username="bob")

    messages = client_of(carol).get(address(group, "messages/")).json()

    assert [message["text"] for message in messages][1:] == [
        "Alice banned Bob.",
        "Alice lifted the ban on Bob.",
    ]


@pytest.mark.parametrize("what", ["silence", "ban", "remove"])
@pytest.mark.parametrize(
    ("actor", "target", "status"),
    [
        ("alice", "bob", 204),
        ("bob", "carol", 204),
        ("bob", "bob", 403),
        ("bob", "dora", 403),
        ("bob", "alice", 403),
        ("alice", "alice", 403),
        ("carol", "bob", 403),
        ("carol", "erin", 403),
        ("stranger", "carol", 404),
    ],
)
def test_nobody_acts_upon_an_equal_or_higher_one(room, what, actor, target, status):
    dora, erin = make_member("dora"), make_member("erin")
    for member in (dora, erin):
        join_room(member=member, room=room)
    make_moderator(room, dora)
    make_member("stranger")
    client = client_of(User.objects.get(username=actor))

    answer = {
        "silence": lambda: client.put(
            address(room, f"members/{target}/silence/"), {"seconds": 9}, format="json"
        ),
        "ban": lambda: client.put(address(room, f"bans/{target}/")),
        "remove": lambda: client.delete(address(room, f"members/{target}/")),
    }[what]()

    assert answer.status_code == status


@pytest.mark.parametrize("rows", [1, 3])
def test_list_of_bans_costs_the_same_for_any_number(alice, room, rows, django_assert_num_queries):
    for number in range(rows):
        ban(by=alice, conversation=room, username=make_member(f"noisy-{number}").username)
    client = client_of(alice)

    # The session, the conversation, the own role, the bans; begin and end of a savepoint.
    with django_assert_num_queries(6):
        answer = client.get(address(room, "bans/"))

    assert len(answer.json()) == rows


def test_bans_of_nobody_and_by_nobody(alice, bob, carol, room):
    assert client_of(alice).put(address(room, "bans/nobody/")).status_code == 404
    assert client_of(alice).put(address(room, "bans/%00/")).status_code == 404
    assert client_of(carol).get(address(room, "bans/")).status_code == 403
    assert client_of(carol).delete(address(room, "bans/bob/")).status_code == 403
