"""What a block does to chat: the private one is over, what is shared with others stays."""

import threading

import pytest
from django.db import connection

from snappio.chat.errors import NobodyToTalkTo
from snappio.chat.keys import inbox_topic
from snappio.chat.models import Conversation, Message
from snappio.chat.presence import watchable
from snappio.chat.services.changes import delete_message, edit_message, react
from snappio.chat.services.conversations import open_private_chat
from snappio.chat.services.groups import make_group
from snappio.chat.services.membership import add_members
from snappio.chat.services.messages import append_messages
from snappio.chat.services.pins import pin_message
from snappio.chat.services.places import mark_read
from snappio.chat.services.retention import set_retention
from snappio.chat.services.typing import tell_typing
from snappio.chat.tests.factories import (
    client_of,
    draft,
    group_of,
    make_member,
    private,
    say,
    told_by,
)
from snappio.chat.updates import InboxChange, Parting
from snappio.profiles.services import block_member, unblock_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def met(alice, bob):
    """Say hello, so that the chat of the two exists and both have accepted it."""
    append_messages([draft(who, private(alice, bob)) for who in (alice, bob, alice)])
    return Conversation.objects.get()


@pytest.fixture(params=["blocker", "blocked"])
def writer(request, alice, bob, met):
    """One of two who are parted; it makes no difference which."""
    blocker, blocked = (alice, bob) if request.param == "blocker" else (bob, alice)
    block_member(blocker=blocker, username=blocked.username)
    return alice


WRITING = {
    "edit": lambda who, chat: edit_message(editor=who, conversation=chat, seq=1, text="other"),
    "react": lambda who, chat: react(member=who, conversation=chat, seq=2, emoji="👍"),
    "pin": lambda who, chat: pin_message(member=who, conversation=chat, seq=2),
    "retain": lambda who, chat: set_retention(member=who, conversation=chat, seconds=3600),
}


@pytest.mark.parametrize("write", WRITING.values(), ids=WRITING)
def test_nothing_is_changed_across_a_block(writer, met, write):
    with pytest.raises(NobodyToTalkTo):
        write(writer, met)


def test_nothing_is_said_across_a_block(writer, bob, met):
    (refused,) = append_messages([draft(writer, private(writer, bob))])

    assert isinstance(refused, NobodyToTalkTo)
    assert Message.objects.count() == 3


def test_refuses_as_if_the_other_had_never_been(writer, bob, met):
    client = client_of(writer)
    answers = [
        client.post("/api/v1/conversations/", {"username": name}) for name in ("bob", "nobody")
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_what_was_said_stays_readable_and_ones_own_can_be_deleted(writer, met):
    page = client_of(writer).get(f"/api/v1/conversations/{met.pk}/messages/")

    assert [message["seq"] for message in page.json()] == [1, 2, 3]
    delete_message(remover=writer, conversation=met, seq=1)


def test_neither_typing_nor_reading_is_told(writer, met, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        tell_typing(typist=writer, conversation_id=str(met.pk), on=True)
        met.participants.update(read_seq=0, delivered_seq=0)
        assert mark_read(conversation=met, reader=writer, seq=3).read_seq == 3

    # The own other devices alone hear of it.
    assert [topic for topic, _ in told_by(callbacks)] == [inbox_topic(writer.pk)]


def test_neither_sees_whether_the_other_is_there(alice, bob, carol, met):
    group_of(alice, bob, carol)
    assert set(watchable(alice, ["bob", "carol"])) == {"bob", "carol"}
    block_member(blocker=bob, username="alice")

    assert set(watchable(alice, ["bob", "carol"])) == {"carol"}
    assert set(watchable(bob, ["alice", "carol"])) == {"carol"}


def test_neither_adds_the_other(alice, bob, carol):
    group = group_of(alice, carol)
    block_member(blocker=bob, username="alice")

    with pytest.raises(NobodyToTalkTo):
        add_members(by=alice, conversation=group, usernames=["bob"])
    for maker, name in ((alice, "bob"), (bob, "alice")):
        with pytest.raises(NobodyToTalkTo):
            make_group(maker=maker, usernames=["carol", name])


def test_a_shared_group_goes_on(alice, bob, carol):
    group = group_of(alice, bob, carol)
    block_member(blocker=bob, username="alice")
    for who in (alice, bob):
        say(who, group)

    for who in (alice, bob):
        page = client_of(who).get(f"/api/v1/conversations/{group.pk}/messages/").json()
        assert [m["sender"] for m in page if m["kind"] == "message"] == ["alice", "bob"]


def test_without_a_block_all_is_as_before(alice, bob, met):
    block_member(blocker=alice, username="bob")
    unblock_member(blocker=alice, username="bob")

    append_messages([draft(bob, private(alice, bob))])
    assert Message.objects.count() == 4
    assert open_private_chat(opener=bob, username="alice") == met


def test_both_hear_of_it_once(alice, bob, met, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        block_member(blocker=alice, username="bob")
        block_member(blocker=alice, username="bob")

    changed, chat = InboxChange(str(met.pk), "changed"), f"chat:{met.key}"
    assert told_by(callbacks) == [
        (inbox_topic(alice.pk), changed),
        (inbox_topic(bob.pk), changed),
        (chat, Parting(str(met.pk))),
        (chat, Parting(str(met.pk))),
    ]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_stored_behind_a_block_not_even_a_first_message():
    alice = make_member("alice")
    for number in range(8):
        bob = make_member(f"bob{number}")
        at_once, outcomes = threading.Barrier(2), []

        def write(bob=bob, at_once=at_once, outcomes=outcomes):
            message = draft(bob, private(alice, bob))
            at_once.wait(10)
            outcomes.extend(append_messages([message]))
            connection.close()

        def part(bob=bob, at_once=at_once, outcomes=outcomes):
            at_once.wait(10)
            block_member(blocker=alice, username=bob.username)
            outcomes.append(Message.objects.filter(sender=bob).count())
            connection.close()

        threads = [threading.Thread(target=target) for target in (write, part)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        (seen,) = [outcome for outcome in outcomes if isinstance(outcome, int)]
        assert Message.objects.filter(sender=bob).count() == seen
