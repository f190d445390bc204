"""Silences and bans of a group or a room."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat.serializers.members import BanInput, BanOutput, SilenceInput, ban_json
from snappio.chat.services import moderation
from snappio.chat.views.parameters import CURSOR, LIMIT, InConversation
from snappio.core.http.input import checked
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.limits import current_limits


class Silence(InConversation):
    """`…/members/{username}/silence/`: a member who may only read."""

    @extend_schema(request=SilenceInput, responses={204: None})
    def put(self, request: AuthenticatedRequest, username: str, **_: str) -> Response:
        """Silence a member for so many seconds from now, as a moderator or the owner."""
        moderation.silence(
            by=request.user,
            conversation=self.conversation,
            username=username,
            seconds=checked(SilenceInput, request)["seconds"],
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={204: None})
    def delete(self, request: AuthenticatedRequest, username: str, **_: str) -> Response:
        """Let the member speak again."""
        moderation.unsilence(by=request.user, conversation=self.conversation, username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)


class BanList(InConversation):
    """`…/bans/`: who may not come back."""

    @extend_schema(parameters=[CURSOR, LIMIT], responses=BanOutput(many=True))
    def get(self, request: AuthenticatedRequest, **_: str) -> HttpResponse:
        """List the bans in force, as a moderator or the owner; the latest first."""
        limits = current_limits()
        page = moderation.list_bans(
            by=request.user,
            conversation=self.conversation,
            cursor=position(request),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
        )
        return answer_page(request, list(map(ban_json, page.rows)), page.next_cursor)


class BanView(InConversation):
    """`…/bans/{username}/`: somebody put out and kept out."""

    @extend_schema(request=BanInput, responses={204: None})
    def put(self, request: AuthenticatedRequest, username: str, **_: str) -> Response:
        """Ban a member, or somebody who is not in it; again changes time and reason."""
        moderation.ban(
            by=request.user,
            conversation=self.conversation,
            username=username,
            **checked(BanInput, request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={204: None})
    def delete(self, request: AuthenticatedRequest, username: str, **_: str) -> Response:
        """Let them come back."""
        moderation.unban(by=request.user, conversation=self.conversation, username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)
