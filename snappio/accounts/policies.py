"""What somebody who is signed in may do at all, whatever it is about."""

from functools import lru_cache

from django.conf import settings

from snappio.accounts.errors import EmailNotVerified, ScopeNotSufficient
from snappio.accounts.models import Session, User
from snappio.core.errors import Forbidden

API = "api/v1/"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Open to members whose address is not verified yet: they must be able to correct it.
ACCOUNT = "account"


@lru_cache(maxsize=1024)
def scopes_for(method: str, route: str) -> frozenset[str]:
    """Return the scopes of which one is needed at an address; none where none is declared."""
    path = route.removeprefix(API)
    found = [prefix for prefix in settings.API_SCOPES if path.startswith(prefix)]
    if not found:
        return frozenset()
    reading, writing = settings.API_SCOPES[max(found, key=len)]
    chosen: frozenset[str] = reading if method in SAFE_METHODS else writing
    return chosen


def require_may_call(session: Session, *, method: str, route: str) -> None:
    """Raise unless whose session it is may use this method at the address of ``route``."""
    needed = scopes_for(method, route)
    _require_scope(session, needed)
    if method not in SAFE_METHODS and ACCOUNT not in needed:
        require_verified(session.user)


def require_may_talk(session: Session) -> None:
    """Raise unless whose session it is may open sockets."""
    _require_scope(session, settings.SOCKET_SCOPES)
    require_verified(session.user)


def _require_scope(session: Session, needed: frozenset[str]) -> None:
    # A person's session has none and is good for everything.
    if session.scopes and needed.isdisjoint(session.scopes.split(",")):
        raise ScopeNotSufficient(needed)


def require_verified(member: User) -> None:
    """Raise `EmailNotVerified` where the instance wants a verified address and there is none."""
    if settings.REQUIRE_VERIFIED_EMAIL and member.email_verified_at is None:
        raise EmailNotVerified


def require_may_decide_sign_ups(member: User) -> None:
    """Raise unless the member is of the staff who let people in."""
    if not (member.is_staff and member.has_perm("accounts.change_signup")):
        raise Forbidden
