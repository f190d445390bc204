"""One more process of the product, which does what is not done on a socket.

Started by `fleet.Office` with the settings of a running house. It reads one JSON
array `[what, …arguments]` a line, and answers with one line each.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django
from django.db import OperationalError, connection, transaction

django.setup()

from snappio.accounts import tokens  # noqa: E402
from snappio.accounts.models import Session, User  # noqa: E402
from snappio.accounts.services.members import close_account  # noqa: E402
from snappio.accounts.services.sessions import sign_out  # noqa: E402
from snappio.chat.keys import ConversationKey  # noqa: E402
from snappio.chat.models import Conversation  # noqa: E402
from snappio.chat.services.conversations import locked_conversations  # noqa: E402
from snappio.chat.services.groups import make_group  # noqa: E402
from snappio.chat.services.membership import remove_member  # noqa: E402
from snappio.core.clock import now  # noqa: E402
from snappio.realtime.broker import current_broker  # noqa: E402

HOUR = 3600


def join(*usernames: str) -> list[dict[str, Any]]:
    """Make members with a session each; nobody needs a password here."""
    return [_member(username) for username in usernames]


def _member(username: str) -> dict[str, Any]:
    user = User.objects.create_user(username, f"{username}@example.com")
    at = now()
    session = Session.objects.create(
        user=user, expires_at=at + timedelta(hours=1), refresh_hash=tokens.fingerprint(username)
    )
    sign = {"session_id": session.pk, "user_id": user.pk, "token_id": username}
    return {
        "username": username,
        "id": user.pk,
        "session": str(session.pk),
        "access": tokens.sign("access", at=at, seconds=HOUR, **sign),
        "expired": tokens.sign("access", at=at - timedelta(hours=2), seconds=HOUR, **sign),
    }


def open_conversations(*texts: str) -> dict[str, str]:
    """Make private chats and open rooms by their keys, and return their ids."""
    wanted = {ConversationKey.parse(text) for text in texts}
    with transaction.atomic():
        made, _ = locked_conversations(wanted, now())
    return {str(key): str(conversation.pk) for key, conversation in made.items()}


def open_group(owner: str, *others: str) -> dict[str, str]:
    """Make a group, and return its id and its key."""
    maker = User.objects.get(username=owner)
    group = make_group(maker=maker, usernames=others, name="Everybody")
    return {"id": str(group.pk), "key": group.key}


def put_out(group: str, owner: str, username: str) -> None:
    """Put a member out of a group."""
    by = User.objects.get(username=owner)
    remove_member(by=by, conversation=Conversation.objects.get(pk=group), username=username)


def end_session(session_id: str) -> None:
    """Sign out."""
    sign_out(Session.objects.get(pk=session_id))


def leave(username: str) -> None:
    """Close the account."""
    close_account(User.objects.get(username=username))


def publish(channel: str, payload: str) -> None:
    """Publish what no process of ours would."""
    current_broker().publish([(channel, payload.encode())])


SERVICES: dict[str, Callable[..., Any]] = {
    service.__name__: service
    for service in (join, open_conversations, open_group, put_out, end_session, leave, publish)
}


def serve(what: str, arguments: list[Any]) -> Any:
    """Run one service; a database that was restarted a moment ago is asked again."""
    for pause in (0.1, 0.2, 0.5, 1, 2, 4):
        try:
            return SERVICES[what](*arguments)
        except OperationalError:
            time.sleep(pause)
        finally:
            connection.close()
    return SERVICES[what](*arguments)


if __name__ == "__main__":
    for line in sys.stdin:
        what, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(serve(what, arguments)) + "\n")
        sys.stdout.flush()
