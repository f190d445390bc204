"""Members with sessions, drafts of theirs, groups; and what was told."""

from uuid import uuid4

from rest_framework.test import APIClient

from snappio.accounts.models import Session, User
from snappio.accounts.services.sessions import _open_session
from snappio.chat.keys import GROUP, ConversationKey
from snappio.chat.models import ChatSettings, Conversation, Participant, Role
from snappio.chat.services import groups
from snappio.chat.services.drafts import Draft
from snappio.chat.services.membership import add_members
from snappio.chat.services.messages import Stored, append_messages
from snappio.chat.services.rooms import make_room
from snappio.chat.updates import read_update
from snappio.core.clock import now
from snappio.realtime.publishing import publish_rollback_unsafe
from snappio.realtime.updates import Update


def make_member(username):
    return User.objects.create_user(username, f"{username}@example.org", name=username.title())


def session_of(user):
    return user.sessions.first() or Session.objects.get(pk=_session(user))


def _session(user):
    _open_session(user, device="test", address="203.0.113.7", at=now())
    return user.sessions.get().pk


def client_of(user):
    pair = _open_session(user, device="test", address="203.0.113.7", at=now())
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    return client


def private(one, other):
    return ConversationKey.private(one.pk, other.pk)


def draft(sender, key, text="hello", **more):
    return Draft(
        key=key,
        sender_id=sender.pk if sender else None,
        session_id=session_of(sender).pk if sender else None,
        **{"client_id": uuid4().hex, "text": text, **more},
    )


def welcome_strangers(*members):
    """Turn off that chats which strangers begin wait apart."""
    ChatSettings.objects.bulk_create([ChatSettings(user=who, requests=False) for who in members])


def make_group(*members, kind=GROUP, **more):
    key = ConversationKey.new_group() if kind == GROUP else ConversationKey.closed_room()
    group = Conversation.objects.create(key=str(key), kind=kind, members_count=len(members), **more)
    Participant.objects.bulk_create(
        [Participant(conversation=group, user=member) for member in members]
    )
    return group


def told_by(callbacks):
    """Return what `told` does, read, each with its topic."""
    return [(update.topic, read_update(update)) for update in told(callbacks)]


def group_of(owner, *others, **changes):
    """Make a group with a name; ``changes`` are fields that differ from a new one's."""
    group = groups.make_group(
        maker=owner, usernames=[other.username for other in others], name="Hikers"
    )
    Conversation.objects.filter(pk=group.pk).update(**changes)
    group.refresh_from_db()
    return group


def key_of(conversation):
    return ConversationKey.parse(conversation.key)


def say(sender, conversation, text="hello"):
    """Say something; return the message as it is told, or the refusal."""
    (outcome,) = append_messages([draft(sender, key_of(conversation), text)])
    return outcome.message if isinstance(outcome, Stored) else outcome


def make_moderator(conversation, member):
    conversation.participants.filter(user=member).update(role=Role.MODERATOR)


def told(callbacks):
    """Return what callbacks of a commit publish (`django_capture_on_commit_callbacks`)."""
    hints = [
        hint
        for callback in callbacks
        if getattr(callback, "func", None) is publish_rollback_unsafe
        for hint in callback.args[0]
    ]
    return [Update.from_hint(hint) for hint in hints]


def room_of(owner, *others, **more):
    """Make a room with members, of those; ``more`` is what `make_room` takes."""
    room = make_room(maker=owner, **{"name": "Reading", **more})
    for other in others:
        add_members(by=owner, conversation=room, usernames=[other.username])
    room.refresh_from_db()
    return room


def group_with(roles):
    """Make a group of members with roles, as `make_group` does."""
    group = make_group(*roles)
    for member, role in roles.items():
        group.participants.filter(user=member).update(role=role)
    return group
