"""`conversations/`: the inbox and the history, to those who take part."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from snappio.accounts.services.members import close_account
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation
from snappio.chat.serializers.conversations import ConversationOutput
from snappio.chat.serializers.messages import MessageOutput
from snappio.chat.services.messages import append_messages
from snappio.chat.tests.factories import client_of, draft, make_member, private, welcome_strangers

INBOX = "/api/v1/conversations/"
LOBBY = ConversationKey.open_room("lobby")


def history(key):
    return f"{INBOX}{Conversation.objects.get(key=str(key)).pk}/messages/"


@pytest.mark.parametrize("rows", [1, 3])
def test_inbox_asks_the_same_number_of_queries_for_any_number(
    alice, rows, django_assert_num_queries
):
    for number in range(rows):
        append_messages([draft(alice, private(alice, make_member(f"friend-{number}")))])
    client = client_of(alice)

    # The session, the conversations, last messages, their reactions, places, partners.
    with django_assert_num_queries(6):
        answer = client.get(INBOX)

    assert len(answer.json()) == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_history_asks_the_same_number_of_queries_for_any_number(
    alice, bob, rows, django_assert_num_queries
):
    key = private(alice, bob)
    append_messages([draft(alice, key) for _ in range(rows)])
    client, address = client_of(bob), history(key)

    # The session, the conversation, the messages with their senders, the reactions.
    with django_assert_num_queries(4):
        answer = client.get(address)

    assert len(answer.json()) == rows


def test_inbox_shows_the_latest_first_and_pages(alice, bob, carol):
    welcome_strangers(bob)
    for key in (private(alice, bob), private(alice, carol), LOBBY):
        append_messages([draft(alice, key, str(key))])
    client = client_of(alice)

    page = client.get(INBOX, {"limit": 2})
    assert [(row["kind"], row["name"], row["username"]) for row in page.json()] == [
        ("room", "lobby", None),
        ("private", "Carol", "carol"),
    ]
    address = page["Link"].partition(">")[0].lstrip("<")
    assert [row["username"] for row in client.get(address).json()] == ["bob"]
    assert client_of(bob).get(INBOX).json()[0]["username"] == "alice"


def test_answers_have_the_fields_that_are_documented(alice, bob):
    append_messages([draft(alice, private(alice, bob), raw='{"data":"x"}')])
    client = client_of(alice)

    (entry,) = client.get(INBOX).json()
    (message,) = client.get(history(private(alice, bob))).json()

    assert set(entry) == set(ConversationOutput().fields)
    assert set(message) == set(entry["last_message"]) == set(MessageOutput().fields)


def test_stranger_and_absent_look_the_same(alice, bob, carol):
    append_messages([draft(alice, private(alice, bob), "secret")])
    client = client_of(carol)

    stranger = client.get(history(private(alice, bob)))
    assert stranger.status_code == 404
    for absent in ("999999", "0", "x", "9" * 40, "-1", "٣"):
        answer = client.get(f"{INBOX}{absent}/messages/")
        assert (answer.status_code, answer.content) == (404, stranger.content)
    assert client.get(INBOX).json() == []


def test_without_a_token_both_are_401(alice, bob, client):
    append_messages([draft(alice, private(alice, bob))])
    assert client.get(INBOX).status_code == 401
    assert client.get(history(private(alice, bob))).status_code == 401


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("?limit=2", [4, 5]),
        ("?before=4&limit=2", [2, 3]),
        ("?before=1", []),
        ("?after=3", [4, 5]),
        ("?after=1&limit=2", [2, 3]),
        ("?after=5", []),
        ("?after=-7&limit=1", [1]),
        ("?limit=0", [5]),
        (f"?after={2**63}", []),
        ("?around=3&limit=3", [2, 3, 4]),
        ("?around=3&limit=2", [2, 3]),
        ("?around=1&limit=3", [1, 2, 3]),
        ("?around=5&limit=3", [3, 4, 5]),
        ("?around=99&limit=2", [4, 5]),
        (f"?around=-{2**63}&limit=2", [1, 2]),
        ("?first_unread=false&limit=1", [5]),
    ],
)
def test_history_pages_both_ways(alice, bob, query, numbers):
    key = private(alice, bob)
    append_messages([draft(alice, key) for _ in range(5)])
    answer = client_of(bob).get(history(key) + query)
    assert [message["seq"] for message in answer.json()] == numbers


@pytest.mark.parametrize(
    ("read", "limit", "numbers"),
    [
        # From five messages before the first unread one.
        (15, 10, [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]),
        (10, 4, [9, 10, 11, 12]),
        (10, 50, list(range(1, 21))),
        (0, 3, [1, 2, 3]),
        # With all read, the newest.
        (20, 4, [17, 18, 19, 20]),
        (18, 10, list(range(11, 21))),
    ],
)
def test_history_begins_where_the_reader_left_off(alice, bob, read, limit, numbers):
    key = private(alice, bob)
    append_messages([draft(alice, key) for _ in range(20)])
    client, address = client_of(bob), history(key)
    client.post(address.replace("messages", "read"), {"seq": read}, format="json")

    # One more than other pages: how far the reader is.
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address, {"first_unread": "true", "limit": limit})

    assert len(queries) == 5

    assert [message["seq"] for message in answer.json()] == numbers


def test_onlooker_who_keeps_no_place_begins_with_the_newest(alice, bob):
    append_messages([draft(alice, LOBBY) for _ in range(5)])
    answer = client_of(bob).get(history(LOBBY), {"first_unread": "true", "limit": 2})
    assert [message["seq"] for message in answer.json()] == [4, 5]


def test_links_lead_through_the_history_in_both_directions(alice, bob):
    key = private(alice, bob)
    append_messages([draft(alice, key) for _ in range(5)])
    client = client_of(bob)

    middle = client.get(history(key), {"around": 3, "limit": 2})
    links = dict(part.strip().split("; rel=")[::-1] for part in middle["Link"].split(","))
    older, newer = (client.get(links[f'"{name}"'].strip("<>")) for name in ("prev", "next"))

    assert [message["seq"] for message in older.json()] == [1]
    assert [message["seq"] for message in newer.json()] == [4, 5]
    assert "prev" not in older["Link"]
    assert "next" not in newer["Link"]
    assert not client.get(history(key)).has_header("Link")


@pytest.mark.parametrize(
    "query",
    [
        "?limit=x",
        "?before=1.5",
        "?after=" + "9" * 5000,
        "?around=x",
        "?before=1&after=1",
        "?around=1&first_unread=true",
        "?first_unread=maybe",
    ],
)
def test_a_number_that_is_none_is_a_400(alice, bob, query):
    append_messages([draft(alice, private(alice, bob))])
    assert client_of(bob).get(history(private(alice, bob)) + query).status_code == 400


def test_raw_values_survive_to_the_character(alice, bob):
    raw = '{"b": 123456789012345678901234567890, "a": 1e400, "b": -0.0}'
    append_messages([draft(alice, private(alice, bob), raw=raw)])
    answer = client_of(bob).get(history(private(alice, bob)))
    assert f'"raw":{raw}'.encode() in answer.content


def test_deleted_sender_is_shown_as_deleted(alice, bob):
    welcome_strangers(bob)
    append_messages([draft(alice, private(alice, bob), "kept")])
    close_account(alice)
    client = client_of(bob)

    (message,) = client.get(history(private(alice, bob))).json()
    assert (message["sender"], message["sender_name"], message["sender_kind"], message["text"]) == (
        None,
        "",
        "deleted",
        "kept",
    )
    assert client.get(INBOX).json()[0]["username"] is None
