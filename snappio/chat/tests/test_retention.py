"""Messages that disappear when they are old, and what is heard of it."""

from datetime import timedelta

import pytest

from snappio.accounts.services.members import close_account
from snappio.chat.errors import BadRetention, ConversationNotFound, NobodyToTalkTo
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message, Reaction
from snappio.chat.services import retention
from snappio.chat.services.messages import append_messages
from snappio.chat.services.retention import remove_expired, set_retention
from snappio.chat.sources import ChatSource
from snappio.chat.tasks import remove_expired_messages
from snappio.chat.tests.factories import (
    client_of,
    draft,
    group_with,
    make_member,
    private,
    welcome_strangers,
)
from snappio.chat.updates import ConversationState, read_update
from snappio.core.clock import now
from snappio.core.errors import Forbidden
from snappio.realtime.updates import Position

HOUR = 3600


@pytest.fixture
def key(alice, bob):
    return private(alice, bob)


@pytest.fixture
def chat(alice, bob, key):
    """Three messages of two hours ago and two new ones."""
    welcome_strangers(bob)
    append_messages([draft(alice, key, str(number)) for number in range(1, 6)])
    Message.objects.filter(seq__lte=3).update(sent_at=now() - timedelta(hours=2))
    return Conversation.objects.get()


def kept():
    return list(Message.objects.order_by("seq").values_list("seq", flat=True))


def test_old_messages_go_and_the_conversation_says_so(alice, chat):
    Reaction.objects.create(message=Message.objects.get(seq=1), user=alice, emoji="👍")
    set_retention(member=alice, conversation=chat, seconds=HOUR)

    assert remove_expired() == 3

    chat.refresh_from_db()
    assert kept() == [4, 5]
    assert (chat.first_seq, chat.last_seq, chat.revision, chat.details_revision) == (4, 5, 7, 7)
    assert not Reaction.objects.exists()
    assert remove_expired() == 0


def test_nothing_goes_without_a_rule_or_before_its_time(alice, chat):
    assert remove_expired() == 0
    set_retention(member=alice, conversation=chat, seconds=3 * HOUR)
    assert remove_expired() == 0
    set_retention(member=alice, conversation=chat, seconds=HOUR)
    set_retention(member=alice, conversation=chat, seconds=None)
    assert remove_expired() == 0
    assert kept() == [1, 2, 3, 4, 5]


def test_no_hole_comes_of_times_out_of_order(alice, chat):
    Message.objects.filter(seq=2).update(sent_at=now())
    set_retention(member=alice, conversation=chat, seconds=HOUR)

    remove_expired()

    assert kept() == [2, 3, 4, 5]


def test_long_histories_go_in_batches_and_runs(alice, chat, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "RUN", 4)
    Message.objects.update(sent_at=now() - timedelta(hours=2))
    set_retention(member=alice, conversation=chat, seconds=HOUR)

    assert [remove_expired(), remove_expired(), remove_expired()] == [4, 1, 0]

    chat.refresh_from_db()
    # Nothing is left, and the next message is number 6.
    assert (chat.first_seq, chat.last_seq, kept()) == (6, 5, [])


def test_every_conversation_is_looked_at(alice, monkeypatch):
    monkeypatch.setattr(retention, "LOOK", 2)
    keys = [private(alice, make_member(f"friend-{number}")) for number in range(5)]
    append_messages([draft(alice, key) for key in keys])
    Message.objects.update(sent_at=now() - timedelta(hours=2))
    Conversation.objects.update(retention_seconds=HOUR)

    assert remove_expired() == 5


def test_listeners_who_missed_it_read_what_is_left(alice, key, chat):
    set_retention(member=alice, conversation=chat, seconds=HOUR)
    remove_expired()

    for after in (Position(0, 0), Position(2, 2), Position(5, 5)):
        position, told = after, []
        for _ in range(4):
            missed = ChatSource().missed(key.topic, position, 2)
            told += map(read_update, missed.updates)
            position = missed.reached
        assert position == Position(7, 5)
        states = [state for state in told if isinstance(state, ConversationState)]
        assert (states[-1].first_seq, states[-1].retention_seconds) == (4, HOUR)


