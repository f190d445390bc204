"""Chats that strangers begin: waiting apart, accepted, declined."""

import pytest

from snappio.accounts.services.members import close_account
from snappio.chat.errors import ConversationNotFound
from snappio.chat.keys import ROOM, ConversationKey, inbox_topic
from snappio.chat.models import Conversation, Message, Participant, Visibility
from snappio.chat.queries import get_conversation
from snappio.chat.services.changes import react
from snappio.chat.services.conversations import open_private_chat
from snappio.chat.services.messages import append_messages
from snappio.chat.services.places import mark_delivered, mark_read
from snappio.chat.services.requests import accept_request, decline_request
from snappio.chat.sources import ChatSource
from snappio.chat.tests.factories import (
    client_of,
    draft,
    make_group,
    make_member,
    private,
    told_by,
    welcome_strangers,
)
from snappio.chat.updates import InboxChange, Marker, MessageState
from snappio.core.limits import Limits, Rate
from snappio.realtime.updates import Position

INBOX = "/api/v1/conversations/"


@pytest.fixture
def key(alice, bob):
    return private(alice, bob)


@pytest.fixture
def request_to_bob(alice, key):
    """What Alice, a stranger, wrote to Bob."""
    append_messages([draft(alice, key, "hello?")])
    return Conversation.objects.get()


def lists_of(member):
    """Return the partners in the member's list, and in that of requests."""
    client = client_of(member)
    lists = (client.get(INBOX, {"requests": which}).json() for which in ("false", "true"))
    return tuple(
        [entry["username"] for entry in entries if entry["kind"] == "private"] for entries in lists
    )


def is_request():
    conversation = Conversation.objects.get(kind="private")
    asked = conversation.participants.filter(is_request=True).exists()
    assert asked == conversation.is_request
    return asked


def test_what_a_stranger_begins_waits_apart(alice, bob, request_to_bob):
    assert lists_of(bob) == ([], ["alice"])
    assert lists_of(alice) == (["bob"], [])
    assert client_of(bob).get(INBOX).json() == []
    (entry,) = client_of(bob).get(INBOX, {"requests": "true"}).json()
    assert (entry["is_request"], entry["unread"]) == (True, 1)
    # Whoever began it is not told that it waits.
    assert client_of(alice).get(INBOX).json()[0]["is_request"] is False


def test_a_list_is_one_or_the_other(bob, request_to_bob):
    assert client_of(bob).get(INBOX, {"requests": "perhaps"}).status_code == 400


def test_a_chat_that_was_opened_first_waits_too(alice, bob, key):
    conversation = open_private_chat(opener=alice, username="bob")
    address = f"{INBOX}{conversation.pk}/messages/"

    assert client_of(alice).post(address, {"text": "hello"}, format="json").status_code == 201

    assert lists_of(bob) == ([], ["alice"])


def test_who_writes_first_is_the_stranger_whoever_opened_it(alice, bob, key):
    open_private_chat(opener=alice, username="bob")

    append_messages([draft(bob, key)])

    assert (lists_of(alice), lists_of(bob)) == (([], ["bob"]), (["alice"], []))


def test_who_welcomes_strangers_has_it_in_the_list(alice, bob, key):
    welcome_strangers(bob)

    append_messages([draft(alice, key)])

    assert lists_of(bob) == (["alice"], [])


@pytest.mark.parametrize(
    ("kind", "visibility", "is_stranger"),
    [
        ("group", Visibility.PRIVATE, False),
        ("room", Visibility.PRIVATE, False),
        ("room", Visibility.MEMBERS, False),
        ("room", Visibility.OPEN, True),
    ],
)
def test_who_shares_a_group_is_no_stranger(alice, bob, kind, visibility, is_stranger):
    make_group(alice, bob, kind=kind, visibility=visibility)

    append_messages([draft(alice, private(alice, bob))])

    assert is_request() == is_stranger


def test_who_only_knows_the_same_people_is_a_stranger(alice, bob, carol, key):
    make_group(alice, carol)
    make_group(bob, carol)

    append_messages([draft(alice, key)])

    assert is_request()


def test_who_writes_again_still_waits(alice, bob, key, request_to_bob):
    append_messages([draft(alice, key), draft(alice, key)])

    assert is_request()


@pytest.mark.parametrize("how", ["accepts", "writes", "writes over http", "reacts"])
def test_accepting(alice, bob, key, request_to_bob, how):
    address = f"{INBOX}{request_to_bob.pk}/"
    if how == "writes":
        append_messages([draft(bob, key, raw='{"data":"hello"}')])
    else:
        call, path, body = {
            "accepts": ("post", "accept/", None),
            "writes over http": ("post", "messages/", {"text": "hello"}),
            "reacts": ("put", "messages/1/reactions/👋/", None),
        }[how]
        answer = getattr(client_of(bob), call)(address + path, body, format="json")
        assert answer.status_code in (201, 204)

    assert not is_request()
    assert lists_of(bob) == (["alice"], [])
    assert client_of(bob).post(f"{address}accept/").status_code == 204


