"""What a socket is told of a conversation that it joins without having any of it."""

import msgspec
import pytest

from snappio.chat.gateway.missed import Heard, Joined, subscribed_of
from snappio.chat.gateway.places import Asked, places_among
from snappio.chat.models import Conversation, Message, Participant
from snappio.chat.services.changes import edit_message
from snappio.chat.services.messages import append_messages
from snappio.chat.tests.factories import draft, private
from snappio.realtime.updates import Position

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(alice, bob):
    append_messages([draft(alice, private(alice, bob), text) for text in ("one", "two", "three")])
    return Conversation.objects.get()


def shown_to(member, chat, revision, seq):
    (places,) = places_among([Asked(member, [chat.pk])])
    (frame,) = subscribed_of([Joined(places[chat.pk], Heard(Position(revision, seq), since=None))])
    return [msgspec.json.decode(each)["text"] for each in frame.messages]


def test_the_last_message_is_shown(chat, bob):
    assert shown_to(bob, chat, 3, 3) == ["three"]


def test_what_comes_live_behind_the_position_is_not_shown_before_it(chat, bob):
    assert shown_to(bob, chat, 2, 2) == ["two"]


def test_a_last_message_that_was_changed_meanwhile_is_shown_as_it_is(alice, chat, bob):
    edit_message(editor=alice, conversation=chat, seq=3, text="THREE")

    assert shown_to(bob, chat, 3, 3) == ["THREE"]
    assert shown_to(bob, chat, 4, 3) == ["THREE"]


def test_a_newcomer_is_not_shown_what_was_said_before(chat, bob):
    Participant.objects.filter(conversation=chat, user=bob).update(first_seq=4)

    assert shown_to(bob, chat, 3, 3) == []
    assert Message.objects.count() == 3