def test_readers_find_nothing_below(alice, bob, chat):
    set_retention(member=alice, conversation=chat, seconds=HOUR)
    remove_expired()
    client = client_of(bob)
    address = f"/api/v1/conversations/{chat.pk}/messages/"

    for query in ("", "?after=0", "?around=2", "?first_unread=true", "?before=99"):
        assert [message["seq"] for message in client.get(address + query).json()] == [4, 5]
    assert not client.get(address).has_header("Link")
    assert client.get(f"{address}2/").status_code == 404
    (entry,) = client.get("/api/v1/conversations/").json()
    assert (entry["unread"], entry["last_message"]["seq"]) == (2, 5)


def test_emptied_conversation_goes_on_with_the_next_number(alice, bob, key, chat):
    Message.objects.update(sent_at=now() - timedelta(hours=2))
    set_retention(member=alice, conversation=chat, seconds=HOUR)
    remove_expired()
    client = client_of(bob)

    (entry,) = client.get("/api/v1/conversations/").json()
    assert (entry["unread"], entry["last_message"]) == (0, None)
    (sent,) = append_messages([draft(bob, key, "anew")])
    assert (sent.message.seq, sent.message.revision) == (6, 8)


@pytest.mark.parametrize("seconds", [HOUR - 1, 0, -1, 365 * 24 * HOUR + 1])
def test_refuses_times_beyond_the_limits(alice, chat, seconds):
    with pytest.raises(BadRetention):
        set_retention(member=alice, conversation=chat, seconds=seconds)


def test_either_of_a_private_chat_decides_while_both_are_there(alice, bob, carol, chat):
    set_retention(member=bob, conversation=chat, seconds=HOUR)
    with pytest.raises(ConversationNotFound):
        set_retention(member=carol, conversation=chat, seconds=None)
    close_account(alice)
    with pytest.raises(NobodyToTalkTo):
        set_retention(member=bob, conversation=chat, seconds=None)


def test_in_a_group_owner_and_moderators_decide(alice, bob, carol):
    group = group_with({alice: "owner", bob: "moderator", carol: "member"})

    with pytest.raises(Forbidden):
        set_retention(member=carol, conversation=group, seconds=HOUR)
    set_retention(member=bob, conversation=group, seconds=HOUR)
    assert set_retention(member=alice, conversation=group, seconds=HOUR).revision == 2
    with pytest.raises(ConversationNotFound):
        set_retention(member=make_member("dave"), conversation=group, seconds=HOUR)


def test_nobody_decides_in_an_open_room_without_an_owner(alice):
    append_messages([draft(alice, ConversationKey.open_room("lobby"))])
    with pytest.raises(Forbidden):
        set_retention(member=alice, conversation=Conversation.objects.get(), seconds=HOUR)


def test_job_removes_them(alice, chat):
    set_retention(member=alice, conversation=chat, seconds=HOUR)
    remove_expired_messages.call()
    assert kept() == [4, 5]


@pytest.mark.parametrize("rows", [1, 3])
def test_removing_takes_the_same_number_of_queries_for_any_number(
    alice, key, rows, django_assert_num_queries
):
    append_messages([draft(alice, key) for _ in range(rows)])
    Message.objects.update(sent_at=now() - timedelta(hours=2))
    Conversation.objects.update(retention_seconds=HOUR)

    # Looking twice; the savepoint, the lock, the messages, what hangs on them, the place.
    with django_assert_num_queries(11):
        assert remove_expired() == rows


def test_either_of_a_private_chat_sets_it_over_http_and_nothing_else(alice, bob, chat):
    address = f"/api/v1/conversations/{chat.pk}/"
    client = client_of(bob)

    assert client.patch(address, {"retention_seconds": HOUR}, format="json").status_code == 200
    assert client.get(address).json()["retention_seconds"] == HOUR
    assert client.patch(address, {"retention_seconds": None}, format="json").status_code == 200
    refused = client.patch(address, {"retention_seconds": HOUR, "name": "Us"}, format="json")

    assert refused.json()["code"] == "not_in_private_chats"
    assert client.get(address).json()["retention_seconds"] is None


@pytest.mark.parametrize("seconds", [0, 1, -HOUR, 10**12, "soon", 1.5])
def test_impossible_retention_is_refused(alice, chat, seconds):
    address = f"/api/v1/conversations/{chat.pk}/"
    answer = client_of(alice).patch(address, {"retention_seconds": seconds}, format="json")
    assert answer.status_code == 400
    assert "retention_seconds" in answer.json()
