"""Chat over HTTP."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.serializers import (
    ConversationOutput,
    MessageOutput,
    conversation_json,
    message_json,
)
from snappio.core.http.pages import answer_page, number_in, page_size
from snappio.core.limits import current_limits

LIMIT = OpenApiParameter("limit", OpenApiTypes.INT, description="How many at most.")
CURSOR = OpenApiParameter("cursor", OpenApiTypes.STR, description="From the `Link` header.")


class ConversationList(APIView):
    """`conversations/`: the member's own, the latest message first."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="conversations_list",
        parameters=[CURSOR, LIMIT],
        responses=ConversationOutput(many=True),
    )
    def get(self, request: AuthenticatedRequest) -> Response:
        """List the conversations that the member takes part in."""
        limits = current_limits()
        page = queries.inbox_of(
            request.user,
            cursor=request.query_params.get("cursor"),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
        )
        return answer_page(request, list(map(conversation_json, page.rows)), page.next_cursor)


class MessageList(APIView):
    """`conversations/{id}/messages/`: the history, in order of `seq`."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="messages_list",
        parameters=[
            OpenApiParameter("before", OpenApiTypes.INT, description="Only below this `seq`."),
            OpenApiParameter("after", OpenApiTypes.INT, description="Only above this `seq`."),
            LIMIT,
        ],
        responses=MessageOutput(many=True),
    )
    def get(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """Return the newest messages, or those before or after a `seq`."""
        limits = current_limits()
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        messages = queries.history_of(
            conversation,
            before=number_in(request, "before"),
            after=number_in(request, "after"),
            limit=page_size(
                request, default=limits.history_page_default, largest=limits.history_page_max
            ),
        )
        return Response(list(map(message_json, messages)))
