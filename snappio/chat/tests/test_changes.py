"""Editing, deleting, answering and reacting, over HTTP."""

import pytest

from snappio.accounts.services.members import close_account
from snappio.chat.models import Conversation, Message, Reaction
from snappio.chat.serializers.messages import MessageOutput, ReactionOutput
from snappio.chat.services.messages import append_messages
from snappio.chat.sources import ChatSource
from snappio.chat.tests.factories import client_of, draft, private
from snappio.realtime.updates import Position

THUMB = "%F0%9F%91%8D"


@pytest.fixture
def key(alice, bob):
    return private(alice, bob)


@pytest.fixture
def said(alice, key):
    """Three messages of Alice's; the address of the second."""
    append_messages([draft(alice, key, f"word {number}") for number in (1, 2, 3)])
    conversation = Conversation.objects.get(key=str(key))
    return f"/api/v1/conversations/{conversation.pk}/messages/2/"


def numbers():
    conversation = Conversation.objects.get()
    return conversation.last_seq, conversation.revision


def test_edits_ones_own_message(alice, said):
    answer = client_of(alice).patch(said, {"text": "better"}, format="json")

    assert answer.status_code == 200
    assert set(answer.json()) == set(MessageOutput().fields)
    assert (answer.json()["text"], answer.json()["seq"], answer.json()["revision"]) == (
        "better",
        2,
        4,
    )
    assert answer.json()["edited_at"] is not None
    assert numbers() == (3, 4)


def test_entities_follow_the_text(alice, said):
    client = client_of(alice)

    named = client.patch(said, {"text": "ask @bob"}, format="json").json()
    plain = client.patch(said, {"text": "ask him"}, format="json").json()

    assert named["entities"] == [{"type": "mention", "start": 4, "end": 8, "value": "bob"}]
    assert plain["entities"] == []
    client.patch(said, {"text": "#tea"}, format="json")
    client.delete(said)
    assert client.get(said).json()["entities"] == []


def test_same_text_is_no_edit(alice, said):
    answer = client_of(alice).patch(said, {"text": "word 2"}, format="json")

    assert answer.json()["edited_at"] is None
    assert numbers() == (3, 3)


def test_edited_message_of_an_old_socket_loses_its_raw_value(alice, key, said):
    append_messages([draft(alice, key, "x", raw='{"data":"x"}')])
    address = said.replace("messages/2/", "messages/4/")

    answer = client_of(alice).patch(address, {"text": "y"}, format="json")

    assert (answer.json()["text"], answer.json()["raw"]) == ("y", None)


def test_deleted_message_keeps_its_place(alice, bob, said):
    client_of(bob).put(f"{said}reactions/{THUMB}/")

    assert client_of(alice).delete(said).status_code == 204

    tombstone = client_of(bob).get(said).json()
    assert (tombstone["seq"], tombstone["deleted"], tombstone["text"]) == (2, True, "")
    assert tombstone["reactions"] == []
    assert Message.objects.count() == 3
    assert numbers() == (3, 5)


def test_deleted_message_can_be_changed_no_more(alice, said):
    client = client_of(alice)
    client.delete(said)

    assert client.delete(said).status_code == 404
    assert client.patch(said, {"text": "again"}, format="json").status_code == 404
    assert client.put(f"{said}reactions/{THUMB}/").status_code == 404


def test_only_the_sender_may_change_a_message(bob, said):
    client = client_of(bob)

    edit = client.patch(said, {"text": "mine now"}, format="json")
    delete = client.delete(said)

    assert edit.status_code == delete.status_code == 403
    assert edit.json()["code"] == "not_your_message"
    assert numbers() == (3, 3)


