"""Looking members and sessions up."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from snappio.accounts import names
from snappio.accounts.errors import UnknownMember
from snappio.accounts.models import Session, User
from snappio.core.clock import now
from snappio.core.limits import current_limits
from snappio.core.pagination import Page, page_of


def get_member(username: str) -> User:
    """Return the active member of this name, or raise `UnknownMember`."""
    written = names.normalise_username(username)
    # PostgreSQL refuses what no name may contain, NUL for one; do not ask it.
    if not names.is_well_formed(written):
        raise UnknownMember
    user: User | None = User.objects.active().named(written).first()
    if user is None:
        raise UnknownMember
    return user


def members_page(*, search: str, before: int | None, limit: int) -> Page[User]:
    """Return active members, newest first, whose username begins with ``search``."""
    members = User.objects.active().order_by("-id")
    if search:
        members = members.filter(username_identity__startswith=names.identity_of(search))
    if before is not None:
        members = members.filter(id__lt=before)
    return page_of(members, limit)


def live_sessions_of(member: User) -> QuerySet[Session]:
    """Return where the member is signed in, latest seen first, as many as one page holds."""
    sessions = Session.objects.filter(user=member).live(at=now())
    return sessions.order_by("-last_seen_at")[: current_limits().page_max]


def ended_among(session_ids: Collection[UUID]) -> Collection[UUID]:
    """Return those of the sessions that are over."""
    live = Session.objects.filter(pk__in=session_ids).live(at=now())
    return set(session_ids) - set(live.values_list("pk", flat=True))
