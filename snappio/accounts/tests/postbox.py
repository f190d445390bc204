"""What members find in their post."""

import re
from urllib.parse import parse_qs, urlsplit

from django.core import mail
from django.core.mail import EmailMessage

from snappio.jobs.queue import run_due_jobs

_LINK = re.compile(r"^https?://\S+\?\S+$", re.MULTILINE)


def letters_to(address: str) -> list[EmailMessage]:
    """Deliver what is due and return all letters to the address, oldest first."""
    run_due_jobs()
    return [letter for letter in mail.outbox if letter.to == [address]]


def link_in(letter: EmailMessage) -> str:
    (link,) = _LINK.findall(str(letter.body))
    return link


def token_in(letter: EmailMessage) -> str:
    (token,) = parse_qs(urlsplit(link_in(letter)).query)["token"]
    return token


def token_to(address: str) -> str:
    """Return the token of the latest letter to the address."""
    return token_in(letters_to(address)[-1])
