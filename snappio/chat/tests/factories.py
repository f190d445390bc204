"""Members with sessions, and drafts of theirs."""

from uuid import uuid4

from rest_framework.test import APIClient

from snappio.accounts.models import Session, User
from snappio.accounts.services.sessions import _open_session
from snappio.chat.keys import ConversationKey
from snappio.chat.services.messages import Draft
from snappio.core.clock import now


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
