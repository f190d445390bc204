"""Signing in, staying signed in, signing out."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import DatabaseError, transaction

from snappio.accounts import policies, tokens
from snappio.accounts.errors import (
    MemberNotFound,
    SessionNotFound,
    SignInFailed,
    TokenNotValid,
    TokenOver,
)
from snappio.accounts.models import Session, User
from snappio.accounts.queries import session_of_program, session_with_member
from snappio.accounts.services.passwords import member_with_password
from snappio.core.clock import now
from snappio.core.errors import DomainError, NotAuthenticated
from snappio.core.ids import secret_name
from snappio.core.limits import current_limits
from snappio.realtime.gateway.identity import Identity, TokenExpired
from snappio.realtime.revocation import revoke_on_commit

logger = logging.getLogger(__name__)

# Writing "last seen" on every request would make every read a write.
LAST_SEEN_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a client keeps after signing in."""

    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A live session, and when the token that showed it is over."""

    session: Session
    expires_at: datetime


def sign_in(*, username: str, password: str, device: str, address: str, otp: str = "") -> TokenPair:
    """Open a session for the member, or raise `SignInFailed`, or `OtpRequired`."""
    user = member_with_password(username, password, address=address, otp=otp)
    return _open_session(user, device=device, address=address, at=now())


@transaction.atomic
def _open_session(user: User, *, device: str, address: str, at: datetime) -> TokenPair:
    # A member who was disabled, or whose password changed, since the look above
    # gets no session from the old facts.
    current = User.objects.active().locked().filter(pk=user.pk).first()
    if current is None or current.password != user.password:
        raise SignInFailed
    token_id = secret_name()
    session = Session.objects.create(
        user=user,
        device=device[:200],
        address=address,
        created_at=at,
        last_seen_at=at,
        refreshed_at=at,
        expires_at=at + timedelta(seconds=current_limits().refresh_token_lifetime),
        refresh_hash=tokens.fingerprint(token_id),
    )
    return _pair(session, token_id)


def refresh(text: str) -> TokenPair:
    """Exchange a refresh token for a new pair; each works once.

    For ten seconds the replaced token answers with the same successor, since
    the client may have lost the answer. Any later use means that two hold the
    token, and nobody can tell which is the thief: the session ends.
    """
    at = now()
    token = tokens.read(text, kind="refresh", at=at)
    with transaction.atomic():
        pair = _rotate(token, at)
    if pair is None:
        raise TokenNotValid
    return pair


def _rotate(token: tokens.Token, at: datetime) -> TokenPair | None:
    session = (
        Session.objects.select_for_update(of=("self",), no_key=True)
        .select_related("user")
        .filter(pk=token.session_id, user_id=token.user_id)
        .first()
    )
    if session is None:
        return None
    if not _is_live(session, at):
        return None
    given = tokens.fingerprint(token.token_id)
    successor = tokens.successor_of(token.token_id)
    if given == session.refresh_hash:
        session.replaced_hash, session.refresh_hash = given, tokens.fingerprint(successor)
        session.refreshed_at = session.last_seen_at = at
        session.expires_at = at + timedelta(seconds=current_limits().refresh_token_lifetime)
        session.save(
            update_fields=[
                "replaced_hash", "refresh_hash", "refreshed_at", "last_seen_at", "expires_at",
            ]
        )  # fmt: skip
        return _pair(session, successor)
    if _is_in_grace(session, given, at):
        return _pair(session, successor)
    _end([session], at)
    return None


def _is_in_grace(session: Session, given: str, at: datetime) -> bool:
    grace = timedelta(seconds=current_limits().refresh_grace)
    return given == session.replaced_hash and at - session.refreshed_at <= grace


def _pair(session: Session, token_id: str) -> TokenPair:
    limits = current_limits()
    sign = partial(
        tokens.sign, session_id=session.pk, user_id=session.user_id, at=session.refreshed_at
    )
    access_id = tokens.fingerprint(token_id)[:32]
    return TokenPair(
        access=sign("access", token_id=access_id, seconds=limits.access_token_lifetime),
        refresh=sign("refresh", token_id=token_id, seconds=limits.refresh_token_lifetime),
    )


def session_of(text: str) -> Session:
    """Return the live session, with its member, that a token belongs to.

    It is an access token, or one that a member made for a program.

    Raises `TokenNotValid`, or `MemberNotFound` if the member is gone. One query.
    """
    at = now()
    if text.startswith(tokens.PERSONAL):
        session = session_of_program(tokens.fingerprint(text))
        if session is None:
            raise TokenNotValid
    else:
        session = _session_named_by(tokens.read(text, kind="access", at=at))
    _require_live(session, at)
    _mark_seen([session], at)
    return session


def _require_live(session: Session, at: datetime) -> None:
    if session.user.deleted_at is not None:
        raise MemberNotFound
    if not session.user.is_active:
        raise MemberNotFound("User is inactive", code="user_inactive")
    if not _is_live(session, at):
        raise TokenNotValid


def _mark_seen(sessions: Iterable[Session], at: datetime) -> None:
    long_ago = [each.pk for each in sessions if at - each.last_seen_at > LAST_SEEN_STEP]
    if not long_ago:
        return
    # A nicety of the list of devices: a full disk must not turn reads away.
    try:
        with transaction.atomic():
            seen = Session.objects.filter(pk__in=long_ago, last_seen_at__lt=at)
            # In order, so that two who note the same ones never wait in a circle.
            list(seen.order_by("pk").select_for_update(no_key=True).values_list("pk"))
            seen.update(last_seen_at=at)
    except DatabaseError as error:
        logger.warning("Could not note that a session was seen: %s", type(error).__name__)


def prove(authorization: str) -> Proof:
    """Return what a socket's `Authorization` header proves, or raise.

    `NotAuthenticated` for a bad token, `Forbidden` for whom sockets are not open to.
    """
    text = tokens.bearer_token(authorization)
    session = session_of(text)
    policies.require_may_talk(session)
    if session.scopes:
        return Proof(session, session.expires_at)
    return Proof(session, tokens.read(text, at=now()).expires_at)


# What a header shows: an access token, the digest of a program's token, or nothing.
_Shown = tokens.Token | str | DomainError


def identify(authorizations: Sequence[str]) -> list[Identity | DomainError]:
    """Return what new sockets' headers prove, or why one opens no socket. One query.

    One more for tokens of programs, and two where somebody was not seen lately.
    """
    at = now()
    shown = [_shown(authorization, at) for authorization in authorizations]
    found = _sessions_shown(shown)
    identities = [_identity(one, found, at) for one in shown]
    live = {each.session_id for each in identities if isinstance(each, Identity)}
    _mark_seen([session for session in found.values() if session.pk in live], at)
    return identities


def _shown(authorization: str, at: datetime) -> _Shown:
    try:
        text = tokens.bearer_token(authorization)
        if text.startswith(tokens.PERSONAL):
            return tokens.fingerprint(text)
        return tokens.read(text, kind="access", at=at)
    except TokenOver:
        return TokenExpired()
    except NotAuthenticated as refusal:
        return refusal


def _sessions_shown(shown: Iterable[_Shown]) -> dict[UUID | str, Session]:
    """Return the sessions, live or not, by their id or the digest of their token."""
    ids = {one.session_id for one in shown if isinstance(one, tokens.Token)}
    digests = {one for one in shown if isinstance(one, str)}
    found: dict[UUID | str, Session] = {
        session.pk: session for session in Session.objects.filter(pk__in=ids).select_related("user")
    }
    if digests:
        of_programs = Session.objects.filter(personal_token__digest__in=digests)
        for session in of_programs.select_related("user", "personal_token"):
            found[session.personal_token.digest] = session
    return found


def _identity(
    shown: _Shown, found: Mapping[UUID | str, Session], at: datetime
) -> Identity | DomainError:
    if isinstance(shown, DomainError):
        return shown
    session = found.get(shown if isinstance(shown, str) else shown.session_id)
    if session is None or (isinstance(shown, tokens.Token) and shown.user_id != session.user_id):
        return TokenNotValid()
    try:
        _require_live(session, at)
        policies.require_may_talk(session)
    except DomainError as refusal:
        return refusal
    expires_at = session.expires_at if isinstance(shown, str) else shown.expires_at
    return Identity(session.user_id, session.user.username, session.pk, expires_at)


def live_member(session_id: UUID, *, user_id: int) -> User:
    """Return the member if the session is live, or raise `NotAuthenticated`. One query."""
    session = session_with_member(session_id, user_id=user_id)
    if session is None or not _is_live(session, now()):
        raise TokenNotValid
    return session.user


def live_members(sessions: Mapping[UUID, int]) -> Mapping[UUID, User]:
    """Return the members of those sessions that are live, by session. One query.

    ``sessions`` are the ids of the members they are said to belong to.
    """
    found = Session.objects.live(at=now()).filter(pk__in=sessions).select_related("user")
    return {each.pk: each.user for each in found if each.user_id == sessions[each.pk]}


def verify(text: str) -> None:
    """Raise unless the token, of either kind, would be accepted now."""
    at = now()
    token = tokens.read(text, at=at)
    session = _session_named_by(token)
    if not _is_live(session, at):
        raise TokenNotValid
    given = tokens.fingerprint(token.token_id)
    if (
        token.kind == "refresh"
        and given != session.refresh_hash
        and not _is_in_grace(session, given, at)
    ):
        raise TokenNotValid


def _session_named_by(token: tokens.Token) -> Session:
    session = session_with_member(token.session_id, user_id=token.user_id)
    if session is None:
        raise TokenNotValid
    return session


def _is_live(session: Session, at: datetime) -> bool:
    return session.user.is_active and session.ended_at is None and session.expires_at > at


def sign_out(session: Session) -> None:
    """End this session; its tokens and open sockets are dead at once."""
    with transaction.atomic():
        _end([session], now())


def end_session(session_id: UUID, *, owner: User) -> None:
    """End one of the owner's sessions, or raise `SessionNotFound`."""
    with transaction.atomic():
        session = owner.sessions.live(at=now()).of_people().filter(pk=session_id).first()
        if session is None:
            raise SessionNotFound
        _end([session], now())


