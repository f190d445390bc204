"""Talking over HTTP: opening a private chat, sending, reading."""

import pytest

from snappio.accounts.services.members import close_account
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message
from snappio.chat.serializers.conversations import ConversationOutput
from snappio.chat.serializers.messages import MessageOutput
from snappio.chat.services.messages import append_messages
from snappio.chat.tests.factories import client_of, draft, private, welcome_strangers
from snappio.core.limits import Limits, Rate

INBOX = "/api/v1/conversations/"


def open_chat(client, username):
    return client.post(INBOX, {"username": username}, format="json")


def send(client, conversation, text="hello", **more):
    address = f"{INBOX}{conversation}/messages/"
    headers = more.pop("headers", None)
    return client.post(address, {"text": text, **more}, format="json", headers=headers)


@pytest.fixture
def chat(alice, bob):
    return open_chat(client_of(alice), "bob").json()["id"]


def test_opening_gives_the_same_chat_to_both(alice, bob):
    mine = open_chat(client_of(alice), "bob")
    theirs = open_chat(client_of(bob), "alice")

    assert mine.status_code == theirs.status_code == 200
    assert mine.json()["id"] == theirs.json()["id"]
    assert mine.json()["username"] == "bob"
    assert set(mine.json()) == set(ConversationOutput().fields)


def test_chat_without_a_word_is_in_nobodys_inbox(alice, bob, chat):
    assert client_of(bob).get(INBOX).json() == []


@pytest.mark.parametrize("username", ["alice", "nobody", "gone", "\x00"])
def test_there_is_nobody_else_to_talk_to(alice, bob, username):
    bob.username = "gone"
    bob.save()
    close_account(bob)

    answer = open_chat(client_of(alice), username)

    assert answer.status_code in (400, 404)
    assert not Conversation.objects.exists()


def test_sent_message_is_in_both_inboxes(alice, bob, chat):
    welcome_strangers(bob)
    answer = send(client_of(alice), chat, "over HTTP")

    assert answer.status_code == 201
    assert set(answer.json()) == set(MessageOutput().fields)
    assert (answer.json()["seq"], answer.json()["sender"]) == (1, "alice")
    (entry,) = client_of(bob).get(INBOX).json()
    assert entry["last_message"]["text"] == "over HTTP"


@pytest.mark.parametrize("named_by", ["client_id", "Idempotency-Key"])
def test_sending_again_gives_the_first_message(alice, chat, named_by):
    name = {"client_id": "once"} if named_by == "client_id" else {"headers": {named_by: "once"}}
    client = client_of(alice)

    first, again = send(client, chat, "one", **name), send(client, chat, "two", **name)

    assert first.json() == again.json()
    assert again.json()["text"] == "one"
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": None},
        {"text": "x" * 10_001},
        {"text": "a\x00b"},
        {"text": "x", "client_id": "x" * 65},
        {"text": "x", "client_id": "a b"},
    ],
)
def test_refuses_what_is_no_message(alice, chat, body):
    answer = client_of(alice).post(f"{INBOX}{chat}/messages/", body, format="json")

    assert answer.status_code == 400
    assert not Message.objects.exists()


def test_stranger_cannot_send_or_read(carol, chat):
    client = client_of(carol)

    sent = send(client, chat)
    read = client.post(f"{INBOX}{chat}/read/", {"seq": 0}, format="json")
    absent = send(client, "999999")

    assert sent.status_code == read.status_code == 404
    assert sent.content == absent.content
    assert not Message.objects.exists()


def test_nobody_can_send_to_a_member_who_left(alice, bob, chat):
    close_account(bob)

    assert send(client_of(alice), chat).status_code == 404


def test_counts_what_is_unread(alice, bob, chat):
    welcome_strangers(bob)
    for _ in range(3):
        send(client_of(alice), chat)
    reader = client_of(bob)

    assert reader.get(INBOX).json()[0]["unread"] == 3
    answer = reader.post(f"{INBOX}{chat}/read/", {"seq": 2}, format="json")

    assert answer.json() == {"read_seq": 2, "delivered_seq": 2, "unread": 1}
    assert reader.get(INBOX).json()[0]["unread"] == 1
    assert client_of(alice).get(INBOX).json()[0]["unread"] == 0


def test_read_marker_never_moves_back(alice, bob, chat):
    for _ in range(3):
        send(client_of(alice), chat)
    reader = client_of(bob)
    reader.post(f"{INBOX}{chat}/read/", {"seq": 3}, format="json")

    answer = reader.post(f"{INBOX}{chat}/read/", {"seq": 1}, format="json")

    assert answer.json() == {"read_seq": 3, "delivered_seq": 3, "unread": 0}


@pytest.mark.parametrize("seq", [2, -1, 2**63, "x", None])
def test_nobody_can_have_read_what_was_not_said(alice, bob, chat, seq):
    send(client_of(alice), chat)

    answer = client_of(bob).post(f"{INBOX}{chat}/read/", {"seq": seq}, format="json")

    assert answer.status_code == 400


def test_looking_on_keeps_no_place_in_a_room(alice, bob):
    append_messages([draft(alice, ConversationKey.open_room("lobby"))])
    room = Conversation.objects.get(kind="room").pk

    answer = client_of(bob).post(f"{INBOX}{room}/read/", {"seq": 1}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (403, "not_a_participant")


def test_sending_in_a_room_reads_it(alice, bob):
    append_messages([draft(alice, ConversationKey.open_room("lobby")) for _ in range(2)])
    append_messages([draft(bob, ConversationKey.open_room("lobby"))])

    assert [client_of(who).get(INBOX).json()[0]["unread"] for who in (alice, bob)] == [1, 0]


def test_sending_is_limited_for_each_member(settings, alice, bob, chat):
    settings.RATE_LIMITS = True
    settings.LIMITS = Limits(messages_member=Rate(1, 60, burst=2))
    client = client_of(alice)

    answers = [send(client, chat).status_code for _ in range(3)]

    assert answers == [201, 201, 429]


def test_sockets_and_requests_append_to_one_order(alice, bob, chat):
    append_messages([draft(bob, private(alice, bob))])

    assert send(client_of(alice), chat).json()["seq"] == 2
