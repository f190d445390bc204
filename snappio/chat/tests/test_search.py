"""Finding messages by their words, in one's own conversations and nowhere else."""

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from snappio.chat import search
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message, Participant
from snappio.chat.serializers.messages import MessageOutput
from snappio.chat.services.messages import append_messages
from snappio.chat.tests.factories import client_of, draft, group_with, private
from snappio.core.limits import Limits, Rate

SEARCH = "/api/v1/search/"
LOBBY = ConversationKey.open_room("lobby")


@pytest.fixture
def key(alice, bob):
    return private(alice, bob)


def find(client, words, **more):
    return client.get(SEARCH, {"type": "messages", "q": words, **more})


def texts(client, words, **more):
    answer = find(client, words, **more)
    assert answer.status_code == 200, answer.content
    return [message["text"] for message in answer.json()]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Tea at five", "tea"),
        ("tea at FIVE", "five TEA"),
        ("tea at five", "tea fi"),
        ("Größe zählt", "größe ZÄHLT"),
        ("привет мир", "ПРИВЕТ"),
        ("it's here", "it's"),
        ('say "hi"', '"hi"'),
        ("a & b | c", "b & c"),
        ("100% sure_thing \\o/", "100% sure"),
        ("日本語", "日本"),
        ("हिन्दी में", "हिन्दी"),
        ("NEAR the sea", "near"),
        ("this or that", "that OR"),
    ],
)
def test_finds_what_has_all_the_words(alice, bob, key, text, words):
    append_messages([draft(alice, key, text), draft(bob, key, "something else")])
    assert texts(client_of(bob), words) == [text]


@pytest.mark.parametrize(
    "words",
    [
        "coffee",
        "tea coffee",
        "fi tea",
        "%",
        "%ea",
        "tea%five",
        "*",
        "tea OR coffee",
        "tea NOT five",
        "tea -five x",
        "text:tea",
        "x\\",
        "'",
        '"',
        "!!! ???",
        "^tea five six",
        "tea:*&!five",
        "x" * 200,
        "' | 'coffee",
        "NEAR(tea five)",
        "👍",
    ],
)
def test_signs_mean_nothing_and_break_nothing(alice, bob, key, words):
    append_messages([draft(alice, key, "tea at five")])
    # What is a word among these is looked for, and not there.
    assert texts(client_of(bob), words) == []


def test_finds_only_where_the_searcher_takes_part(alice, bob, carol, key):
    group = group_with({alice: "owner", bob: "member"})
    # One after the other: those of one batch are equally new.
    append_messages([draft(alice, key, "tea for two")])
    append_messages([draft(alice, ConversationKey.parse(group.key), "tea for some")])
    append_messages([draft(alice, LOBBY, "tea for all")])

    assert texts(client_of(alice), "tea") == ["tea for all", "tea for some", "tea for two"]
    assert texts(client_of(bob), "tea") == ["tea for some", "tea for two"]
    # Carol may look into the room, and takes no part in it.
    assert texts(client_of(carol), "tea") == []
    Participant.objects.filter(user=bob, conversation=group).delete()
    assert texts(client_of(bob), "tea") == ["tea for two"]


def test_keeps_to_one_conversation_if_asked_to(alice, bob, carol, key):
    append_messages([draft(alice, key, "tea"), draft(alice, private(alice, carol), "tea too")])
    conversation = Conversation.objects.get(key=str(key)).pk

    assert texts(client_of(alice), "tea", conversation=conversation) == ["tea"]
    hidden = find(client_of(carol), "tea", conversation=conversation)
    absent = find(client_of(carol), "tea", conversation="999999")
    assert (hidden.status_code, hidden.content) == (404, absent.content)


def test_finds_nothing_from_before_a_newcomers_time(alice, bob):
    group = group_with({alice: "owner", bob: "member"})
    for number in (1, 2):
        append_messages([draft(alice, ConversationKey.parse(group.key), f"tea {number}")])
    Participant.objects.filter(user=bob).update(first_seq=2)

    assert texts(client_of(bob), "tea") == ["tea 2"]
    assert texts(client_of(alice), "tea") == ["tea 2", "tea 1"]


def test_index_follows_edits_deletions_and_removals(alice, key):
    append_messages([draft(alice, key, f"tea {number}") for number in (1, 2, 3)])
    client = client_of(alice)
    messages = f"/api/v1/conversations/{Conversation.objects.get().pk}/messages/"

    client.patch(f"{messages}1/", {"text": "coffee"}, format="json")
    client.delete(f"{messages}2/")

    assert texts(client, "tea") == ["tea 3"]
    assert texts(client, "coffee") == ["coffee"]
    Message.objects.filter(seq=3).delete()
    assert texts(client, "tea") == []


def test_pages_with_a_cursor(alice, key):
    for number in range(5):
        append_messages([draft(alice, key, f"tea {number}")])
    client = client_of(alice)

    page, seen = find(client, "tea", limit=2), []
    while True:
        seen += [message["text"] for message in page.json()]
        if not page.has_header("Link"):
            break
        page = client.get(page["Link"].partition(">")[0].lstrip("<"))

    assert seen == [f"tea {number}" for number in (4, 3, 2, 1, 0)]
    assert set(page.json()[0]) == set(MessageOutput().fields)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"q": "tea"},
        {"type": "messages"},
        {"type": "messages", "q": ""},
        {"type": "messages", "q": "x" * 201},
        {"type": "messages", "q": "a\x00b"},
        {"type": "mail", "q": "tea"},
        {"type": "messages", "q": "tea", "cursor": "x"},
        {"type": "messages", "q": "tea", "limit": "x"},
        {"type": "messages", "q": "tea", "conversation": "9" * 30},
    ],
)
def test_refuses_what_is_no_search(alice, query):
    assert client_of(alice).get(SEARCH, query).status_code == 400


def test_searches_are_limited(alice, settings):
    settings.RATE_LIMITS = True
    settings.LIMITS = Limits(searches_member=Rate(2, 60))
    client = client_of(alice)

    answers = [find(client, "tea") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].has_header("Retry-After")


def test_search_that_takes_too_long_is_ended(alice, key, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite ends no statement by the clock; it serves a small instance.")
    append_messages([draft(alice, key, "tea")])
    monkeypatch.setattr(search, "TIMEOUT_MILLISECONDS", 50)
    slow = Message.objects.extra(where=["pg_sleep(5) IS NOT NULL"])

    with pytest.raises(OperationalError):
        search._first_ids(slow, 1)


@pytest.mark.parametrize("rows", [1, 3])
def test_asks_the_same_number_of_queries_for_any_number(alice, key, rows):
    append_messages([draft(alice, key, "tea") for _ in range(rows)])
    client = client_of(alice)

    with CaptureQueriesContext(connection) as queries:
        assert len(texts(client, "tea")) == rows

    asked = [query for query in queries if "chat_" in query["sql"] and "SELECT" in query["sql"]]
    # Which, the messages with their senders, the reactions.
    assert len(asked) == 3


def test_without_a_token_all_is_401(client):
    assert client.get(SEARCH, {"type": "messages", "q": "tea"}).status_code == 401


def test_words_are_found_before_and_after_they_are_worked_in(alice, key):
    append_messages([draft(alice, key, "a marmot whistles")])
    assert texts(client_of(alice), "marmot") == ["a marmot whistles"]

    search.work_in_new_words()

    assert texts(client_of(alice), "marmot") == ["a marmot whistles"]
