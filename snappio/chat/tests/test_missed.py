"""Who may hear what listeners missed, when it is read from the database."""

import pytest

from snappio.chat.keys import ConversationKey
from snappio.chat.services.membership import add_members, remove_member
from snappio.chat.sources import ChatSource
from snappio.chat.tests.factories import group_of, say
from snappio.realtime.updates import Position


@pytest.fixture
def group(alice, bob, carol):
    return group_of(alice, bob, carol)


def position_of(group):
    group.refresh_from_db()
    return Position(group.revision, group.last_seq)


def allowed(group, after, *members):
    topic = ConversationKey.parse(group.key).topic
    found = ChatSource().may_read(topic, [member.pk for member in members], after)
    return [member for member in members if member.pk in found]


def test_who_was_out_meanwhile_may_not_hear_what_was_said_there(alice, bob, carol, group):
    before = position_of(group)
    remove_member(by=alice, conversation=group, username="bob")
    say(alice, group, "without Bob")
    assert allowed(group, before, alice, bob, carol) == [alice, carol]

    add_members(by=alice, conversation=group, usernames=["bob"])

    assert allowed(group, before, alice, bob, carol) == [alice, carol]
    assert allowed(group, position_of(group), alice, bob, carol) == [alice, bob, carol]


def test_who_is_new_may_hear_what_comes_behind_their_coming(alice, bob, carol, group):
    remove_member(by=alice, conversation=group, username="bob")
    before = position_of(group)
    add_members(by=alice, conversation=group, usernames=["bob"])

    assert allowed(group, before, alice, bob) == [alice, bob]


def test_every_page_says_that_somebody_may_have_been_put_out(alice, group):
    topic, before = ConversationKey.parse(group.key).topic, position_of(group)
    say(alice, group, "one")
    assert not ChatSource().missed(topic, before, 500).may_bar
    remove_member(by=alice, conversation=group, username="bob")
    say(alice, group, "two")

    for limit in (1, 2, 3, 500):
        assert ChatSource().missed(topic, before, limit).may_bar
