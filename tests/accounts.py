"""Members made straight in a house's database, where a test needs many or needs them disabled.

One start of the code makes as many as wanted.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tests.house import House
from tests.people import PASSWORD

# Runs inside the house. The password is hashed once: hashing is made to be slow.
_MAKE = """
import json
from django.contrib.auth.hashers import make_password
from django.db import transaction
from snappio.accounts.models import User
from snappio.accounts.services.sessions import _open_session
from snappio.core.clock import now
password = make_password({password!r})
made = []
with transaction.atomic():
    for username, name in {people!r}:
        user = User.objects.create_user(username, username + "@example.com", None, name=name)
        User.objects.filter(pk=user.pk).update(password=password)
        user.refresh_from_db()
        pair = _open_session(user, device="test", address="127.0.0.1", at=now())
        made.append([user.pk, pair.access, pair.refresh])
print("MADE", json.dumps(made))
"""

# Hints wait in a thread of the broker, which ends with the process.
_RUN = """
import asyncio
from snappio.accounts.models import Session, User
from snappio.accounts.services import members, sessions
from snappio.realtime.broker import current_broker
{code}
asyncio.run(current_broker().stop())
"""


@dataclass(frozen=True)
class Account:
    """What signing up and in would have given."""

    username: str
    name: str
    id: int
    access: str
    refresh: str


def make_accounts(house: House, people: Sequence[tuple[str, str]]) -> list[Account]:
    """Make members from pairs of username and display name, signed in."""
    code = _MAKE.format(password=PASSWORD, people=list(people))
    answer = house.manage("shell", "--no-imports", "-c", code)
    made = json.loads(answer.partition("MADE ")[2])
    return [
        Account(username, name, *rest) for (username, name), rest in zip(people, made, strict=True)
    ]


def run_in(house: House, code: str) -> str:
    """Run a few lines against the members of a house, and tell its processes; return the output."""
    return house.manage("shell", "--no-imports", "-c", _RUN.format(code=code))
