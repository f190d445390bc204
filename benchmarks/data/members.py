"""Members, signed in."""

import secrets
from datetime import timedelta

from snappio.accounts import tokens
from snappio.accounts.models import Session, User
from snappio.core.clock import now
from snappio.core.ids import secret_name

LIFETIME = timedelta(hours=1)


def make(count: str) -> list[dict[str, str]]:
    """Make members, signed in; return their names and `Authorization` headers."""
    expires_at = now() + LIFETIME
    sessions = [
        Session(user=user, expires_at=expires_at, refresh_hash=tokens.fingerprint(secret_name()))
        for user in new_users(int(count))
    ]
    Session.objects.bulk_create(sessions, batch_size=1000)
    return [
        {"username": session.user.username, "authorization": f"Bearer {_token(session)}"}
        for session in sessions
    ]


def new_users(count: int) -> list[User]:
    """Make members who cannot sign in."""
    # Redis knows no databases where it publishes: ids that no other instance of
    # this machine has keep its live topics from ours.
    first_id = secrets.randbelow(2**40) + 2**20
    return User.objects.bulk_create(
        [_user(first_id + number) for number in range(count)], batch_size=1000
    )


def _user(user_id: int) -> User:
    name = f"member{user_id}"
    return User(
        id=user_id,
        username=name,
        username_identity=name,
        name=f"Member {user_id}",
        email=f"{name}@example.org",
        email_identity=f"{name}@example.org",
        # Nobody signs in by it: hashing hundreds would take longer than the run.
        password="!",
    )


def _token(session: Session) -> str:
    return tokens.sign(
        "access",
        session_id=session.pk,
        user_id=session.user_id,
        token_id=secret_name(),
        at=now(),
        seconds=int(LIFETIME.total_seconds()),
    )
