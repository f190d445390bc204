"""Passwords over HTTP: `/api/v1/auth/password/…`."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.serializers import PasswordInput, ResetConfirmInput, ResetInput
from snappio.accounts.services import members, resets
from snappio.core.http.addresses import address_of
from snappio.core.http.input import checked


class PasswordView(APIView):
    """The member's password."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="change_password", request=PasswordInput, responses={204: None})
    def post(self, request: AuthenticatedRequest) -> Response:
        """Set a new password, given the present one; all other sign-ins end."""
        given = checked(PasswordInput, request)
        members.change_password(
            request.auth,
            present=given["current_password"],
            new=given["new_password"],
            address=address_of(request),
            end_tokens=given["end_tokens"],
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetView(APIView):
    """A forgotten password."""

    # A stale header must not keep anybody from asking.
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(operation_id="request_password_reset", request=ResetInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """Mail a link to whoever has this address; the answer is the same if nobody has."""
        resets.request_reset(**checked(ResetInput, request), address=address_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetConfirmView(APIView):
    """The end of a mailed link."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="confirm_password_reset", request=ResetConfirmInput, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        """Set a new password by the token of a mailed link; all sessions end."""
        resets.reset_password(**checked(ResetConfirmInput, request))
        return Response(status=status.HTTP_204_NO_CONTENT)
