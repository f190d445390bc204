"""Chat over HTTP."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.serializers import (
    ConversationOutput,
    MessageOutput,
    OpenConversationInput,
    ReadInput,
    ReadOutput,
    SendMessageInput,
    conversation_json,
    message_json,
)
from snappio.chat.services import conversations as services
from snappio.chat.services.messages import send_message
from snappio.core.http.input import checked
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

    @extend_schema(
        operation_id="conversations_open",
        request=OpenConversationInput,
        responses=ConversationOutput,
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        """Open the private chat with a member; opening it again gives the same one."""
        given = checked(OpenConversationInput, request)
        conversation = services.open_private_chat(opener=request.user, **given)
        return Response(conversation_json(queries.entry_of(conversation, member=request.user)))


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

    @extend_schema(
        operation_id="messages_send",
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        request=SendMessageInput,
        responses={201: MessageOutput},
    )
    def post(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """Send a message; with the same `client_id` it is the same message, for ever."""
        given = checked(SendMessageInput, request)
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        message = send_message(
            session=request.auth,
            conversation=conversation,
            text=given["text"],
            client_id=given.get("client_id") or request.headers.get("Idempotency-Key"),
        )
        return Response(message_json(message), status=status.HTTP_201_CREATED)


class ReadMarker(APIView):
    """`conversations/{id}/read/`: how far the member has read."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="conversation_read", request=ReadInput, responses=ReadOutput)
    def post(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """Remember that everything up to `seq` was read; it never moves back."""
        given = checked(ReadInput, request)
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        read_seq = services.mark_read(
            conversation=conversation, reader=request.user, seq=given["seq"]
        )
        unread = conversation.last_seq - read_seq
        return Response({"read_seq": read_seq, "unread": unread})
