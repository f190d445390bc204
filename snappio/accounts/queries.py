"""Looking members and sessions up."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import BigIntegerField, Q, QuerySet, UUIDField

from snappio.accounts import names
from snappio.accounts.errors import UnknownMember
from snappio.accounts.models import Instance, Invitation, PersonalToken, Session, SignUp, User
from snappio.core.clock import now
from snappio.core.compiled import compiled, parameter
from snappio.core.limits import current_limits
from snappio.core.pagination import Page, page_of


def get_member(username: str, *conditions: Q) -> User:
    """Return the active member of this name, or raise `UnknownMember`.

    Whoever does not meet the conditions looks like nobody, in the same query.
    """
    written = names.normalise_username(username)
    # PostgreSQL refuses what no name may contain, NUL for one; do not ask it.
    if not names.is_well_formed(written):
        raise UnknownMember
    user: User | None = User.objects.active().named(written).filter(*conditions).first()
    if user is None:
        raise UnknownMember
    return user


def members_page(*conditions: Q, search: str, before: int | None, limit: int) -> Page[User]:
    """Return active members who meet the conditions, newest first.

    With ``search`` those whose username begins so, else those who want to be found.
    """
    members = User.objects.active().filter(*conditions).order_by("-id")
    if search:
        members = members.filter(username_identity__startswith=names.identity_of(search))
    else:
        members = members.filter(is_discoverable=True)
    if before is not None:
        members = members.filter(id__lt=before)
    return page_of(members, limit)


def live_sessions_of(member: User) -> QuerySet[Session]:
    """Return where the member is signed in, latest seen first, as many as one page holds."""
    sessions = Session.objects.filter(user=member).live(at=now()).of_people()
    return sessions.order_by("-last_seen_at")[: current_limits().page_max]


def personal_tokens_of(member: User) -> QuerySet[PersonalToken]:
    """Return the member's live tokens for programs, newest first; `limits` bounds how many."""
    live = Session.objects.filter(user=member).live(at=now()).of_programs()
    tokens = PersonalToken.objects.filter(session__in=live)
    return tokens.select_related("session").order_by("-pk")


def session_of_program(digest: str) -> Session | None:
    """Return the session, live or not, of a program's token, with the member. One query."""
    sessions = Session.objects.select_related("user")
    return sessions.filter(personal_token__digest=digest).first()


def waiting_page(*, after: int | None, limit: int) -> Page[SignUp]:
    """Return who waits to be let in, longest first."""
    waiting = SignUp.objects.waiting().select_related("user").order_by("pk")
    if after is not None:
        waiting = waiting.filter(pk__gt=after)
    return page_of(waiting, limit)


def invitations_page(member: User, *, before: int | None, limit: int) -> Page[Invitation]:
    """Return the codes that the member has made, newest first."""
    made = Invitation.objects.filter(made_by=member).order_by("-id")
    if before is not None:
        made = made.filter(id__lt=before)
    return page_of(made, limit)


def description_of_instance() -> dict[str, Any]:
    """Return what the instance tells those who think of joining. One query."""
    told = Instance.objects.first() or Instance()
    return {
        "registration": settings.REGISTRATION,
        "rules": [line.strip() for line in told.rules.splitlines() if line.strip()],
        "terms": told.terms,
        "contact": told.contact,
        "languages": [code.strip() for code in told.languages.split(",") if code.strip()],
    }


_SESSION = [field.attname for field in Session._meta.concrete_fields]  # noqa: SLF001
# Without what only a profile shows: it would come along with every request.
_USER = [
    field.attname
    for field in User._meta.concrete_fields  # noqa: SLF001
    if field.attname not in {"bio", "links"}
]


def session_with_member(session_id: UUID, *, user_id: int) -> Session | None:
    """Return the member's session, live or not, with the member. One query.

    Compiled, since every request with a token begins with it.
    """
    for row in _session_with_member().rows(session_id=session_id, user_id=user_id):
        session = Session.from_db(DEFAULT_DB_ALIAS, _SESSION, row[: len(_SESSION)])
        session.user = User.from_db(DEFAULT_DB_ALIAS, _USER, row[len(_SESSION) :])
        return session
    return None


@compiled
def _session_with_member() -> QuerySet[Session, Any]:
    named = Session.objects.filter(
        pk=parameter("session_id", UUIDField()), user_id=parameter("user_id", BigIntegerField())
    )
    return named.values_list(*_SESSION, *(f"user__{name}" for name in _USER))


def ended_among(session_ids: Collection[UUID]) -> Collection[UUID]:
    """Return those of the sessions that are over."""
    live = Session.objects.filter(pk__in=session_ids).live(at=now())
    return set(session_ids) - set(live.values_list("pk", flat=True))