def test_an_answer_in_the_same_batch_accepts(alice, bob, key):
    append_messages([draft(alice, key), draft(bob, key), draft(alice, key)])

    assert not is_request()
    assert lists_of(bob) == (["alice"], [])


def test_strangers_of_one_batch_wait_each(alice, bob, carol):
    make_group(alice, carol)

    append_messages([draft(alice, private(alice, bob)), draft(alice, private(alice, carol))])

    assert lists_of(bob) == ([], ["alice"])
    assert lists_of(carol) == (["alice"], [])


@pytest.mark.parametrize("path", ["accept/", "decline/"])
def test_only_who_is_asked_may_answer(alice, carol, client, request_to_bob, path):
    address = f"{INBOX}{request_to_bob.pk}/{path}"
    hidden = client_of(carol).post(address)
    absent = client_of(carol).post(f"{INBOX}999999/{path}")

    client_of(alice).post(address)

    assert client.post(address).status_code == 401
    assert (hidden.status_code, hidden.content) == (404, absent.content)
    assert is_request()
    assert lists_of(alice) == (["bob"], [])


def test_nothing_but_a_request_can_be_declined(alice, bob, request_to_bob):
    accept_request(conversation=request_to_bob, member=bob)

    answers = [client_of(who).post(f"{INBOX}{request_to_bob.pk}/decline/") for who in (alice, bob)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (409, "not_a_request")
    ] * 2


def test_what_was_declined_is_out_of_sight(alice, bob, key, request_to_bob):
    client, address = client_of(bob), f"{INBOX}{request_to_bob.pk}/"
    assert client.post(f"{address}decline/").status_code == 204

    append_messages([draft(alice, key, "are you there?")])

    assert lists_of(bob) == ([], [])
    assert client.get(f"{INBOX}unread/").json()["requests"] == 0
    assert client.get(f"{address}messages/").status_code == 404
    assert client.post(f"{address}decline/").status_code == 404
    assert Message.objects.count() == 2


def test_who_was_declined_notices_nothing(alice, bob, key, request_to_bob):
    client = client_of(alice)
    before = client.get(INBOX).json()

    decline_request(conversation=request_to_bob, member=bob)

    assert client.get(INBOX).json() == before
    address = f"{INBOX}{request_to_bob.pk}/messages/"
    assert client.post(address, {"text": "again"}, format="json").status_code == 201
    opened = client.post(INBOX, {"username": "bob"}, format="json").json()
    assert (opened["id"], opened["username"]) == (before[0]["id"], "bob")
    # … and cannot undo it.
    assert lists_of(bob) == ([], [])


def test_opening_what_was_declined_brings_it_back_as_it_was(alice, bob, key, request_to_bob):
    decline_request(conversation=request_to_bob, member=bob)

    opened = client_of(bob).post(INBOX, {"username": "alice"}, format="json")

    assert (opened.status_code, opened.json()["is_request"]) == (200, True)
    assert lists_of(bob) == ([], ["alice"])
    assert is_request()


@pytest.mark.parametrize("is_retry", [False, True])
def test_writing_where_one_declined_accepts(alice, bob, key, request_to_bob, is_retry):
    decline_request(conversation=request_to_bob, member=bob)

    append_messages([draft(bob, key, "well then", raw='"well then"')], is_retry=is_retry)

    assert not is_request()
    assert lists_of(bob) == (["alice"], [])
    place = Participant.objects.get(user=bob)
    assert (place.read_seq, place.delivered_seq) == (2, 2)


def test_own_devices_are_told_and_the_stranger_is_not(
    alice, bob, key, request_to_bob, django_capture_on_commit_callbacks
):
    def told(event, reason=""):
        return [(inbox_topic(bob.pk), InboxChange(str(request_to_bob.pk), event, reason))]

    def what(call):
        with django_capture_on_commit_callbacks() as callbacks:
            call()
        return [each for each in told_by(callbacks) if not isinstance(each[1], MessageState)]

    def accept():
        accept_request(conversation=request_to_bob, member=bob)

    def decline():
        decline_request(conversation=request_to_bob, member=bob)

    assert what(decline) == told("removed", "left")
    assert what(lambda: open_private_chat(opener=bob, username="alice")) == told("added")
    assert what(accept) == told("changed")
    assert what(accept) == []


def test_no_marker_of_a_request_is_told(
    alice, bob, key, request_to_bob, django_capture_on_commit_callbacks
):
    append_messages([draft(alice, key)])

    def markers():
        with django_capture_on_commit_callbacks() as callbacks:
            mark_delivered(conversation=request_to_bob, receiver=bob, seq=1)
            mark_read(conversation=request_to_bob, reader=bob, seq=2)
        return [each for _, each in told_by(callbacks) if isinstance(each, Marker)]

    assert markers() == []
    Participant.objects.filter(user=bob).update(read_seq=0, delivered_seq=0)
    accept_request(conversation=request_to_bob, member=bob)
    assert len(markers()) == 2


