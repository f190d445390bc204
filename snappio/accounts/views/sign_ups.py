"""Who waits to be let in, for the staff: `/api/v1/moderation/sign-ups/…`."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts import policies, queries
from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.serializers import SignUpOutput
from snappio.accounts.services import sign_ups
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.http.schema import PAGE_PARAMETERS
from snappio.core.limits import current_limits


class SignUpsView(APIView):
    """Everybody who waits."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="list_sign_ups",
        parameters=[*PAGE_PARAMETERS],
        responses={200: SignUpOutput(many=True)},
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List who waits to be let in, longest first; for staff who may decide."""
        policies.require_may_decide_sign_ups(request.user)
        limits = current_limits()
        page = queries.waiting_page(
            after=position(request),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
        )
        return answer_page(request, SignUpOutput(page.rows, many=True).data, page.next_cursor)


class ApproveView(APIView):
    """Somebody who is welcome."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="approve_sign_up", request=None, responses={204: None})
    def post(self, request: AuthenticatedRequest, member_id: int) -> Response:
        """Let somebody in, who is told by mail."""
        policies.require_may_decide_sign_ups(request.user)
        sign_ups.approve(member_id, by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RefuseView(APIView):
    """Somebody who is not."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="refuse_sign_up", request=None, responses={204: None})
    def post(self, request: AuthenticatedRequest, member_id: int) -> Response:
        """Turn somebody away, who is told by mail; their name is free again."""
        policies.require_may_decide_sign_ups(request.user)
        sign_ups.refuse(member_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
