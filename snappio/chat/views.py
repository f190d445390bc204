"""Chat over HTTP."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.errors import MessageNotFound
from snappio.chat.serializers import (
    ConversationOutput,
    EditMessageInput,
    MessageOutput,
    OpenConversationInput,
    ReadInput,
    ReadOutput,
    SendMessageInput,
    conversation_json,
    message_json,
)
from snappio.chat.services import changes
from snappio.chat.services import conversations as services
from snappio.chat.services.messages import send_message
from snappio.core.http.input import checked
from snappio.core.http.pages import answer_page, number_in, page_size
from snappio.core.limits import current_limits
from snappio.core.pagination import LARGEST_ID

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
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
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
            reply_to=given.get("reply_to"),
        )
        return Response(message_json(message), status=status.HTTP_201_CREATED)


class MessageView(APIView):
    """`conversations/{id}/messages/{seq}/`: one message."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="message_get", responses=MessageOutput)
    def get(self, request: AuthenticatedRequest, conversation_id: str, seq: str) -> Response:
        """Show a message; a deleted one is empty."""
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        return Response(message_json(queries.get_message(conversation, _number(seq))))

    @extend_schema(operation_id="message_edit", request=EditMessageInput, responses=MessageOutput)
    def patch(self, request: AuthenticatedRequest, conversation_id: str, seq: str) -> Response:
        """Replace the text of one's own message."""
        given = checked(EditMessageInput, request)
        message = changes.edit_message(
            editor=request.user,
            conversation=queries.get_conversation(conversation_id, viewer=request.user),
            seq=_number(seq),
            text=given["text"],
        )
        return Response(message_json(message))

    @extend_schema(operation_id="message_delete", responses={204: None})
    def delete(self, request: AuthenticatedRequest, conversation_id: str, seq: str) -> Response:
        """Empty one's own message; its place stays."""
        changes.delete_message(
            remover=request.user,
            conversation=queries.get_conversation(conversation_id, viewer=request.user),
            seq=_number(seq),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReactionView(APIView):
    """`conversations/{id}/messages/{seq}/reactions/{emoji}/`: one's own emoji."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="reaction_put", request=None, responses={204: None})
    def put(
        self, request: AuthenticatedRequest, conversation_id: str, seq: str, emoji: str
    ) -> Response:
        """Put an emoji to a message."""
        changes.react(**_reaction(request, conversation_id, seq, emoji))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="reaction_delete", responses={204: None})
    def delete(
        self, request: AuthenticatedRequest, conversation_id: str, seq: str, emoji: str
    ) -> Response:
        """Take it away."""
        changes.unreact(**_reaction(request, conversation_id, seq, emoji))
        return Response(status=status.HTTP_204_NO_CONTENT)


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


def _reaction(
    request: AuthenticatedRequest, conversation_id: str, seq: str, emoji: str
) -> dict[str, Any]:
    return {
        "member": request.user,
        "conversation": queries.get_conversation(conversation_id, viewer=request.user),
        "seq": _number(seq),
        "emoji": emoji,
    }


def _number(seq: str) -> int:
    # Read here and not by the address pattern: without a token even nonsense is 401.
    if not (seq.isascii() and seq.isdecimal() and len(seq) < len(str(LARGEST_ID))):
        raise MessageNotFound
    return int(seq)
