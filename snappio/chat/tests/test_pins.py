"""Pinning messages, and what moderators may do to those of others."""

from datetime import timedelta

import pytest

from snappio.chat.keys import ConversationKey
from snappio.chat.models import Ban, Conversation, Message, Participant
from snappio.chat.serializers.messages import MessageOutput
from snappio.chat.services.messages import append_messages
from snappio.chat.sources import ChatSource
from snappio.chat.tests.factories import client_of, draft, group_with, make_member, private
from snappio.chat.updates import read_update
from snappio.core.clock import now
from snappio.realtime.updates import Position


@pytest.fixture
def dave(db):
    return make_member("dave")


@pytest.fixture
def group(alice, bob, carol):
    """Alice's, with Bob as moderator; two messages of Carol's."""
    place = group_with({alice: "owner", bob: "moderator", carol: "member"})
    append_messages([draft(carol, ConversationKey.parse(place.key), text) for text in ("a", "b")])
    return f"/api/v1/conversations/{place.pk}/"


@pytest.fixture
def chat(alice, bob):
    append_messages([draft(alice, private(alice, bob), text) for text in ("a", "b", "c")])
    return f"/api/v1/conversations/{Conversation.objects.get().pk}/"


def pin(member, place, seq=1):
    return client_of(member).put(f"{place}messages/{seq}/pin/")


def unpin(member, place, seq=1):
    return client_of(member).delete(f"{place}messages/{seq}/pin/")


def delete(member, place, seq=1):
    return client_of(member).delete(f"{place}messages/{seq}/")


def numbers():
    return Conversation.objects.values_list("last_seq", "revision").get()


def test_both_of_a_private_chat_pin_and_unpin(alice, bob, chat):
    assert [pin(bob, chat, seq).status_code for seq in (1, 3, 3)] == [204, 204, 204]

    pins = client_of(alice).get(f"{chat}pins/").json()
    assert [(message["seq"], message["pinned"]) for message in pins] == [(3, True), (1, True)]
    assert set(pins[0]) == set(MessageOutput().fields)
    assert [unpin(alice, chat, 3).status_code for _ in range(2)] == [204, 204]
    assert [message["seq"] for message in client_of(bob).get(f"{chat}pins/").json()] == [1]
    # A pin is a change; pinning again is none.
    assert numbers() == (3, 6)


def test_listeners_hear_of_a_pin(alice, bob, chat):
    pin(alice, chat, 2)

    missed = ChatSource().missed(private(alice, bob).topic, Position(3, 3), 10)

    (told,) = map(read_update, missed.updates)
    assert (told.seq, told.revision, told.pinned) == (2, 4, True)


def test_deleted_message_is_pinned_no_more(alice, chat):
    pin(alice, chat)
    delete(alice, chat)

    assert client_of(alice).get(f"{chat}pins/").json() == []
    assert pin(alice, chat).status_code == unpin(alice, chat).status_code == 404


def test_pins_have_an_end(alice, chat):
    Message.objects.filter(seq__lt=3).update(pinned_at=now())
    place = Conversation.objects.get()
    Message.objects.bulk_create(
        Message(
            conversation=place, seq=seq, revision=seq, sender=alice, sender_kind="member",
            client_id=str(seq), sent_at=now(), pinned_at=now(),
        )
        for seq in range(10, 58)
    )  # fmt: skip

    answer = pin(alice, chat, 3)

    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_pins")
    assert len(client_of(alice).get(f"{chat}pins/").json()) == 50
    unpin(alice, chat, 1)
    assert pin(alice, chat, 3).status_code == 204


@pytest.mark.parametrize("act", [pin, unpin, delete])
def test_in_a_group_the_owner_and_moderators_may(alice, bob, group, act):
    assert [act(bob, group, 1).status_code, act(alice, group, 2).status_code] == [204, 204]


@pytest.mark.parametrize("act", [pin, unpin])
def test_other_members_pin_nothing(carol, group, act):
    answer = act(carol, group)

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert numbers() == (2, 2)


