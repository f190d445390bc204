"""Rooms: finding them, making them, coming in."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import directory
from snappio.chat.models import Conversation
from snappio.chat.serializers.conversations import ChangeConversationInput
from snappio.chat.serializers.rooms import (
    CodeInput,
    InviteInput,
    InviteOutput,
    JoinInput,
    MakeRoomInput,
    RoomOutput,
    RoomsQuery,
    invite_json,
    room_json,
)
from snappio.chat.services import invites
from snappio.chat.services import rooms as services
from snappio.chat.services.groups import change_conversation
from snappio.chat.views.parameters import CURSOR, LIMIT, InConversation
from snappio.core.http.input import checked, checked_query
from snappio.core.http.pages import answer_page, page_size
from snappio.core.limits import current_limits


class RoomList(APIView):
    """`rooms/`: one's own, or those to discover."""

    permission_classes = [IsAuthenticated]

    @extend_schema(parameters=[RoomsQuery, CURSOR, LIMIT], responses=RoomOutput(many=True))
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List the rooms that one may join or, with `mine`, is in; the largest first."""
        limits = current_limits()
        page = directory.rooms_for(
            request.user,
            **checked_query(RoomsQuery, request),
            cursor=request.query_params.get("cursor"),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
        )
        return answer_page(request, list(map(room_json, page.rows)), page.next_cursor)

    @extend_schema(request=MakeRoomInput, responses={201: RoomOutput})
    def post(self, request: AuthenticatedRequest) -> Response:
        """Make a room, and own it."""
        room = services.make_room(maker=request.user, **checked(MakeRoomInput, request))
        return _answer(room, request, status.HTTP_201_CREATED)


class RoomView(InConversation):
    """`rooms/{id}/`: one room."""

    @extend_schema(responses=RoomOutput)
    def get(self, request: AuthenticatedRequest, room_id: str) -> Response:
        """Show a room that one is in or may join."""
        return _answer(directory.get_known_room(room_id, viewer=request.user), request)

    @extend_schema(request=ChangeConversationInput, responses=RoomOutput)
    def patch(self, request: AuthenticatedRequest, room_id: str) -> Response:
        """Change its name, description or rules, as a moderator or the owner."""
        changes = checked(ChangeConversationInput, request)
        changed = change_conversation(
            by=request.user, conversation=self.conversation, changes=changes
        )
        return _answer(changed, request)


class Joining(APIView):
    """`rooms/{id}/join/`: the way in."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="room_join", request=JoinInput, responses=RoomOutput)
    def post(self, request: AuthenticatedRequest, room_id: str) -> Response:
        """Come into a room; into a private one with the code of an invite."""
        code = checked(JoinInput, request).get("code")
        if code is None:
            known = directory.get_known_room(room_id, viewer=request.user)
            room = services.join_room(member=request.user, room=known)
        else:
            room = services.join_by_invite(member=request.user, code=code, room_id=room_id)
        return _answer(room, request)


class JoinByInvite(APIView):
    """`rooms/join/`: the way into a room whose id one does not know."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="room_join_by_invite", request=CodeInput, responses=RoomOutput)
    def post(self, request: AuthenticatedRequest) -> Response:
        """Come into the room to which the code invites."""
        code = checked(CodeInput, request)["code"]
        return _answer(services.join_by_invite(member=request.user, code=code), request)


class InviteList(InConversation):
    """`rooms/{id}/invites/`: the codes that open the room."""

    @extend_schema(responses=InviteOutput(many=True))
    def get(self, request: AuthenticatedRequest, room_id: str) -> HttpResponse:
        """List the codes that still work, as a moderator or the owner; the latest first."""
        found = invites.list_invites(by=request.user, room=self.conversation)
        return answer_page(request, list(map(invite_json, found)), None)

    @extend_schema(request=InviteInput, responses={201: InviteOutput})
    def post(self, request: AuthenticatedRequest, room_id: str) -> Response:
        """Make a code, as a moderator or the owner."""
        made = invites.make_invite(
            by=request.user, room=self.conversation, **checked(InviteInput, request)
        )
        return Response(invite_json(made), status=status.HTTP_201_CREATED)


class InviteView(InConversation):
    """`rooms/{id}/invites/{code}/`: one code."""

    @extend_schema(responses={204: None})
    def delete(self, request: AuthenticatedRequest, room_id: str, code: str) -> Response:
        """Revoke a code: it opens nothing any more."""
        invites.revoke_invite(by=request.user, room=self.conversation, code=code)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _answer(
    room: Conversation, request: AuthenticatedRequest, code: int = status.HTTP_200_OK
) -> Response:
    return Response(room_json(directory.entry_of(room, viewer=request.user)), status=code)
