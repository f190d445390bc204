"""`chat/settings/`: the private switches."""

import threading

import pytest
from django.db import connection

from snappio.chat.keys import inbox_topic
from snappio.chat.models import Inbox
from snappio.chat.queries import switches_of
from snappio.chat.serializers.settings import ChatSettingsOutput
from snappio.chat.services.settings import change_switches
from snappio.chat.tests.factories import client_of, make_member, told_by
from snappio.chat.updates import Switches

SETTINGS = "/api/v1/chat/settings/"


def test_all_are_on_until_they_are_turned(alice):
    answer = client_of(alice).get(SETTINGS)

    assert set(answer.json()) == set(ChatSettingsOutput().fields)
    assert set(answer.json().values()) == {True}


def test_turns_what_is_given_and_nothing_else(alice, bob):
    client = client_of(alice)

    client.patch(SETTINGS, {"typing": False}, format="json")
    answer = client.patch(SETTINGS, {"presence": False, "typing": True}, format="json")

    assert answer.json() == client.get(SETTINGS).json()
    assert answer.json() == {
        "receipts": True,
        "typing": True,
        "presence": False,
        "requests": True,
    }
    assert switches_of(bob) == Switches()


@pytest.mark.parametrize("body", [{"receipts": None}, {"typing": "perhaps"}, {"presence": []}, []])
def test_refuses_what_turns_nothing(alice, body):
    answer = client_of(alice).patch(SETTINGS, body, format="json")

    assert answer.status_code == 400
    assert switches_of(alice) == Switches()


def test_needs_a_token(client, db):
    assert client.get(SETTINGS).status_code == 401
    assert client.patch(SETTINGS, {}).status_code == 401


def test_own_sockets_are_told_and_find_it_later(alice, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        change_switches(member=alice, changes={"receipts": False})

    assert told_by(callbacks) == [(inbox_topic(alice.pk), Switches(receipts=False))]
    assert Inbox.objects.get(user=alice).revision == 1


@pytest.mark.parametrize("changes", [{}, {"receipts": True}, {"receipts": True, "typing": True}])
def test_turning_nothing_tells_nobody(alice, changes, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        change_switches(member=alice, changes=changes)

    assert callbacks == []


@pytest.mark.django_db(transaction=True)
def test_two_devices_turn_two_switches_at_once():
    alice = make_member("alice")
    at_once = threading.Barrier(2)

    def turn(name):
        at_once.wait(10)
        for is_on in (True, False) * 5:
            change_switches(member=alice, changes={name: is_on})
        connection.close()

    threads = [threading.Thread(target=turn, args=[name]) for name in ("receipts", "presence")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert switches_of(alice) == Switches(receipts=False, presence=False)
    # The first of each turned nothing.
    assert Inbox.objects.get(user=alice).revision == 18
