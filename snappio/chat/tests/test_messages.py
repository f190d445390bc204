"""Appending: numbers without gaps, each message once, and nobody who may not."""

import threading

import pytest
from django.db import connection

from snappio.accounts.services.members import close_account
from snappio.accounts.services.sessions import sign_out
from snappio.chat.errors import GuestsNotWelcome, NobodyToTalkTo
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message, Participant
from snappio.chat.services.messages import append_messages
from snappio.chat.sources import ChatSource
from snappio.chat.tests.factories import draft, make_member, private, session_of
from snappio.chat.updates import read_update
from snappio.core.errors import NotAuthenticated
from snappio.realtime.updates import Position

LOBBY = ConversationKey.open_room("lobby")


def places():
    return list(Message.objects.order_by("pk").values_list("text", "seq", "revision"))


def test_numbers_messages_without_gaps(alice, bob):
    key = private(alice, bob)
    append_messages([draft(alice, key, "one"), draft(bob, key, "two")])
    append_messages([draft(alice, key, "three")])

    assert places() == [("one", 1, 1), ("two", 2, 2), ("three", 3, 3)]
    row = Conversation.objects.get()
    assert (row.last_seq, row.revision, row.kind) == (3, 3, "private")
    assert set(row.participants.values_list("user_id", flat=True)) == {alice.pk, bob.pk}


def test_conversations_of_one_batch_have_numbers_of_their_own(alice, bob, carol):
    keys = [private(alice, bob), private(alice, carol), LOBBY]
    append_messages([draft(alice, key) for key in keys * 2])

    assert list(Conversation.objects.values_list("last_seq", flat=True)) == [2, 2, 2]


def test_new_conversations_are_made_in_the_order_of_their_keys(alice):
    names = [f"room-{number}" for number in range(20)]
    append_messages([draft(alice, ConversationKey.open_room(name)) for name in reversed(names)])

    made = Conversation.objects.order_by("pk").values_list("name", flat=True)
    assert list(made) == sorted(names)


def test_repeated_client_id_gives_the_first_message(alice, bob):
    key = private(alice, bob)
    (first,) = append_messages([draft(alice, key, "first", client_id="x")])
    again, twin = append_messages([draft(alice, key, "second", client_id="x")] * 2)

    assert [again.message, twin.message] == [first.message] * 2
    assert (first.is_duplicate, again.is_duplicate) == (False, True)
    assert places() == [("first", 1, 1)]


def test_of_twins_that_come_together_the_first_is_new(alice, bob):
    one, two = append_messages([draft(alice, private(alice, bob), client_id="x")] * 2)

    assert one.message == two.message
    assert (one.is_duplicate, two.is_duplicate) == (False, True)


@pytest.mark.parametrize("raw", ["", '{"data":"see #tea"}'])
def test_entities_are_stored_and_told_with_the_text(alice, bob, raw):
    key = private(alice, bob)
    append_messages([draft(alice, key, "see #tea", raw=raw), draft(alice, key, "plain")])

    missed = ChatSource().missed(key.topic, Position(0, 0), 10)

    assert [read_update(update).entities for update in missed.updates] == [
        '[{"type":"hashtag","start":4,"end":8,"value":"tea"}]',
        "",
    ]


def test_client_ids_of_two_members_are_two(alice, bob):
    key = private(alice, bob)
    append_messages([draft(alice, key, client_id="x"), draft(bob, key, client_id="x")])
    assert Message.objects.count() == 2


def test_retried_batch_is_stored_once(alice, bob):
    key = private(alice, bob)
    batch = [draft(alice, key, str(number), is_first_try=True) for number in range(5)]
    first = append_messages(batch)
    again = append_messages(batch, is_retry=True)

    assert [one.message for one in again] == [one.message for one in first]
    assert Message.objects.count() == 5


def test_refuses_a_sender_without_a_live_session_and_nobody_else(alice, bob):
    key = private(alice, bob)
    late, fine = draft(alice, key), draft(bob, key)
    sign_out(session_of(alice))

    refusal, kept = append_messages([late, fine])

    assert isinstance(refusal, NotAuthenticated)
    assert (kept.message.seq, Message.objects.count()) == (1, 1)


@pytest.mark.parametrize("leaves", ["partner", "sender"])
def test_refuses_a_private_chat_with_a_deleted_member(alice, bob, leaves):
    message = draft(alice, private(alice, bob))
    close_account(bob if leaves == "partner" else alice)

    (refusal,) = append_messages([message])

    assert isinstance(refusal, NobodyToTalkTo | NotAuthenticated)
    assert not Conversation.objects.exists()


def test_refuses_who_is_no_party(alice, bob, carol):
    (refusal,) = append_messages([draft(carol, private(alice, bob))])
    assert isinstance(refusal, NobodyToTalkTo)


def test_guests_write_in_open_rooms_where_they_are_welcome(db, settings):
    (kept,) = append_messages([draft(None, LOBBY)])
    assert (kept.message.sender, kept.message.sender_kind) == (None, "guest")
    assert not Participant.objects.exists()

    settings.GUEST_ROOMS = False
    (refusal,) = append_messages([draft(None, LOBBY)])
    assert isinstance(refusal, GuestsNotWelcome)


def test_who_speaks_in_a_room_takes_part_once(alice):
    append_messages([draft(alice, LOBBY), draft(alice, LOBBY)])
    assert Participant.objects.get().user == alice


def test_live_streams_find_what_was_appended(alice, bob):
    key = private(alice, bob)
    append_messages([draft(alice, key, str(number)) for number in range(5)])
    source = ChatSource()

    assert source.positions([key.topic, LOBBY.topic]) == {key.topic: Position(5, 5)}
    missed = source.missed(key.topic, Position(1, 1), 3)
    assert [update.revision for update in missed.updates] == [2, 3, 4]
    assert missed.reached == Position(4, 4)
    assert source.missed(key.topic, Position(4, 4), 3).reached == Position(5, 5)
    assert source.missed(LOBBY.topic, Position(0, 0), 3).updates == []


@pytest.mark.django_db(transaction=True)
def test_two_connections_share_the_numbers_of_a_new_conversation():
    alice, bob = make_member("alice"), make_member("bob")
    key = private(alice, bob)
    drafts = {who: [draft(who, key, f"{who}") for _ in range(100)] for who in (alice, bob)}
    at_once = threading.Barrier(2)

    def write(who):
        at_once.wait(10)
        for start in range(0, 100, 5):
            append_messages(drafts[who][start : start + 5])
        connection.close()

    threads = [threading.Thread(target=write, args=[who]) for who in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    # Whoever came second has accepted what the other began.
    assert [row.is_request for row in Conversation.objects.all()] == [False]
    numbers = Message.objects.order_by("seq").values_list("seq", "revision")
    assert list(numbers) == [(number, number) for number in range(1, 201)]
