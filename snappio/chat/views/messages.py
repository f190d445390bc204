"""Messages: history, sending, changing."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.models import Conversation
from snappio.chat.serializers.messages import (
    EditMessageInput,
    MessageOutput,
    SendMessageInput,
    message_json,
)
from snappio.chat.services import changes
from snappio.chat.services.messages import send_message
from snappio.chat.updates import MessageState
from snappio.chat.views.parameters import LIMIT, STRETCH, number_of, stretch_in
from snappio.core.http.input import checked
from snappio.core.http.pages import page_size, set_links
from snappio.core.limits import current_limits


class MessageList(APIView):
    """`conversations/{id}/messages/`: the history, in order of `seq`."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="messages_list",
        parameters=[*STRETCH, LIMIT],
        responses=MessageOutput(many=True),
    )
    def get(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """Return the newest messages, or another part; `Link` leads on in both directions."""
        limits = current_limits()
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        limit = page_size(
            request, default=limits.history_page_default, largest=limits.history_page_max
        )
        messages = queries.history_of(
            conversation,
            viewer_id=request.user.pk,
            stretch=stretch_in(request),
            limit=limit,
        )
        response = Response(list(map(message_json, messages)))
        set_links(response, request, **_neighbours(conversation, messages, limit))
        return response

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
            text=given.get("text", ""),
            attachments=given.get("attachments", ()),
            client_id=given.get("client_id") or request.headers.get("Idempotency-Key"),
            reply_to=given.get("reply_to"),
        )
        return Response(message_json(message), status=status.HTTP_201_CREATED)


def _neighbours(
    conversation: Conversation, messages: Sequence[MessageState], limit: int
) -> dict[str, dict[str, int]]:
    neighbours = {}
    if messages and messages[0].seq > conversation.first_seq:
        neighbours["prev"] = {"before": messages[0].seq, "limit": limit}
    if messages and messages[-1].seq < conversation.last_seq:
        neighbours["next"] = {"after": messages[-1].seq, "limit": limit}
    return neighbours


class MessageView(APIView):
    """`conversations/{id}/messages/{seq}/`: one message."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="message_get", responses=MessageOutput)
    def get(self, request: AuthenticatedRequest, conversation_id: str, seq: str) -> Response:
        """Show a message; a deleted one is empty."""
        message = queries.get_message(
            queries.get_conversation(conversation_id, viewer=request.user),
            number_of(seq),
            viewer_id=request.user.pk,
        )
        return Response(message_json(message))

    @extend_schema(operation_id="message_edit", request=EditMessageInput, responses=MessageOutput)
    def patch(self, request: AuthenticatedRequest, conversation_id: str, seq: str) -> Response:
        """Replace the text of one's own message."""
        given = checked(EditMessageInput, request)
        message = changes.edit_message(
            editor=request.user,
            conversation=queries.get_conversation(conversation_id, viewer=request.user),
            seq=number_of(seq),
            text=given["text"],
        )
        return Response(message_json(message))

    @extend_schema(operation_id="message_delete", responses={204: None})
    def delete(self, request: AuthenticatedRequest, conversation_id: str, seq: str) -> Response:
        """Empty one's own message, or as a moderator anybody's; its place stays."""
        changes.delete_message(
            remover=request.user,
            conversation=queries.get_conversation(conversation_id, viewer=request.user),
            seq=number_of(seq),
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


def _reaction(
    request: AuthenticatedRequest, conversation_id: str, seq: str, emoji: str
) -> dict[str, Any]:
    return {
        "member": request.user,
        "conversation": queries.get_conversation(conversation_id, viewer=request.user),
        "seq": number_of(seq),
        "emoji": emoji,
    }
