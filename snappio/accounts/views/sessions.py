"""Signing in and out over HTTP: `/api/v1/auth/…`."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts import queries
from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.serializers import (
    RefreshInput,
    SessionOutput,
    SignInInput,
    TokenPairOutput,
    VerifyInput,
    VerifyOutput,
)
from snappio.accounts.services import sessions
from snappio.core.http.addresses import address_of
from snappio.core.http.input import checked


class SignInView(APIView):
    """Names and passwords become tokens."""

    # A stale header must not keep anybody from signing in; likewise below.
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="sign_in",
        request=SignInInput,
        responses={200: TokenPairOutput},
    )
    def post(self, request: Request) -> Response:
        """Open a session: an access token and a refresh token for name and password."""
        given = checked(SignInInput, request)
        device = request.headers.get("User-Agent", "")
        pair = sessions.sign_in(**given, device=device, address=address_of(request))
        return Response(TokenPairOutput(pair).data)


class RefreshView(APIView):
    """Old tokens become new ones."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="refresh_tokens",
        request=RefreshInput,
        responses={200: TokenPairOutput},
    )
    def post(self, request: Request) -> Response:
        """Exchange a refresh token, which then is used up, for a new pair."""
        pair = sessions.refresh(checked(RefreshInput, request)["refresh"])
        return Response(TokenPairOutput(pair).data)


class VerifyView(APIView):
    """Whether a token is good."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="verify_token",
        request=VerifyInput,
        responses={200: VerifyOutput},
    )
    def post(self, request: Request) -> Response:
        """Answer 200 if the token, of either kind, would be accepted now."""
        sessions.verify(checked(VerifyInput, request)["token"])
        return Response({})


class SignOutView(APIView):
    """The end of the session that asks."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="sign_out", request=None, responses={204: None})
    def post(self, request: AuthenticatedRequest) -> Response:
        """End this session; its tokens and open sockets are dead at once."""
        sessions.sign_out(request.auth)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SessionsView(APIView):
    """Where the member is signed in."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="list_sessions", responses={200: SessionOutput(many=True)})
    def get(self, request: AuthenticatedRequest) -> Response:
        """List the caller's sessions, latest seen first."""
        found = queries.live_sessions_of(request.user)
        return Response(SessionOutput(found, many=True, context={"current": request.auth}).data)

    @extend_schema(operation_id="end_other_sessions", responses={204: None})
    def delete(self, request: AuthenticatedRequest) -> Response:
        """End all of the caller's sessions but this one."""
        sessions.end_other_sessions(request.auth)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SessionView(APIView):
    """One session."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="end_session", responses={204: None})
    def delete(self, request: AuthenticatedRequest, session_id: UUID) -> Response:
        """End one of the caller's sessions."""
        sessions.end_session(session_id, owner=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
