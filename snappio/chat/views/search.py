"""Searching one's conversations."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.search import search_messages
from snappio.chat.serializers.messages import MessageOutput, message_json
from snappio.chat.serializers.search import SearchInput
from snappio.chat.views.parameters import CURSOR, LIMIT
from snappio.core.http.input import checked_query
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.limits import current_limits


class Search(APIView):
    """`search/`: what the member may read, by its words."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="search",
        parameters=[SearchInput, CURSOR, LIMIT],
        responses=MessageOutput(many=True),
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """Find messages in the member's own conversations, the newest first.

        Those that have all the words, whatever their letter case; the last word is
        also taken as the beginning of one.
        """
        given = checked_query(SearchInput, request)
        limits = current_limits()
        within = given.get("conversation")
        page = search_messages(
            request.user,
            words=given["q"],
            conversation=queries.get_conversation(within, viewer=request.user) if within else None,
            before=position(request),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
        )
        return answer_page(request, list(map(message_json, page.rows)), page.next_cursor)