def test_request_of_a_member_who_left_can_be_declined(alice, bob, key, request_to_bob):
    close_account(alice)

    with pytest.raises(Exception, match="nobody of this name"):
        react(member=bob, conversation=request_to_bob, seq=1, emoji="👋")
    decline_request(conversation=request_to_bob, member=bob)

    assert lists_of(bob) == ([], [])


def test_domain_finds_nothing_for_who_declined(bob, key, request_to_bob):
    decline_request(conversation=request_to_bob, member=bob)

    with pytest.raises(ConversationNotFound):
        get_conversation(str(request_to_bob.pk), viewer=bob)
    for answer in (accept_request, decline_request):
        with pytest.raises(ConversationNotFound):
            answer(conversation=request_to_bob, member=bob)


def test_old_sockets_of_both_go_on_hearing(alice, bob, carol, key, request_to_bob):
    source = ChatSource()
    both = {alice.pk, bob.pk}

    assert source.may_read(key.topic, [*both, carol.pk], Position(1, 1)) == both
    decline_request(conversation=request_to_bob, member=bob)
    assert source.may_read(key.topic, [*both, carol.pk], Position(1, 1)) == both


def test_strangers_to_begin_with_are_limited(alice, bob, carol, settings, rate_limits):
    settings.LIMITS = Limits(stranger_chats=Rate(2, 60))
    dora, erin = make_member("dora"), make_member("erin")
    make_group(alice, dora)
    client = client_of(alice)

    def opens(member):
        answer = client.post(INBOX, {"username": member.username}, format="json")
        return answer.status_code

    assert [opens(bob), opens(carol), opens(erin)] == [200, 200, 429]
    # Who is known, and what is open already, costs nothing.
    assert [opens(dora), opens(bob)] == [200, 200]
    # Existing clients know no such refusal: their first message is never one too many.
    (stored,) = append_messages([draft(alice, private(alice, erin), raw='"hello"')])
    assert stored.message.seq == 1


def test_counts_what_is_unread(alice, bob, carol):
    group = make_group(alice, bob, carol)
    append_messages([draft(alice, ConversationKey.parse(group.key)) for _ in range(3)])
    append_messages([draft(carol, private(carol, bob)) for _ in range(2)])
    append_messages([draft(alice, ConversationKey.open_room("lobby"))])
    append_messages([draft(bob, ConversationKey.open_room("lobby"))])
    append_messages([draft(carol, ConversationKey.open_room("lobby"))])
    dora = make_member("dora")
    append_messages([draft(dora, private(dora, bob))])
    client = client_of(bob)

    def totals():
        return client.get(f"{INBOX}unread/").json()

    everything = {
        "total": 6,
        "conversations": 3,
        "muted_total": 0,
        "muted_conversations": 0,
        "requests": 1,
    }
    assert totals() == everything
    lobby = Conversation.objects.get(kind=ROOM).pk
    client.put(f"{INBOX}{group.pk}/mute/", {"seconds": None}, format="json")
    client.post(f"{INBOX}{lobby}/read/", {"seq": 3}, format="json")
    assert totals() == {
        **everything,
        "total": 2,
        "conversations": 1,
        "muted_total": 3,
        "muted_conversations": 1,
    }


def test_newcomers_have_nothing_unread_that_they_cannot_see(alice, bob):
    group = make_group(alice, bob)
    append_messages([draft(alice, ConversationKey.parse(group.key)) for _ in range(3)])
    group.participants.filter(user=bob).update(first_seq=3)

    assert client_of(bob).get(f"{INBOX}unread/").json()["total"] == 1
    assert client_of(bob).get(INBOX).json()[0]["unread"] == 1


def test_unread_needs_a_token(client, db):
    assert client.get(f"{INBOX}unread/").status_code == 401


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_unread_asks_the_same_number_of_queries_for_any_number(
    alice, bob, rows, django_assert_num_queries
):
    for _ in range(rows):
        append_messages([draft(alice, ConversationKey.parse(make_group(alice, bob).key))])
    client = client_of(bob)

    # The session, the sums.
    with django_assert_num_queries(2):
        answer = client.get(f"{INBOX}unread/")

    assert answer.json()["total"] == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_requests_ask_the_same_number_of_queries_for_any_number(
    bob, rows, django_assert_num_queries
):
    for number in range(rows):
        stranger = make_member(f"stranger-{number}")
        append_messages([draft(stranger, private(stranger, bob))])
    client = client_of(bob)

    # The session, the conversations, last messages, their reactions, places, partners.
    with django_assert_num_queries(6):
        answer = client.get(INBOX, {"requests": "true"})

    assert len(answer.json()) == rows
