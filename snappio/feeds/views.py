"""Timelines over HTTP."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.models import User
from snappio.core.http.addresses import public_url
from snappio.core.http.input import checked
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.http.schema import PAGE_PARAMETERS
from snappio.core.limits import current_limits
from snappio.core.pagination import Page
from snappio.feeds import services
from snappio.feeds.queries.explore import explore_page
from snappio.feeds.queries.home import home_page, position_of
from snappio.feeds.queries.members import member_page
from snappio.feeds.queries.tags import tag_page, tags_followed_by
from snappio.feeds.serializers import PositionInput, PositionOutput
from snappio.media.files import url_of
from snappio.posts.queries.posts import ShownPost
from snappio.posts.serializers.posts import PostOutput, post_json

POSTS = {200: PostOutput(many=True)}


class FeedView(APIView):
    """The home timeline."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="read_feed", parameters=[*PAGE_PARAMETERS], responses=POSTS)
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List the newest posts of whom and what one follows, and one's own; without the muted."""
        page = home_page(request.user, limit=_size(request), before=position(request))
        return _answer(request, page)


class PositionView(APIView):
    """`feed/position/`: where one left off, on whichever device."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="read_feed_position", responses={200: PositionOutput})
    def get(self, request: AuthenticatedRequest) -> Response:
        """Say up to which post one has seen the home feed."""
        return Response({"post": position_of(request.user)})

    @extend_schema(
        operation_id="move_feed_position", request=PositionInput, responses={200: PositionOutput}
    )
    def put(self, request: AuthenticatedRequest) -> Response:
        """Say up to which post one has seen it; it only moves forward, to the newest at most."""
        given = checked(PositionInput, request)
        seen = services.move_position(member=request.user, post_id=given["post"])
        return Response({"post": seen})


class ExploreView(APIView):
    """`explore/`: for whoever looks around."""

    @extend_schema(operation_id="explore", parameters=[*PAGE_PARAMETERS], responses=POSTS)
    def get(self, request: Request) -> HttpResponse:
        """List recent public posts, ranked by when they were posted and by likes."""
        cursor = request.query_params.get("cursor")
        page = explore_page(viewer=_viewer(request), limit=_size(request), cursor=cursor)
        return _answer(request, page)


class TagsView(APIView):
    """`tags/`: the tags one follows."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="list_followed_tags",
        responses={200: OpenApiResponse({"type": "array", "items": {"type": "string"}})},
    )
    def get(self, request: AuthenticatedRequest) -> Response:
        """List the tags one follows, in the form that all spellings share."""
        return Response(tags_followed_by(request.user))


class TagPostsView(APIView):
    """`tags/{tag}/posts/`."""

    @extend_schema(operation_id="list_tag_posts", parameters=[*PAGE_PARAMETERS], responses=POSTS)
    def get(self, request: Request, tag: str) -> HttpResponse:
        """List the newest posts under a tag, however it is spelt."""
        page = tag_page(
            services.require_tag(tag),
            viewer=_viewer(request),
            limit=_size(request),
            before=position(request),
        )
        return _answer(request, page)


class TagFollowView(APIView):
    """`tags/{tag}/follow/`: whether one follows a tag."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="follow_tag", request=None, responses={204: None})
    def put(self, request: AuthenticatedRequest, tag: str) -> Response:
        """Follow a tag; once more changes nothing."""
        services.follow_tag(member=request.user, written=tag)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="unfollow_tag", responses={204: None})
    def delete(self, request: AuthenticatedRequest, tag: str) -> Response:
        """Follow a tag no more."""
        services.unfollow_tag(member=request.user, written=tag)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MemberPostsView(APIView):
    """`users/{username}/posts/`."""

    @extend_schema(operation_id="list_member_posts", parameters=[*PAGE_PARAMETERS], responses=POSTS)
    def get(self, request: Request, username: str) -> HttpResponse:
        """List the newest posts of a member."""
        page = member_page(
            username, viewer=_viewer(request), limit=_size(request), before=position(request)
        )
        return _answer(request, page)


def _viewer(request: Request) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _size(request: Request) -> int:
    limits = current_limits()
    return page_size(request, default=limits.page_default, largest=limits.page_max)


def _answer(request: Request, page: Page[ShownPost]) -> HttpResponse:
    files = public_url(request, url_of(""))
    return answer_page(request, [post_json(post, files) for post in page.rows], page.next_cursor)
