"""Who is in a group or a room, and as what."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.models import Role
from snappio.chat.serializers.members import (
    AddMembersInput,
    ParticipantOutput,
    RoleInput,
    member_json,
)
from snappio.chat.services import membership
from snappio.chat.views.parameters import CURSOR, LIMIT, InConversation
from snappio.core.http.input import checked
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.limits import current_limits


class MemberList(InConversation):
    """`…/members/`: in the order in which they came."""

    @extend_schema(parameters=[CURSOR, LIMIT], responses=ParticipantOutput(many=True))
    def get(self, request: AuthenticatedRequest, **_: str) -> HttpResponse:
        """List the members of a conversation."""
        limits = current_limits()
        page = queries.members_of(
            self.conversation,
            viewer=request.user,
            cursor=position(request),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
        )
        return answer_page(request, list(map(member_json, page.rows)), page.next_cursor)

    @extend_schema(request=AddMembersInput, responses={204: None})
    def post(self, request: AuthenticatedRequest, **_: str) -> Response:
        """Bring members in, as a moderator or the owner; who is in it already stays."""
        given = checked(AddMembersInput, request)
        membership.add_members(by=request.user, conversation=self.conversation, **given)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MemberView(InConversation):
    """`…/members/{username}/`: one member's place."""

    @extend_schema(request=RoleInput, responses=ParticipantOutput)
    def patch(self, request: AuthenticatedRequest, username: str, **_: str) -> Response:
        """Make somebody a moderator, a member or the next owner, as the owner."""
        given = checked(RoleInput, request)
        place = membership.set_role(
            by=request.user,
            conversation=self.conversation,
            username=username,
            role=Role(given["role"]),
        )
        return Response(member_json(queries.MemberEntry(place, place.silenced_until)))

    @extend_schema(responses={204: None})
    def delete(self, request: AuthenticatedRequest, username: str, **_: str) -> Response:
        """Put somebody out, as a moderator or the owner."""
        membership.remove_member(by=request.user, conversation=self.conversation, username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Leaving(InConversation):
    """`…/leave/`: one's own way out."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: AuthenticatedRequest, **_: str) -> Response:
        """Leave a group or a room; an owner's role goes on to whoever is there longest."""
        membership.leave(member=request.user, conversation=self.conversation)
        return Response(status=status.HTTP_204_NO_CONTENT)
