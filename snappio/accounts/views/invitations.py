"""Codes by which people join: `/api/v1/invitations/…`."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts import queries
from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.serializers import InvitationInput, InvitationOutput
from snappio.accounts.services import invitations
from snappio.core.http.input import checked
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.http.schema import PAGE_PARAMETERS
from snappio.core.limits import current_limits


class InvitationsView(APIView):
    """One's own codes."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="list_invitations",
        parameters=[*PAGE_PARAMETERS],
        responses={200: InvitationOutput(many=True)},
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List the caller's codes, newest first."""
        limits = current_limits()
        page = queries.invitations_page(
            request.user,
            before=position(request),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
        )
        return answer_page(request, InvitationOutput(page.rows, many=True).data, page.next_cursor)

    @extend_schema(
        operation_id="make_invitation", request=InvitationInput, responses={201: InvitationOutput}
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        """Make a code; where `registration` is `invitation`, people join by it."""
        made = invitations.make_invitation(by=request.user, **checked(InvitationInput, request))
        return Response(InvitationOutput(made).data, status=status.HTTP_201_CREATED)


class InvitationView(APIView):
    """One code."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="end_invitation", responses={204: None})
    def delete(self, request: AuthenticatedRequest, code: str) -> Response:
        """End one of the caller's codes; who came by it stays."""
        invitations.end_invitation(code, owner=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