def test_stranger_finds_nothing_to_change(carol, said):
    client = client_of(carol)

    answers = [
        client.get(said),
        client.patch(said, {"text": "x"}, format="json"),
        client.delete(said),
        client.put(f"{said}reactions/{THUMB}/"),
        client.delete(f"{said}reactions/{THUMB}/"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize("seq", ["0", "4", "-1", "x", "9" * 30])
def test_number_without_a_message_is_404(alice, said, seq):
    answer = client_of(alice).get(said.replace("messages/2/", f"messages/{seq}/"))

    assert (answer.status_code, answer.json()["code"]) == (404, "message_not_found")


def test_reactions_are_counted_once_for_each_member(alice, bob, said):
    for client in (client_of(alice), client_of(bob)):
        for _ in range(2):
            assert client.put(f"{said}reactions/{THUMB}/").status_code == 204

    (reaction,) = client_of(bob).get(said).json()["reactions"]
    assert reaction == {"emoji": "👍", "count": 2, "usernames": ["alice", "bob"]}
    assert set(reaction) == set(ReactionOutput().fields)
    assert numbers() == (3, 5)


def test_reaction_is_taken_back(bob, said):
    client = client_of(bob)
    client.put(f"{said}reactions/{THUMB}/")

    for _ in range(2):
        assert client.delete(f"{said}reactions/{THUMB}/").status_code == 204

    assert client.get(said).json()["reactions"] == []
    assert numbers() == (3, 5)


@pytest.mark.parametrize("emoji", ["a", "ok", "é", "%00", "%20", "👍" * 17, "字"])
def test_text_is_no_reaction(alice, said, emoji):
    assert client_of(alice).put(f"{said}reactions/{emoji}/").status_code in (400, 404)
    assert not Reaction.objects.exists()


@pytest.mark.parametrize("emoji", ["❤️", "👨‍👩‍👧‍👦", "🇫🇷", "1️⃣", "👍🏽"])
def test_any_emoji_is_a_reaction(alice, said, emoji):
    assert client_of(alice).put(f"{said}reactions/{emoji}/").status_code == 204


def test_kinds_of_reactions_are_limited(alice, said):
    client = client_of(alice)
    answers = [client.put(f"{said}reactions/{chr(0x1F600 + n)}/").status_code for n in range(21)]

    assert answers == [204] * 20 + [400]


def test_reactions_cost_the_history_no_query_each(alice, bob, said, django_assert_num_queries):
    history = said.removesuffix("2/")
    for seq in (1, 2, 3):
        client_of(bob).put(f"{history}{seq}/reactions/{THUMB}/")
    client = client_of(alice)

    # The session, the conversation, the messages with their senders, the reactions.
    with django_assert_num_queries(4):
        answer = client.get(history)

    assert [len(message["reactions"]) for message in answer.json()] == [1, 1, 1]


def test_nothing_is_changed_in_a_chat_with_a_member_who_left(alice, bob, said):
    close_account(bob)
    client = client_of(alice)

    assert client.patch(said, {"text": "x"}, format="json").status_code == 404
    assert client.put(f"{said}reactions/{THUMB}/").status_code == 404
    # One's own words may be taken back from whoever is left to read them.
    assert client.delete(said).status_code == 204


def test_answers_name_the_message_they_answer(alice, said):
    history = said.removesuffix("2/")
    client = client_of(alice)

    answer = client.post(history, {"text": "so?", "reply_to": 2}, format="json")
    beyond = client.post(history, {"text": "so?", "reply_to": 9}, format="json")

    assert (answer.status_code, answer.json()["reply_to"]) == (201, 2)
    assert (beyond.status_code, beyond.json()["code"]) == (400, "not_said_yet")


def test_listener_who_missed_changes_reads_present_states(alice, bob, key, said):
    """New messages come first and in order, then what was changed before them."""
    client_of(alice).patch(said, {"text": "edited"}, format="json")
    append_messages([draft(bob, key, "new")])
    client_of(bob).put(f"{said.removesuffix('2/')}1/reactions/{THUMB}/")

    missed = ChatSource().missed(key.topic, Position(revision=3, seq=3), 500)

    assert [(each.item, each.revision) for each in missed.updates] == [(4, 5), (2, 4), (1, 6)]
    assert missed.reached == Position(revision=6, seq=4)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_pages_of_what_was_missed_leave_nothing_out(alice, bob, key, said, limit):
    client_of(alice).patch(said, {"text": "edited"}, format="json")
    append_messages([draft(bob, key, "new") for _ in range(3)])
    client_of(alice).delete(said.replace("messages/2/", "messages/3/"))

    position, heard = Position(revision=3, seq=3), []
    for _ in range(12):
        missed = ChatSource().missed(key.topic, position, limit)
        heard += [each.item for each in missed.updates]
        position = missed.reached
        if len(missed.updates) < limit:
            break

    # Each for the first time in its place; a change may be told twice, never left out.
    assert list(dict.fromkeys(heard)) == [4, 5, 6, 2, 3]
    assert position == Position(revision=8, seq=6)
