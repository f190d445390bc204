"""Messages to be sent later: sent once, at their time, by whoever may."""

from datetime import timedelta

import pytest
from django.db import transaction

from snappio.accounts.services.sessions import sign_out
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Ban, Conversation, Message, Participant, ScheduledMessage
from snappio.chat.serializers.scheduled import ScheduledMessageOutput
from snappio.chat.services import scheduled
from snappio.chat.services.conversations import open_private_chat
from snappio.chat.services.messages import append_messages
from snappio.chat.tasks import send_due_messages
from snappio.chat.tests.factories import (
    client_of,
    draft,
    group_with,
    private,
    session_of,
)
from snappio.core.clock import now
from snappio.core.limits import Limits
from snappio.jobs.models import QueuedJob
from snappio.jobs.queue import run_due_jobs
from snappio.profiles.services import delete_member


@pytest.fixture
def chat(alice, bob):
    conversation = open_private_chat(opener=alice, username="bob")
    return f"/api/v1/conversations/{conversation.pk}/scheduled/"


def in_minutes(minutes):
    return (now() + timedelta(minutes=minutes)).isoformat()


def schedule(client, chat, minutes=5, **body):
    given = {"text": "later", "send_at": in_minutes(minutes), **body}
    return client.post(chat, given, format="json")


def come_due():
    ScheduledMessage.objects.update(send_at=now() - timedelta(seconds=1))


def sent():
    return list(Message.objects.order_by("seq").values_list("text", "client_id"))


def test_message_waits_and_is_sent_once(alice, bob, chat):
    answer = schedule(client_of(alice), chat, client_id="x", text="see #tea")
    assert (answer.status_code, sent()) == (201, [])
    assert set(answer.json()) == set(ScheduledMessageOutput().fields)

    send_due_messages.call()
    assert sent() == []
    come_due()
    for _ in range(2):
        send_due_messages.call()

    assert sent() == [("see #tea", "x")]
    assert client_of(alice).get(chat).json() == []
    (message,) = client_of(bob).get(chat.replace("scheduled", "messages")).json()
    assert (message["sender"], message["sender_kind"], message["entities"][0]["value"]) == (
        "alice",
        "member",
        "tea",
    )


def test_is_sent_at_its_second_by_a_job_of_its_own(alice, chat):
    scheduled_id = schedule(client_of(alice), chat, 1.01).json()["id"]
    ScheduledMessage.objects.update(send_at=now() + timedelta(seconds=30))
    send_due_messages.call()
    assert QueuedJob.objects.get().args_kwargs["kwargs"] == {"scheduled_id": scheduled_id}

    # Put off meanwhile, it is not due when the job comes.
    run_due_jobs(at=now() + timedelta(seconds=31))
    assert sent() == []
    come_due()
    assert scheduled.send_scheduled(scheduled_id)
    assert not scheduled.send_scheduled(scheduled_id)
    assert len(sent()) == 1


def test_nothing_is_lost_or_doubled_if_sending_breaks_off(alice, chat):
    scheduled_id = schedule(client_of(alice), chat).json()["id"]
    come_due()

    with transaction.atomic():
        assert scheduled.send_scheduled(scheduled_id)
        transaction.set_rollback(True)

    assert (sent(), ScheduledMessage.objects.count()) == ([], 1)
    assert scheduled.send_due() == 1


def test_same_client_id_is_the_same_message_scheduled_or_sent(alice, bob, chat):
    client = client_of(alice)
    first, again = (schedule(client, chat, text=text, client_id="x") for text in ("one", "two"))
    assert first.json() == again.json()

    append_messages([draft(alice, private(alice, bob), "at once", client_id="x")])
    come_due()
    scheduled.send_due()

    assert sent() == [("at once", "x")]
    assert not ScheduledMessage.objects.exists()


@pytest.mark.parametrize("goes", ["signs out", "is disabled", "deletes the account"])
def test_sender_must_be_there_and_need_not_be_signed_in(alice, chat, goes):
    schedule(client_of(alice), chat)
    if goes == "signs out":
        sign_out(session_of(alice))
    elif goes == "is disabled":
        alice.is_active = False
        alice.save()
    else:
        delete_member(alice)
        assert not ScheduledMessage.objects.exists()
    come_due()

    assert scheduled.send_due() == (goes == "signs out")
    assert not ScheduledMessage.objects.exists()


def test_refusal_is_kept_and_shown_until_it_waits_again(alice, bob, chat):
    client = client_of(alice)
    address = f"{chat}{schedule(client, chat).json()['id']}/"
    come_due()
    bob.is_active = False
    bob.save()

    for _ in range(2):
        assert scheduled.send_due() == 0
    assert [row["refusal"] for row in client.get(chat).json()] == ["nobody_to_talk_to"]

    bob.is_active = True
    bob.save()
    assert client.patch(address, {"text": "still?"}, format="json").json()["refusal"]
    answer = client.patch(address, {"send_at": in_minutes(2)}, format="json")
    assert (answer.json()["refusal"], answer.json()["text"]) == (None, "still?")
    come_due()
    assert scheduled.send_due() == 1


