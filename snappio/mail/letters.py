"""What a letter is, and who writes which.

    @letter("accounts.greeting")
    def greeting(*, user_id: int) -> Letter | None: ...

    send_letter("accounts.greeting", user_id=user.pk)

A letter is written in the worker, at the moment it is sent: what is secret in it is
in no row of the queue, and what has become untrue meanwhile is not sent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Link:
    """What the reader is asked to open; its address may hold a secret."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail: paragraphs, then a link, then what else is to be said."""

    to: str
    subject: str
    paragraphs: Sequence[str]
    link: Link | None = None
    closing: Sequence[str] = ()


Composer = Callable[..., Letter | None]

_composers: dict[str, Composer] = {}


def letter(kind: str) -> Callable[[Composer], Composer]:
    """Register who writes letters of this kind; None from it means that there is nothing to send.

    Its parameters are JSON and keyword-only, as those of a job.
    """

    def register(composer: Composer) -> Composer:
        _composers[kind] = composer
        return composer

    return register


def compose(kind: str, arguments: dict[str, Any]) -> Letter | None:
    """Return the letter, written now."""
    return _composers[kind](**arguments)


def address_of_page(path: str) -> str:
    """Return an absolute address for a letter; never from a request, whose host anybody chooses."""
    return f"{settings.SITE_URL}{path}"
