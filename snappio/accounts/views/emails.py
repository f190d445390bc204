"""Addresses of members over HTTP: `/api/v1/auth/email/…`."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.serializers import MailedLinkInput
from snappio.accounts.services import emails
from snappio.core.http.input import checked


class EmailView(APIView):
    """The member's address."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="resend_verification", request=None, responses={204: None})
    def post(self, request: AuthenticatedRequest) -> Response:
        """Mail the link that verifies the caller's address again; nothing, if it is verified."""
        emails.resend_verification(request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class VerifyEmailView(APIView):
    """The end of a mailed link."""

    # The link may be opened on a device where nobody is signed in, or somebody else.
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(operation_id="verify_email", request=MailedLinkInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """Verify an address by the token of a mailed link, which works once."""
        emails.verify_email(**checked(MailedLinkInput, request))
        return Response(status=status.HTTP_204_NO_CONTENT)
