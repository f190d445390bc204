"""Closing an account leaves every group and room, and nothing of the others' behind."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from snappio.chat.models import Conversation, Participant
from snappio.chat.tests.factories import client_of, group_of, make_member, private, room_of, say
from snappio.profiles.services import delete_member


@pytest.fixture
def deeds(alice, bob, carol):
    """Alice owns a group and a room, is in another, and talks to Bob."""
    say(alice, Conversation(key=str(private(alice, bob))))
    return group_of(alice, bob, carol), room_of(alice, bob), room_of(bob, alice, name="other")


def test_ownership_passes_on_and_private_chats_stay(alice, bob, carol, deeds):
    group, room, other = deeds

    delete_member(alice)

    for conversation, members in ((group, 2), (room, 1), (other, 1)):
        conversation.refresh_from_db()
        assert conversation.members_count == conversation.participants.count() == members
        assert conversation.participants.get(role="owner").user == bob
    assert Participant.objects.filter(user=alice).get().conversation.kind == "private"
    shown = client_of(carol).get(f"/api/v1/conversations/{group.pk}/messages/").json()
    assert [(message["text"], message["sender"]) for message in shown] == [
        ("Somebody created the group.", None),
        ("Somebody left.", None),
        ("Somebody made Bob the owner.", None),
    ]


def test_number_of_queries_is_bounded_for_each_conversation(db):
    spent = []
    for groups, members in ((1, 1), (3, 1), (3, 5)):
        leaver = make_member(f"leaver-{groups}-{members}")
        for number in range(groups):
            others = [make_member(f"{leaver}-{number}-{n}") for n in range(members)]
            group_of(leaver, *others)
        with CaptureQueriesContext(connection) as queries:
            delete_member(leaver)
        spent.append(len(queries))

    assert spent[1] - spent[0] <= 2 * 10
    assert spent[2] == spent[1]
