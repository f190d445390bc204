"""Who sends an HTTP request.

Named in `settings.REST_FRAMEWORK`, so it must not import `rest_framework.views`.
"""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from snappio.accounts import policies, tokens
from snappio.accounts.errors import TokenNotValid
from snappio.accounts.models import Session, User
from snappio.accounts.services import sessions
from snappio.core.errors import NotAuthenticated

REALM = "api"


class AuthenticatedRequest(Request):
    """A request that has passed `IsAuthenticated`; for annotations only."""

    user: User
    auth: Session


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; a bad one is a 401 on public addresses too.

    It is an access token, or one that a member made for a program.
    """

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        """Return the member and the session, or None where no header was sent."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header.strip():
            return None
        try:
            session = sessions.session_of(tokens.bearer_token(header))
        except NotAuthenticated as refusal:
            raise AuthenticationFailed(_answer(refusal)) from None
        match = request.resolver_match
        assert match is not None
        policies.require_may_call(session, method=request.method or "", route=match.route)
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that goes with a 401."""
        return f'Bearer realm="{REALM}"'


def _answer(refusal: NotAuthenticated) -> dict[str, Any]:
    # The words of the token library that the original used.
    if isinstance(refusal, TokenNotValid):
        return {
            "detail": "Given token not valid for any token type",
            "code": TokenNotValid.code,
            "messages": [
                {
                    "token_class": "AccessToken",
                    "token_type": "access",
                    "message": TokenNotValid.detail,
                }
            ],
        }
    return {"detail": refusal.detail, "code": refusal.code}
