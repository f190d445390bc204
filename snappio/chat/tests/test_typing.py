"""Telling that somebody writes."""

from datetime import timedelta

import pytest

from snappio.chat.errors import ConversationNotFound, Silenced
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Visibility
from snappio.chat.services.messages import append_messages
from snappio.chat.services.requests import accept_request
from snappio.chat.services.settings import change_switches
from snappio.chat.services.typing import tell_typing
from snappio.chat.tests.factories import draft, make_group, private, told_by
from snappio.chat.updates import Typing
from snappio.core.clock import now
from snappio.core.limits import Limits


@pytest.fixture
def told(django_capture_on_commit_callbacks):
    """Return what is told when the member writes."""

    def told(typist, conversation, *, on=True):
        with django_capture_on_commit_callbacks() as callbacks:
            tell_typing(typist=typist, conversation_id=str(conversation.pk), on=on)
        return told_by(callbacks)

    return told


@pytest.mark.parametrize("on", [True, False])
def test_tells_those_who_are_there(alice, bob, told, on):
    group = make_group(alice, bob)

    assert told(bob, group, on=on) == [
        (f"chat:{group.key}", Typing(str(group.pk), "bob", on)),
    ]


def test_who_has_the_switch_off_is_not_told_of(alice, bob, told):
    group = make_group(alice, bob)
    change_switches(member=bob, changes={"typing": False})

    assert told(bob, group) == []
    assert len(told(alice, group)) == 1


def test_large_conversations_and_open_rooms_are_not_told(settings, alice, bob, carol, told):
    settings.LIMITS = Limits(receipts_members=2)
    large = make_group(alice, bob, carol)
    members = make_group(alice, bob, kind="room", visibility=Visibility.MEMBERS)
    everybody = make_group(alice, bob, kind="room", visibility=Visibility.OPEN)

    assert [len(told(bob, each)) for each in (large, members, everybody)] == [0, 1, 0]


def test_silenced_members_are_refused_until_it_is_over(alice, bob, told):
    group = make_group(alice, bob)
    place = group.participants.filter(user=bob)
    place.update(silenced_until=now() + timedelta(hours=1))

    with pytest.raises(Silenced):
        told(bob, group)

    place.update(silenced_until=now() - timedelta(hours=1))
    assert len(told(bob, group)) == 1


def test_who_is_not_there_finds_nothing(alice, bob, carol, told):
    append_messages([draft(alice, ConversationKey.open_room("lobby"))])

    with pytest.raises(ConversationNotFound):
        told(carol, make_group(alice, bob))
    for nonsense in ("", "x", "-1", "9" * 40):
        with pytest.raises(ConversationNotFound):
            tell_typing(typist=carol, conversation_id=nonsense, on=True)
    # Who only looks on in an open room may; it is told to nobody.
    assert told(carol, Conversation.objects.get(kind="room", visibility="open")) == []


def test_the_stranger_is_not_told_before_the_chat_is_accepted(alice, bob, told):
    append_messages([draft(alice, private(alice, bob))])
    chat = Conversation.objects.get()

    assert told(bob, chat) == []
    assert len(told(alice, chat)) == 1

    accept_request(conversation=chat, member=bob)
    assert len(told(bob, chat)) == 1
