"""What the caller is to others, over HTTP."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.core.errors import InvalidInput
from snappio.core.http.input import checked
from snappio.core.http.pages import position
from snappio.core.http.schema import PAGE_PARAMETERS
from snappio.core.limits import current_limits
from snappio.profiles.serializers import (
    MemberOutput,
    MuteMemberInput,
    NamedRelationshipOutput,
    relationship_json,
)
from snappio.profiles.services import block_member, unblock_member
from snappio.profiles.views.members import answer_members, size_of
from snappio.relationships import queries
from snappio.relationships.services.close_friends import add_close_friend, remove_close_friend
from snappio.relationships.services.follows import (
    accept_request,
    follow_member,
    refuse_request,
    unfollow_member,
)
from snappio.relationships.services.mutes import mute_member, unmute_member

Method = TypeVar("Method", bound=Callable[..., Any])

NAMES = OpenApiParameter(
    "username", str, many=True, required=True, description="Of a member; up to 100 of them."
)


def _done() -> Response:
    return Response(status=status.HTTP_204_NO_CONTENT)


def _switch(operation: str, request: Any = None) -> Callable[[Method], Method]:
    return extend_schema(operation_id=operation, request=request, responses={204: None})


def _list(operation: str) -> Callable[[Method], Method]:
    return extend_schema(
        operation_id=operation,
        parameters=[*PAGE_PARAMETERS],
        responses={200: MemberOutput(many=True)},
    )


class _OwnView(APIView):
    permission_classes = (IsAuthenticated,)


class FollowView(_OwnView):
    """`users/{username}/follow/`."""

    @_switch("follow_member")
    def put(self, request: AuthenticatedRequest, username: str) -> Response:
        """Follow a member; one who is private is asked."""
        follow_member(follower=request.user, username=username)
        return _done()

    @_switch("unfollow_member")
    def delete(self, request: AuthenticatedRequest, username: str) -> Response:
        """Follow a member no more, or ask no more."""
        unfollow_member(follower=request.user, username=username)
        return _done()


class BlockView(_OwnView):
    """`users/{username}/block/`."""

    @_switch("block_member")
    def put(self, request: AuthenticatedRequest, username: str) -> Response:
        """Block a member: the two are not there for each other any more."""
        block_member(blocker=request.user, username=username)
        return _done()

    @_switch("unblock_member")
    def delete(self, request: AuthenticatedRequest, username: str) -> Response:
        """Block a member no more; what the block has ended stays ended."""
        unblock_member(blocker=request.user, username=username)
        return _done()


class MuteView(_OwnView):
    """`users/{username}/mute/`."""

    @_switch("mute_member", request=MuteMemberInput)
    def put(self, request: AuthenticatedRequest, username: str) -> Response:
        """Hear nothing of a member, for so many seconds or for ever; they are not told."""
        given = checked(MuteMemberInput, request)
        mute_member(muter=request.user, username=username, seconds=given["seconds"])
        return _done()

    @_switch("unmute_member")
    def delete(self, request: AuthenticatedRequest, username: str) -> Response:
        """Hear of a member again."""
        unmute_member(muter=request.user, username=username)
        return _done()


class FollowRequestsView(_OwnView):
    """`follow-requests/`."""

    @_list("list_follow_requests")
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List who has asked to follow the caller, the newest first."""
        page = queries.requests_to(request.user, before=position(request), limit=size_of(request))
        return answer_members(request, page)


class FollowRequestView(_OwnView):
    """`follow-requests/{username}/`."""

    @_switch("accept_follow_request")
    def put(self, request: AuthenticatedRequest, username: str) -> Response:
        """Let a member follow who has asked."""
        accept_request(followed=request.user, username=username)
        return _done()

    @_switch("refuse_follow_request")
    def delete(self, request: AuthenticatedRequest, username: str) -> Response:
        """Have a request gone; who has asked is not told."""
        refuse_request(followed=request.user, username=username)
        return _done()


class CloseFriendsView(_OwnView):
    """`close-friends/`."""

    @_list("list_close_friends")
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List the caller's close friends, the newest first."""
        page = queries.close_friends_of(
            request.user, before=position(request), limit=size_of(request)
        )
        return answer_members(request, page)


class CloseFriendView(_OwnView):
    """`close-friends/{username}/`."""

    @_switch("add_close_friend")
    def put(self, request: AuthenticatedRequest, username: str) -> Response:
        """Count a member among the close friends; they are not told."""
        add_close_friend(owner=request.user, username=username)
        return _done()

    @_switch("remove_close_friend")
    def delete(self, request: AuthenticatedRequest, username: str) -> Response:
        """Count a member among them no more."""
        remove_close_friend(owner=request.user, username=username)
        return _done()


class BlocksView(_OwnView):
    """`blocks/`."""

    @_list("list_blocks")
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List whom the caller blocks, the newest first."""
        page = queries.blocked_of(request.user, before=position(request), limit=size_of(request))
        return answer_members(request, page)


class MutesView(_OwnView):
    """`mutes/`."""

    @_list("list_mutes")
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List whom the caller has muted, the newest first."""
        page = queries.muted_of(request.user, before=position(request), limit=size_of(request))
        return answer_members(request, page)


class RelationshipsView(_OwnView):
    """`relationships/`."""

    @extend_schema(
        operation_id="list_relationships",
        parameters=[NAMES],
        responses={200: NamedRelationshipOutput(many=True)},
    )
    def get(self, request: AuthenticatedRequest) -> Response:
        """Tell what up to 100 members are to the caller, by username.

        Whoever is not there, or not there for the caller, is left out.
        """
        names = request.query_params.getlist("username")
        most = current_limits().relationships_asked
        if not 0 < len(names) <= most:
            raise InvalidInput(fields={"username": [f"Name 1 to {most} members."]})
        found = queries.relationships_among(request.user, names)
        return Response([relationship_json(name, relationship) for name, relationship in found])
