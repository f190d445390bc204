"""The word that tells whether revisions still mean what they meant.

A database that was restored has forgotten messages that clients have seen, and will
give their numbers to others. `manage.py new_epoch` changes the word; clients that
name the old one begin again.
"""

import secrets
import time

from snappio.realtime.connections import held
from snappio.realtime.models import Epoch
from snappio.realtime.publishing import publish_on_commit

CHANNEL = "control:epoch"
# Every `hello` asks; the answer changes once in years, and then it is told.
KEPT_SECONDS = 10.0
WORD_BYTES = 6

_kept: tuple[float, str] = (0.0, "")


async def present_epoch() -> str:
    """Return the word of this database; one query now and then. Waits while it is away."""
    global _kept  # noqa: PLW0603 -- one word for the process
    until, word = _kept
    if time.monotonic() >= until:
        word = await held(read_epoch)
        _kept = time.monotonic() + KEPT_SECONDS, word
    return word


def read_epoch() -> str:
    """Return the word of this database, making it in a new one. One query."""
    made = {"word": _new_word()}
    return Epoch.objects.get_or_create(pk=1, defaults=made)[0].word


def change_epoch() -> str:
    """Give the database a new word, and have all sockets begin again. Returns the word."""
    word = _new_word()
    Epoch.objects.update_or_create(pk=1, defaults={"word": word})
    publish_on_commit([(CHANNEL, word.encode())])
    return word


def forget_epoch() -> None:
    """Ask the database again at the next `hello`."""
    global _kept  # noqa: PLW0603
    _kept = (0.0, "")


def _new_word() -> str:
    return secrets.token_urlsafe(WORD_BYTES)
