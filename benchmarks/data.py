"""What an instance holds before it is measured; each call answers with JSON.

Run inside the instance's environment: `python -m benchmarks.data FUNCTION ARGUMENT…`.
"""

import json
import secrets
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from snappio.accounts import tokens  # noqa: E402
from snappio.accounts.models import Session, User  # noqa: E402
from snappio.core.clock import now  # noqa: E402
from snappio.core.ids import secret_name  # noqa: E402

LIFETIME = timedelta(hours=1)


def tables() -> None:
    """Make the tables."""
    call_command("migrate", verbosity=0)


def members(count: str) -> list[dict[str, str]]:
    """Make members, signed in; return their names and `Authorization` headers."""
    at = now()
    # Redis knows no databases where it publishes: ids that no other instance of
    # this machine has keep its live topics from ours.
    first_id = secrets.randbelow(2**40) + 2**20
    users = [_member(first_id + number) for number in range(int(count))]
    User.objects.bulk_create(users, batch_size=1000)
    sessions = [
        Session(user=user, expires_at=at + LIFETIME, refresh_hash=tokens.fingerprint(secret_name()))
        for user in users
    ]
    Session.objects.bulk_create(sessions, batch_size=1000)
    return [
        {"username": session.user.username, "authorization": f"Bearer {_token(session)}"}
        for session in sessions
    ]


def _member(user_id: int) -> User:
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


def main(what: str, *args: str) -> Any:
    """Run one of this module's functions."""
    functions: dict[str, Callable[..., Any]] = {"tables": tables, "members": members}
    return functions[what](*args)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
