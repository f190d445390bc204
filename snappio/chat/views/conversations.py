"""The list of conversations."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.models import Conversation
from snappio.chat.serializers.conversations import (
    ChangeConversationInput,
    ConversationOutput,
    InboxQuery,
    OpenConversationInput,
    UnreadOutput,
    conversation_json,
    unread_json,
)
from snappio.chat.services import conversations as services
from snappio.chat.services.groups import change_conversation, make_group
from snappio.chat.views.parameters import CURSOR, LIMIT, InConversation
from snappio.core.http.input import checked, checked_query
from snappio.core.http.pages import answer_page, page_size
from snappio.core.limits import current_limits


class ConversationList(APIView):
    """`conversations/`: the member's own, the latest message first."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="conversations_list",
        parameters=[InboxQuery, CURSOR, LIMIT],
        responses=ConversationOutput(many=True),
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List the conversations that the member takes part in."""
        given = checked_query(InboxQuery, request)
        limits = current_limits()
        page = queries.inbox_of(
            request.user,
            cursor=request.query_params.get("cursor"),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
            requests=given["requests"],
        )
        return answer_page(request, list(map(conversation_json, page.rows)), page.next_cursor)

    @extend_schema(
        operation_id="conversations_open",
        request=OpenConversationInput,
        responses=ConversationOutput,
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        """Open the private chat with a member, always the same one; or make a group."""
        given = checked(OpenConversationInput, request)
        if "usernames" in given:
            conversation = make_group(
                maker=request.user, usernames=given["usernames"], name=given.get("name", "")
            )
        else:
            conversation = services.open_private_chat(
                opener=request.user, username=given["username"]
            )
        return _answer(conversation, request)


class ConversationView(InConversation):
    """`conversations/{id}/`: one conversation, as it stands in the member's list."""

    @extend_schema(operation_id="conversation_get", responses=ConversationOutput)
    def get(self, request: AuthenticatedRequest, **_: str) -> Response:
        """Show a conversation."""
        return _answer(self.conversation, request)

    @extend_schema(
        operation_id="conversation_change",
        request=ChangeConversationInput,
        responses=ConversationOutput,
    )
    def patch(self, request: AuthenticatedRequest, **_: str) -> Response:
        """Change its name, description or rules, as a moderator or the owner of a group or room."""
        changed = change_conversation(
            by=request.user,
            conversation=self.conversation,
            changes=checked(ChangeConversationInput, request),
        )
        return _answer(changed, request)


def _answer(conversation: Conversation, request: AuthenticatedRequest) -> Response:
    return Response(conversation_json(queries.entry_of(conversation, member=request.user)))


class Unread(APIView):
    """`conversations/unread/`: what the member has not read, in all of them."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="conversations_unread", responses=UnreadOutput)
    def get(self, request: AuthenticatedRequest) -> Response:
        """Count it."""
        return Response(unread_json(queries.unread_totals_of(request.user)))