@pytest.mark.parametrize("state", ["removed", "silenced", "slow"])
def test_place_is_asked_for_at_the_time_of_sending(alice, bob, state):
    group = group_with({alice: "owner", bob: "member"})
    client = client_of(bob)
    chat = f"/api/v1/conversations/{group.pk}/scheduled/"
    assert schedule(client, chat).status_code == 201
    places = Participant.objects.filter(user=bob)
    if state == "removed":
        places.delete()
    elif state == "silenced":
        places.update(silenced_until=now() + timedelta(hours=1))
    else:
        Conversation.objects.update(slow_mode_seconds=60)
        places.update(wrote_at=now())
    come_due()

    assert scheduled.send_due() == 0

    left = list(ScheduledMessage.objects.values_list("refusal", flat=True))
    # A pause is waited for; of a conversation one cannot see, there is no list.
    assert left == {"removed": [], "silenced": ["silenced"], "slow": [""]}[state]


def test_one_that_fails_holds_up_no_other(alice, chat, monkeypatch):
    client = client_of(alice)
    for text in ("one", "two"):
        schedule(client, chat, text=text)
    come_due()
    append, calls = scheduled.append_messages, []

    def break_once(drafts):
        calls.append(drafts)
        if len(calls) == 1:
            raise RuntimeError
        return append(drafts)

    monkeypatch.setattr(scheduled, "append_messages", break_once)

    assert [scheduled.send_due(), scheduled.send_due()] == [1, 1]
    assert {text for text, _ in sent()} == {"one", "two"}


def test_own_ones_are_changed_and_cancelled(alice, chat):
    client = client_of(alice)
    address = f"{chat}{schedule(client, chat).json()['id']}/"

    changed = client.patch(address, {"text": "new", "send_at": in_minutes(9)}, format="json")

    assert (changed.status_code, changed.json()["text"]) == (200, "new")
    assert [client.delete(address).status_code for _ in range(2)] == [204, 404]
    assert client.get(chat).json() == []


def test_those_of_others_and_absent_ones_look_the_same(alice, bob, carol, chat):
    address = f"{chat}{schedule(client_of(alice), chat).json()['id']}/"
    assert client_of(bob).get(chat).json() == []
    absent = [f"{chat}{number}/" for number in ("0", "999999", "x", "-1", "9" * 40)]

    for client in (client_of(bob), client_of(carol)):
        answers = [
            answer
            for each in (address, *absent)
            for answer in (client.delete(each), client.patch(each, {"text": "x"}, format="json"))
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1
    assert schedule(client_of(carol), chat).status_code == 404
    assert client_of(carol).get(chat).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": "x" * 10_001},
        {"text": "a\x00b"},
        {"client_id": "a b"},
        {"client_id": "x" * 65},
        {"reply_to": 1},
        {"reply_to": -1},
        {"send_at": None},
        {"send_at": "soon"},
        {"send_at": "0001-01-01T00:00:00+14:00"},
        {"send_at": "9999-12-31T23:59:59-14:00"},
        {"send_at": in_minutes(0.5)},
        {"send_at": in_minutes(366 * 24 * 60)},
    ],
)
def test_refuses_what_cannot_be_scheduled(alice, chat, body):
    answer = schedule(client_of(alice), chat, **body)

    assert answer.status_code == 400
    assert not ScheduledMessage.objects.exists()


def test_only_so_many_wait(alice, chat, settings):
    settings.LIMITS = Limits(scheduled_messages=2)
    client = client_of(alice)

    answers = [schedule(client, chat) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 400]
    assert answers[2].json()["code"] == "too_many_scheduled"


def test_banned_and_silenced_schedule_nothing(alice, bob):
    append_messages([draft(alice, ConversationKey.open_room("lobby"))])
    lobby = Conversation.objects.get()
    chat = f"/api/v1/conversations/{lobby.pk}/scheduled/"
    Participant.objects.update(silenced_until=now() + timedelta(hours=1))
    assert schedule(client_of(alice), chat).status_code == 403
    Ban.objects.create(conversation=lobby, user=alice, by=bob)
    assert schedule(client_of(alice), chat).status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_list_asks_the_same_number_of_queries_for_any_number(
    alice, chat, rows, django_assert_num_queries
):
    client = client_of(alice)
    for _ in range(rows):
        schedule(client, chat)

    # The session, the conversation, the rows.
    with django_assert_num_queries(3):
        assert len(client.get(chat).json()) == rows


def test_without_a_token_all_is_401(client, chat):
    answers = [client.get(chat), client.post(chat), client.delete(f"{chat}x/")]
    assert {answer.status_code for answer in answers} == {401}
