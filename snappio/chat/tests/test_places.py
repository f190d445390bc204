"""Read and delivered markers, and muting."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from snappio.chat.errors import ConversationNotFound, NotAParticipant, NotSaidYet
from snappio.chat.keys import ROOM, ConversationKey, inbox_topic
from snappio.chat.models import FOR_EVER, Conversation, Inbox, Participant, Visibility
from snappio.chat.serializers.places import ProgressOutput
from snappio.chat.services.messages import append_messages
from snappio.chat.services.places import Progress, mark_delivered, mark_read, mute, unmute
from snappio.chat.services.settings import change_switches
from snappio.chat.tests.factories import (
    client_of,
    draft,
    make_group,
    make_member,
    private,
    told_by,
)
from snappio.chat.updates import InboxChange, Marker
from snappio.core.clock import now
from snappio.core.limits import Limits

INBOX = "/api/v1/conversations/"
YEAR = 365 * 24 * 60 * 60


def chat_between(one, other):
    """Let both say something, the first one last: seq 1 to 4."""
    key = private(one, other)
    append_messages([draft(other, key), *(draft(one, key) for _ in range(3))])
    return Conversation.objects.get(key=str(key))


def group_of(*members):
    group = make_group(*members)
    append_messages([draft(members[0], ConversationKey.parse(group.key)) for _ in range(4)])
    return Conversation.objects.get(pk=group.pk)


@pytest.fixture
def chat(alice, bob):
    return chat_between(alice, bob)


@pytest.fixture
def told(django_capture_on_commit_callbacks):
    """Return what marking tells."""

    def told(mark, **given):
        with django_capture_on_commit_callbacks() as callbacks:
            mark(**given)
        return told_by(callbacks)

    return told


def markers(what):
    return [each for _, each in what if isinstance(each, Marker)]


def test_reading_implies_receiving_and_moves_neither_back(bob, chat):
    assert mark_delivered(conversation=chat, receiver=bob, seq=3) == Progress(1, 3, unread=3)
    assert mark_read(conversation=chat, reader=bob, seq=2) == Progress(2, 3, unread=2)
    assert mark_read(conversation=chat, reader=bob, seq=4) == Progress(4, 4, unread=0)
    assert mark_delivered(conversation=chat, receiver=bob, seq=0) == Progress(4, 4, unread=0)
    assert mark_read(conversation=chat, reader=bob, seq=1) == Progress(4, 4, unread=0)


def test_sending_reads_and_so_receives(alice, chat):
    place = chat.participants.get(user=alice)

    assert (place.read_seq, place.delivered_seq) == (4, 4)


@pytest.mark.parametrize("mark", ["read", "delivered"])
def test_markers_over_http(alice, bob, chat, mark):
    client = client_of(bob)
    address = f"{INBOX}{chat.pk}/{mark}/"

    answer = client.post(address, {"seq": 3}, format="json")

    assert set(answer.json()) == set(ProgressOutput().fields)
    assert answer.json()["delivered_seq"] == 3
    assert answer.json()["unread"] == {"read": 1, "delivered": 3}[mark]
    (entry,) = client.get(INBOX).json()
    assert {name: entry[name] for name in answer.json()} == answer.json()
    for seq in (5, -1, 2**63, 1.5, "x", None):
        assert client.post(address, {"seq": seq}, format="json").status_code == 400
    beyond = client.post(address, {"seq": 5}, format="json")
    assert beyond.json()["code"] == "not_said_yet"


@pytest.mark.parametrize("call", ["post read", "post delivered", "put mute", "delete mute"])
def test_who_has_no_place_has_none_to_keep(alice, carol, client, chat, call):
    append_messages([draft(alice, ConversationKey.open_room("lobby"))])
    lobby = Conversation.objects.get(kind=ROOM).pk
    method, place = call.split()
    body = {"seq": 1, "seconds": None}

    def answer(conversation):
        address = f"{INBOX}{conversation}/{place}/"
        return getattr(client_of(carol), method)(address, body, format="json")

    hidden, absent, looking_on = answer(chat.pk), answer(999_999), answer(lobby)
    assert (hidden.status_code, hidden.content) == (404, absent.content)
    assert (looking_on.status_code, looking_on.json()["code"]) == (403, "not_a_participant")
    assert getattr(client, method)(f"{INBOX}{chat.pk}/{place}/").status_code == 401


def test_domain_asks_for_the_place_itself(alice, bob, carol, chat):
    """Whoever left between the look and the mark is refused too."""
    append_messages([draft(alice, ConversationKey.open_room("lobby"))])
    for conversation, refusal in (
        (chat, ConversationNotFound),
        (Conversation.objects.get(kind=ROOM), NotAParticipant),
    ):
        for attempt in (
            lambda conversation: mark_read(conversation=conversation, reader=carol, seq=1),
            lambda conversation: mark_delivered(conversation=conversation, receiver=carol, seq=1),
            lambda conversation: mute(conversation=conversation, member=carol, seconds=None),
        ):
            with pytest.raises(refusal):
                attempt(conversation)


def test_reading_tells_the_others_and_the_own_devices(bob, chat, told):
    assert told(mark_read, conversation=chat, reader=bob, seq=3) == [
        (inbox_topic(bob.pk), InboxChange(str(chat.pk), "changed")),
        (f"chat:{chat.key}", Marker(str(chat.pk), "bob", 3, is_read=True)),
    ]
    # Told and not counted: whoever missed it reads the place when they come back.
    assert Inbox.objects.get(user=bob).revision == 1


def test_receiving_tells_the_others(bob, chat, told):
    assert told(mark_delivered, conversation=chat, receiver=bob, seq=3) == [
        (f"chat:{chat.key}", Marker(str(chat.pk), "bob", 3, is_read=False)),
    ]


def test_the_same_marker_again_tells_nobody(bob, chat, told):
    mark_read(conversation=chat, reader=bob, seq=3)

    for seq in (3, 2):
        assert told(mark_read, conversation=chat, reader=bob, seq=seq) == []
        assert told(mark_delivered, conversation=chat, receiver=bob, seq=seq) == []


def test_a_refused_marker_moves_and_tells_nothing(bob, chat, told):
    with pytest.raises(NotSaidYet):
        told(mark_read, conversation=chat, reader=bob, seq=5)

    assert chat.participants.get(user=bob).read_seq == 1


def test_who_has_receipts_off_tells_the_own_devices_only(bob, chat, told):
    change_switches(member=bob, changes={"receipts": False})

    assert told(mark_delivered, conversation=chat, receiver=bob, seq=3) == []
    assert told(mark_read, conversation=chat, reader=bob, seq=3) == [
        (inbox_topic(bob.pk), InboxChange(str(chat.pk), "changed"))
    ]


def test_only_small_groups_are_told(settings, alice, bob, carol, told):
    settings.LIMITS = Limits(receipts_members=2)
    small, large = group_of(alice, bob), group_of(alice, bob, carol)

    assert len(markers(told(mark_read, conversation=small, reader=bob, seq=1))) == 1
    assert markers(told(mark_read, conversation=large, reader=bob, seq=1)) == []


@pytest.mark.parametrize("visibility", Visibility.values)
def test_rooms_are_not_told(alice, bob, told, visibility):
    room = make_group(alice, bob, kind=ROOM, visibility=visibility)
    Conversation.objects.filter(pk=room.pk).update(last_seq=4)

    assert markers(told(mark_read, conversation=room, reader=bob, seq=1)) == []


@pytest.mark.parametrize("messages", [1, 3])
def test_marking_asks_the_same_for_any_number(alice, bob, messages, django_assert_num_queries):
    chat = chat_between(alice, bob)
    client = client_of(bob)

    # The session, the conversation; the place, the move, a block, the switch, how far; a
    # savepoint.
    with django_assert_num_queries(9):
        client.post(f"{INBOX}{chat.pk}/read/", {"seq": 1 + messages}, format="json")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mark", ["read", "delivered"])
def test_devices_that_mark_at_once_never_move_back(mark):
    alice, bob = make_member("alice"), make_member("bob")
    chat = chat_between(alice, bob)
    append_messages([draft(alice, private(alice, bob)) for _ in range(96)])
    at_once = threading.Barrier(2)
    went_back = []

    def move(numbers):
        seen = 0
        at_once.wait(10)
        for seq in numbers:
            if mark == "read":
                reached = mark_read(conversation=chat, reader=bob, seq=seq).read_seq
            else:
                reached = mark_delivered(conversation=chat, receiver=bob, seq=seq).delivered_seq
            went_back.append(reached < max(seen, seq))
            seen = reached
        connection.close()

    threads = [
        threading.Thread(target=move, args=[numbers])
        for numbers in (range(2, 101, 2), range(100, 0, -2))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert went_back == [False] * 100
    place = chat.participants.get(user=bob)
    assert place.delivered_seq == 100
    assert place.read_seq == (100 if mark == "read" else 1)


def test_mutes_for_ever_and_for_a_while(bob, chat):
    client = client_of(bob)
    address = f"{INBOX}{chat.pk}/mute/"

    def shown():
        (entry,) = client.get(INBOX).json()
        return entry["muted"], entry["muted_until"]

    assert shown() == (False, None)
    assert client.put(address, {"seconds": None}, format="json").status_code == 204
    assert shown() == (True, None)
    assert client.put(address, {"seconds": 60}, format="json").status_code == 204
    is_muted, until = shown()
    assert is_muted
    assert now().isoformat() < until
    for _ in range(2):
        assert client.delete(address).status_code == 204
        assert shown() == (False, None)


def test_muting_ends_by_itself(bob, chat):
    chat.participants.filter(user=bob).update(muted_until=now() - timedelta(seconds=1))

    (entry,) = client_of(bob).get(INBOX).json()

    assert (entry["muted"], entry["muted_until"]) == (False, None)


@pytest.mark.parametrize(
    "body", [{}, {"seconds": 0}, {"seconds": -1}, {"seconds": "x"}, {"seconds": YEAR + 1}, []]
)
def test_refuses_to_mute_for_no_time(bob, chat, body):
    answer = client_of(bob).put(f"{INBOX}{chat.pk}/mute/", body, format="json")

    assert answer.status_code == 400
    assert chat.participants.get(user=bob).muted_until is None


def test_muting_tells_the_own_devices_once(alice, bob, chat, told):
    change = (inbox_topic(bob.pk), InboxChange(str(chat.pk), "changed"))

    assert told(mute, conversation=chat, member=bob, seconds=None) == [change]
    assert told(mute, conversation=chat, member=bob, seconds=None) == []
    assert told(unmute, conversation=chat, member=bob) == [change]
    assert told(unmute, conversation=chat, member=bob) == []
    assert Inbox.objects.get(user=bob).revision == 3
    assert Inbox.objects.get(user=alice).revision == 1


def test_muting_is_ones_own(alice, bob, chat):
    mute(conversation=chat, member=bob, seconds=None)

    assert Participant.objects.get(muted_until=FOR_EVER).user == bob
    assert client_of(alice).get(INBOX).json()[0]["muted"] is False