def end_other_sessions(session: Session) -> None:
    """End all sign-ins of the same member but this one; tokens for programs stay."""
    with transaction.atomic():
        end_sign_ins(session.user, but=session)


def end_sessions(owner: User) -> None:
    """End all of the owner's sessions, those of programs too; in the caller's transaction."""
    _end(owner.sessions.live(at=now()), now())


def end_sign_ins(owner: User, *, but: Session) -> None:
    """End all of the owner's sign-ins but one; in the caller's transaction."""
    _end(owner.sessions.live(at=now()).of_people().exclude(pk=but.pk), now())


def end_program_sessions(owner: User, *, only: Session | None = None) -> None:
    """End the owner's tokens for programs, or one of them; in the caller's transaction."""
    sessions = owner.sessions.live(at=now()).of_programs()
    _end(sessions if only is None else sessions.filter(pk=only.pk), now())


def _end(sessions: Iterable[Session], at: datetime) -> None:
    ended = [session.pk for session in sessions]
    Session.objects.filter(pk__in=ended).update(ended_at=at)
    revoke_on_commit(ended)


def delete_expired_sessions() -> int:
    """Delete sessions whose last token is over, and return how many there were."""
    deleted, _ = Session.objects.filter(expires_at__lt=now()).delete()
    return deleted
