"""What sockets that come back ask of the database, many at a time."""

import orjson
import pytest

from snappio.accounts.errors import TokenNotValid
from snappio.chat.gateway import asking
from snappio.chat.gateway.asking import Arrival, Resumption
from snappio.chat.gateway.missed import Heard
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message, Participant
from snappio.chat.services.messages import append_messages
from snappio.chat.services.settings import change_switches
from snappio.chat.tests.factories import draft, make_group, make_member, private, session_of
from snappio.core.clock import now
from snappio.core.limits import Limits
from snappio.realtime.gateway.identity import Identity
from snappio.realtime.updates import Position


def identity_of(member):
    return Identity(member.pk, member.username, session_of(member).pk, now())


def chat_of(one, other, *texts):
    key = private(one, other)
    append_messages([draft(one, key, text) for text in texts])
    return Conversation.objects.get(key=str(key))


def found_for(*members, named=()):
    return asking._find([Arrival(identity_of(member), named) for member in members])


def told_to(*asked):
    """Return the frames of (member, conversation, since), at their present positions."""
    return asking._tell(
        [
            Resumption(identity_of(member), {chat.pk: Heard(position_of(chat), since)})
            for member, chat, since in asked
        ]
    )


def position_of(chat):
    chat.refresh_from_db()
    return Position(chat.revision, chat.last_seq)


def texts_of(frame):
    return [orjson.loads(bytes(message))["text"] for message in frame.messages]


def test_each_finds_the_own_conversations_and_switches(alice, bob, carol):
    ours, theirs = chat_of(alice, bob, "one"), chat_of(bob, carol, "two")
    change_switches(member=carol, changes={"typing": False})

    found = found_for(alice, bob, carol)

    ids = [{listing.pk for listing in each.listings} for each in found]
    assert ids == [{ours.pk}, {ours.pk, theirs.pk}, {theirs.pk}]
    assert [each.switches.typing for each in found] == [True, True, False]


def test_the_latest_come_first_and_no_more_than_the_limit(settings, alice, bob, carol):
    older, newer = chat_of(alice, bob, "one"), chat_of(alice, carol, "two")
    settings.LIMITS = Limits(subscriptions=1)

    (found,) = found_for(alice, named=[older.pk])

    assert [listing.pk for listing in found.listings] == [newer.pk]


def test_whose_session_is_over_is_refused_and_the_others_are_not(alice, bob):
    chat = chat_of(alice, bob, "one")
    identities = [identity_of(alice), identity_of(bob)]
    bob.sessions.update(ended_at=now())
    heard = {chat.pk: Heard(position_of(chat), None)}

    found = asking._find([Arrival(each, ()) for each in identities])
    told = asking._tell([Resumption(each, heard) for each in identities])

    assert isinstance(found[1], TokenNotValid)
    assert isinstance(told[1], TokenNotValid)
    assert [listing.pk for listing in found[0].listings] == [chat.pk]
    assert texts_of(told[0][0]) == ["one"]


def test_a_session_of_somebody_else_proves_nothing(alice, bob):
    forged = Identity(bob.pk, "bob", session_of(alice).pk, now())

    (found,) = asking._find([Arrival(forged, ())])

    assert isinstance(found, TokenNotValid)


def test_each_is_told_what_that_one_has_missed(alice, bob, carol):
    group = make_group(alice, bob, carol)
    key = ConversationKey.parse(group.key)
    append_messages([draft(alice, key, text) for text in ("one", "two", "three")])
    Participant.objects.filter(user=carol).update(first_seq=3)
    other = chat_of(bob, carol, "secret")

    told = told_to(
        (alice, group, 2), (bob, group, 1), (carol, group, 0), (bob, group, 3), (alice, other, 0)
    )

    assert [[texts_of(frame) for frame in frames] for frames in told] == [
        [["three"]],
        [["two", "three"]],
        [["three"]],
        [[]],
        [],
    ]
    assert all(frame.complete for frames in told for frame in frames)


def test_a_message_that_was_changed_since_the_position_is_not_left_out(alice, bob):
    """It is told again live; left out, what claims to be all would not be."""
    chat = chat_of(alice, bob, "one", "two")
    position = position_of(chat)
    # As an edit after the topic was joined leaves it.
    Message.objects.filter(conversation=chat, seq=2).update(revision=3, text="TWO")
    Conversation.objects.filter(pk=chat.pk).update(revision=3)

    (frames,) = asking._tell([Resumption(identity_of(bob), {chat.pk: Heard(position, 1)})])

    assert texts_of(frames[0]) == ["TWO"]
    assert (frames[0].revision, frames[0].complete) == (2, True)


def test_who_looks_on_in_an_open_room_finds_it_by_name_only(alice, bob):
    append_messages([draft(alice, ConversationKey.open_room("lobby"), "hello")])
    lobby = Conversation.objects.get(key="room:lobby")
    secret = make_group(alice)

    nothing, named = found_for(bob)[0], found_for(bob, named=[lobby.pk, secret.pk])[0]

    assert nothing.listings == []
    assert [listing.pk for listing in named.listings] == [lobby.pk]
    told = told_to((bob, lobby, None), (bob, secret, None))
    assert [list(map(texts_of, frames)) for frames in told] == [[["hello"]], []]


@pytest.mark.parametrize("count", [1, 3])
def test_many_cost_no_more_queries_than_one(alice, count, django_assert_num_queries):
    members = [make_member(f"friend{number}") for number in range(count)]
    chats = [chat_of(alice, member, "one", "two") for member in members]
    arrivals = [
        Arrival(identity_of(member), [chat.pk]) for member, chat in zip(members, chats, strict=True)
    ]
    resumptions = [
        Resumption(identity_of(member), {chat.pk: Heard(position_of(chat), 1)})
        for member, chat in zip(members, chats, strict=True)
    ]

    # The sessions, the switches, the conversations.
    with django_assert_num_queries(3):
        asking._find(arrivals)
    # The sessions, the places; the messages, the last ones and their reactions; the partners.
    with django_assert_num_queries(7):
        told = asking._tell(resumptions)

    assert [texts_of(frames[0]) for frames in told] == [["two"]] * count


def test_who_is_up_to_date_costs_two_queries(alice, bob, django_assert_num_queries):
    chat = chat_of(alice, bob, "one")
    resumption = Resumption(identity_of(bob), {chat.pk: Heard(position_of(chat), 1)})

    with django_assert_num_queries(2):
        ((frame,),) = asking._tell([resumption])

    assert (frame.messages, frame.details) == ([], None)
