"""What takes one statement on PostgreSQL, and what the long way."""

from datetime import timedelta

import pytest
from django.db import connection

from snappio.accounts.services.sessions import sign_out
from snappio.chat.errors import ConversationNotFound, NobodyToTalkTo, Silenced, SlowMode
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Ban, Conversation, Message, Participant
from snappio.chat.queries import states_of
from snappio.chat.services.messages import append_messages
from snappio.chat.services.requests import decline_request
from snappio.chat.tests.factories import draft, private, session_of
from snappio.core.clock import now
from snappio.core.errors import NotAuthenticated
from snappio.relationships.services.blocks import block

LOBBY = ConversationKey.open_room("lobby")


@pytest.fixture(autouse=True)
def has_function(db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such function: everything goes the long way there.")


@pytest.fixture
def met(alice, bob):
    """Say hello, so that the chat of the two exists."""
    key = private(alice, bob)
    append_messages([draft(alice, key), draft(bob, key)])
    return key


@pytest.fixture
def lobby(alice, bob):
    """Let both have spoken in a room."""
    append_messages([draft(alice, LOBBY), draft(bob, LOBBY)])
    return Conversation.objects.get(key=str(LOBBY))


def is_as_stored(stored):
    found = Message.objects.filter(conversation=stored.message.conversation, seq=stored.message.seq)
    return states_of(found) == [stored.message]


def test_plain_messages_take_one_statement(alice, bob, met, lobby, django_assert_num_queries):
    drafts = [
        draft(alice, met, "one", reply_to=1),
        draft(bob, LOBBY, "two #2nd", raw='"two #2nd"'),
        draft(bob, met, "it's %s \\ \U0001f600"),
    ]
    with django_assert_num_queries(1):
        stored = append_messages(drafts)

    assert [one.message.seq for one in stored] == [3, 3, 4]
    assert [one.message.revision for one in stored] == [3, 3, 4]
    assert all(map(is_as_stored, stored))
    place = Participant.objects.get(user=bob, conversation__key=str(met))
    assert (place.read_seq, place.wrote_at) == (4, stored[2].message.sent_at)


def test_who_began_a_request_goes_on_in_one_statement(alice, bob, django_assert_num_queries):
    key = private(alice, bob)
    append_messages([draft(alice, key)])

    again = draft(alice, key, "anybody there?")
    with django_assert_num_queries(1):
        (stored,) = append_messages([again])
    assert is_as_stored(stored)
    assert Conversation.objects.get(key=str(key)).is_request

    # Who is asked accepts by writing, which takes the long way.
    append_messages([draft(bob, key)])
    assert not Conversation.objects.get(key=str(key)).is_request


def test_who_has_declined_accepts_by_writing(alice, bob):
    key = private(alice, bob)
    append_messages([draft(alice, key)])
    chat = Conversation.objects.get(key=str(key))
    decline_request(conversation=chat, member=bob)

    append_messages([draft(bob, key)])

    chat.refresh_from_db()
    assert not chat.is_request
    assert chat.participants.filter(user=bob, is_request=False).exists()


def test_places_go_on_where_the_long_way_ended(alice, bob, met):
    # A first message in a room goes the long way, and takes that room's batch along.
    drafts = [draft(alice, met, "a"), draft(alice, LOBBY, "b"), draft(bob, met, "c")]
    stored = append_messages(drafts)

    assert [one.message.seq for one in stored] == [3, 1, 4]
    assert all(map(is_as_stored, stored))


def test_one_that_is_not_plain_takes_its_conversation_along(alice, bob, met):
    first, again, last = append_messages(
        [
            draft(alice, met, "one", client_id="x"),
            draft(alice, met, "one", client_id="x"),
            draft(bob, met, "two"),
        ]
    )
    assert [one.message.seq for one in (first, again, last)] == [3, 3, 4]


def test_known_client_id_gives_the_first_message(alice, met):
    (first,) = append_messages([draft(alice, met, "one", client_id="x")])
    (again,) = append_messages([draft(alice, met, "two", client_id="x")])
    assert (again.message, again.is_duplicate) == (first.message, True)


def sign_alice_out(alice, **cast):
    sign_out(session_of(alice))


def disable_bob(bob, **cast):
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)


def block_bob(alice, bob):
    block(blocker=alice, blocked=bob)


def be_blocked_by_bob(alice, bob):
    block(blocker=bob, blocked=alice)


@pytest.mark.parametrize(
    ("happens", "refusal"),
    [
        (sign_alice_out, NotAuthenticated),
        (disable_bob, NobodyToTalkTo),
        (block_bob, NobodyToTalkTo),
        (be_blocked_by_bob, NobodyToTalkTo),
    ],
)
def test_refuses_in_a_private_chat_what_the_long_way_refuses(alice, bob, met, happens, refusal):
    message = draft(alice, met)
    happens(alice=alice, bob=bob)
    (refused,) = append_messages([message])
    assert isinstance(refused, refusal)
    assert Message.objects.count() == 2


def ban(room, member):
    Participant.objects.filter(conversation=room, user=member).delete()
    Ban.objects.create(conversation=room, user=member, by=member)


def silence(room, member):
    until = now() + timedelta(hours=1)
    room.participants.filter(user=member).update(silenced_until=until)


def slow_down(room, member):
    Conversation.objects.filter(pk=room.pk).update(slow_mode_seconds=60)


@pytest.mark.parametrize(
    ("happens", "refusal"),
    [(ban, ConversationNotFound), (silence, Silenced), (slow_down, SlowMode)],
)
def test_refuses_in_a_room_what_the_long_way_refuses(alice, lobby, happens, refusal):
    happens(lobby, alice)
    (refused,) = append_messages([draft(alice, LOBBY)])
    assert isinstance(refused, refusal)
    assert Message.objects.count() == 2


def test_stranger_cannot_name_somebody_elses_chat(alice, carol, met):
    (refused,) = append_messages([draft(carol, met)])
    assert isinstance(refused, NobodyToTalkTo)