@pytest.mark.parametrize("act", [pin, unpin, delete])
def test_to_strangers_there_is_no_group(dave, group, act):
    answer = act(dave, group)

    assert (answer.status_code, answer.json()["code"]) == (404, "conversation_not_found")
    assert numbers() == (2, 2)


def test_member_deletes_only_what_is_their_own(alice, carol, group):
    append_messages([draft(alice, ConversationKey.parse(Conversation.objects.get().key))])

    theirs, own = delete(carol, group, 3), delete(carol, group, 1)

    assert (theirs.status_code, theirs.json()["code"]) == (403, "not_your_message")
    assert own.status_code == 204


def test_moderator_deletes_and_does_not_edit(bob, group):
    edit = client_of(bob).patch(f"{group}messages/1/", {"text": "x"}, format="json")
    assert (edit.status_code, edit.json()["code"]) == (403, "not_your_message")


def test_nobody_moderates_an_open_room_that_has_no_owner(alice, bob):
    lobby = ConversationKey.open_room("lobby")
    append_messages([draft(alice, lobby), draft(bob, lobby)])
    place = f"/api/v1/conversations/{Conversation.objects.get().pk}/"

    assert [pin(alice, place).status_code, delete(bob, place).status_code] == [403, 403]


def test_silenced_member_changes_nothing_but_may_take_back(carol, group):
    append_messages([draft(carol, ConversationKey.parse(Conversation.objects.get().key))])
    Participant.objects.filter(user=carol).update(silenced_until=now() + timedelta(hours=1))
    client = client_of(carol)

    edit = client.patch(f"{group}messages/1/", {"text": "x"}, format="json")
    react = client.put(f"{group}messages/1/reactions/%F0%9F%91%8D/")

    assert [edit.status_code, react.status_code] == [403, 403]
    assert edit.json()["code"] == react.json()["code"] == "silenced"
    assert delete(carol, group).status_code == 204


def test_banned_member_changes_nothing_in_an_open_room(alice, bob):
    lobby = ConversationKey.open_room("lobby")
    append_messages([draft(alice, lobby)])
    place = Conversation.objects.get()
    Ban.objects.create(conversation=place, user=alice, by=bob)

    answer = delete(alice, f"/api/v1/conversations/{place.pk}/")

    assert (answer.status_code, answer.json()["code"]) == (404, "conversation_not_found")


def test_newcomer_neither_sees_nor_changes_what_came_before(bob, carol, group):
    pin(bob, group, 1)
    pin(bob, group, 2)
    Participant.objects.filter(user__in=[bob, carol]).update(first_seq=2)
    client = client_of(bob)

    assert [message["seq"] for message in client.get(f"{group}messages/").json()] == [2]
    assert [message["seq"] for message in client.get(f"{group}pins/").json()] == [2]
    assert client.get(f"{group}messages/1/").status_code == 404
    for answer in (pin(bob, group), unpin(bob, group), delete(carol, group)):
        assert (answer.status_code, answer.json()["code"]) == (404, "message_not_found")
    assert client.get(f"{group}messages/?around=1").json()[0]["seq"] == 2


@pytest.mark.parametrize("rows", [1, 3])
def test_pins_ask_the_same_number_of_queries_for_any_number(
    alice, bob, chat, rows, django_assert_num_queries
):
    for seq in range(1, rows + 1):
        pin(alice, chat, seq)
    client = client_of(bob)

    # The session, the conversation, the messages with their senders, the reactions.
    with django_assert_num_queries(4):
        answer = client.get(f"{chat}pins/")

    assert len(answer.json()) == rows


def test_without_a_token_all_is_401(client, chat):
    assert client.get(f"{chat}pins/").status_code == 401
    assert client.put(f"{chat}messages/1/pin/").status_code == 401
    assert client.delete("/api/v1/conversations/x/messages/x/pin/").status_code == 401
