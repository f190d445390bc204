"""What accounts do in the background."""

from datetime import timedelta

import pytest

from snappio.accounts import tasks
from snappio.accounts.models import MailedLink, Session, User
from snappio.core.clock import now


@pytest.mark.django_db
def test_deletes_only_sessions_that_are_over():
    alice = User.objects.create_user("alice", "alice@example.org")
    for device, hours in [("old", -1), ("present", 1)]:
        Session.objects.create(
            user=alice, device=device, expires_at=now() + timedelta(hours=hours), refresh_hash="h"
        )

    tasks.delete_expired_sessions.call()

    assert [session.device for session in alice.sessions.all()] == ["present"]


@pytest.mark.django_db
def test_deletes_only_links_that_are_over():
    alice = User.objects.create_user("alice", "alice@example.org")
    for purpose, hours in [("old", -1), ("present", 1)]:
        MailedLink.objects.create(
            user=alice, purpose=purpose, expires_at=now() + timedelta(hours=hours)
        )

    tasks.delete_expired_links.call()

    assert [link.purpose for link in MailedLink.objects.all()] == ["present"]
