"""Who may see whether somebody is there."""

import pytest

from snappio.accounts.services.members import close_account
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Visibility
from snappio.chat.presence import watchable
from snappio.chat.services.conversations import open_private_chat
from snappio.chat.services.messages import append_messages
from snappio.chat.services.requests import accept_request, decline_request
from snappio.chat.services.settings import change_switches
from snappio.chat.tests.factories import draft, make_group, make_member, private


def sees(viewer, member):
    return watchable(viewer, [member.username]) == {member.username: member.pk}


@pytest.mark.parametrize(
    ("kind", "visibility", "is_seen"),
    [
        ("group", Visibility.PRIVATE, True),
        ("room", Visibility.PRIVATE, True),
        ("room", Visibility.MEMBERS, True),
        ("room", Visibility.OPEN, False),
    ],
)
def test_those_who_share_a_group_see_each_other(alice, bob, kind, visibility, is_seen):
    group = make_group(alice, bob, kind=kind, visibility=visibility)

    assert sees(alice, bob) == sees(bob, alice) == is_seen

    group.participants.filter(user=bob).delete()
    assert not sees(alice, bob)


def test_a_private_chat_shows_nothing_before_it_is_accepted(alice, bob):
    def seen():
        assert sees(alice, bob) == sees(bob, alice)
        return sees(alice, bob)

    chat = open_private_chat(opener=alice, username="bob")
    assert not seen()
    append_messages([draft(alice, private(alice, bob))])
    assert not seen()
    accept_request(conversation=chat, member=bob)
    assert seen()


def test_who_was_declined_sees_nothing(alice, bob):
    append_messages([draft(alice, private(alice, bob))])
    decline_request(conversation=Conversation.objects.get(), member=bob)

    assert not sees(alice, bob)
    assert not sees(bob, alice)


@pytest.mark.parametrize("hides", ["viewer", "member"])
def test_the_switch_works_both_ways(alice, bob, hides):
    make_group(alice, bob)
    who = {"viewer": alice, "member": bob}[hides]
    change_switches(member=who, changes={"presence": False})

    assert watchable(alice, ["bob"]) == {}

    change_switches(member=who, changes={"presence": True})
    assert sees(alice, bob)


def test_hidden_and_unknown_look_alike(alice, bob, carol):
    gone, disabled = make_member("gone"), make_member("disabled")
    make_group(alice, bob, gone, disabled)
    close_account(gone)
    disabled.is_active = False
    disabled.save()
    append_messages([draft(carol, ConversationKey.open_room("lobby"))])

    names = ["bob", "bob", "carol", "alice", "Bob", "gone", "disabled", "nobody", "", "a\0b"]

    assert watchable(alice, names) == {"bob": bob.pk}
    assert watchable(alice, []) == {}


@pytest.mark.parametrize("names", [1, 200])
def test_any_number_of_names_takes_three_queries(alice, names, django_assert_num_queries):
    friends = [make_member(f"friend-{number}") for number in range(3)]
    make_group(alice, *friends)
    asked = [f"friend-{number}" for number in range(names)]

    with django_assert_num_queries(3):
        assert len(watchable(alice, asked)) == min(names, 3)
