"""Tokens that members make for programs: long-lived, and good for a part of what they may do."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from snappio.accounts import tokens
from snappio.accounts.errors import PersonalTokenNotFound, TooManyTokens
from snappio.accounts.models import PersonalToken, Session, User
from snappio.accounts.queries import personal_tokens_of
from snappio.accounts.services.passwords import require_password
from snappio.accounts.services.sessions import end_program_sessions
from snappio.core.clock import now
from snappio.core.limits import current_limits
from snappio.mail.outgoing import send_letter

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token; its ``text`` is nowhere else, and shown this once."""

    row: PersonalToken
    text: str


def make_token(
    member: User,
    *,
    name: str,
    scopes: Collection[str],
    expires_in: int,
    password: str,
    address: str,
) -> MadeToken:
    """Make a token that is good for ``scopes`` for so many seconds.

    It outlives a change of the password, so whoever holds a stolen session must not be
    able to make one: the password is asked for. Raises `TooManyTokens`.
    """
    require_password(member, password, address=address)
    text = tokens.PERSONAL + secrets.token_urlsafe(SECRET_BYTES)
    at = now()
    with transaction.atomic():
        User.objects.locked().get(pk=member.pk)
        if personal_tokens_of(member).count() >= current_limits().personal_tokens:
            raise TooManyTokens
        session = Session.objects.create(
            user=member,
            device=name,
            scopes=",".join(sorted(scopes)),
            created_at=at,
            last_seen_at=at,
            expires_at=at + timedelta(seconds=expires_in),
        )
        digest = tokens.fingerprint(text)
        row = PersonalToken.objects.create(session=session, name=name, digest=digest)
        send_letter("accounts.notice", about="token", to=member.email, username=member.username)
    return MadeToken(row, text)


@transaction.atomic
def end_token(token_id: int, *, owner: User) -> None:
    """End one of the owner's tokens and its open sockets, or raise `PersonalTokenNotFound`."""
    token = personal_tokens_of(owner).filter(pk=token_id).first()
    if token is None:
        raise PersonalTokenNotFound
    end_program_sessions(owner, only=token.session)
