from datetime import timedelta

import pytest

from snappio.accounts.models import Session, User
from snappio.core.clock import now

pytestmark = pytest.mark.django_db


@pytest.fixture
def members():
    return [
        User.objects.create_user(name, f"{name}@example.org") for name in ("alice", "bob", "o'c")
    ]


def test_finds_numbers_and_text(members):
    alice, bob, other = members

    assert set(User.objects.filter(pk__one_of={alice.pk, other.pk, 2**62})) == {alice, other}
    assert set(User.objects.filter(username__one_of={"bob", "o'c", "nobody"})) == {bob, other}


def test_finds_uuids(members):
    sessions = [
        Session.objects.create(user=member, expires_at=now() + timedelta(days=1), refresh_hash="")
        for member in members
    ]
    wanted = {sessions[0].pk, sessions[2].pk}

    assert set(Session.objects.filter(pk__one_of=wanted).values_list("pk", flat=True)) == wanted


def test_finds_nothing_among_nothing(members):
    assert not User.objects.filter(pk__one_of=set()).exists()


def test_excludes(members):
    alice, bob, other = members

    assert set(User.objects.exclude(pk__one_of={alice.pk})) == {bob, other}
