"""Likes and bookmarks over HTTP."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.core.http.addresses import public_url
from snappio.core.http.pages import answer_page
from snappio.core.http.schema import PAGE_PARAMETERS
from snappio.media.files import url_of
from snappio.posts.queries.likes import bookmarks_page, likes_page
from snappio.posts.serializers.comments import LikerOutput, liker_json
from snappio.posts.serializers.posts import PostOutput, post_json
from snappio.posts.services import reactions
from snappio.posts.views.addresses import POST_ID, page_asked, post_id_of, viewer_of


@extend_schema(parameters=[POST_ID])
class LikeView(APIView):
    """`posts/{id}/like/`: one's own like."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="like_post", request=None, responses={204: None})
    def put(self, request: AuthenticatedRequest, post_id: str) -> Response:
        """Like a post; once more changes nothing."""
        reactions.like_post(post_id=post_id_of(post_id), member=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="unlike_post", responses={204: None})
    def delete(self, request: AuthenticatedRequest, post_id: str) -> Response:
        """Take one's like back."""
        reactions.unlike_post(post_id=post_id_of(post_id), member=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(parameters=[POST_ID])
class LikesView(APIView):
    """`posts/{id}/likes/`: who likes a post."""

    @extend_schema(
        operation_id="list_post_likes",
        parameters=[*PAGE_PARAMETERS],
        responses={200: LikerOutput(many=True)},
    )
    def get(self, request: Request, post_id: str) -> HttpResponse:
        """List the members who like a post, the latest first."""
        page = likes_page(post_id_of(post_id), viewer=viewer_of(request), **page_asked(request))
        return answer_page(request, [liker_json(like) for like in page.rows], page.next_cursor)


@extend_schema(parameters=[POST_ID])
class BookmarkView(APIView):
    """`posts/{id}/bookmark/`: one's own bookmark; nobody else learns of it."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="bookmark_post", request=None, responses={204: None})
    def put(self, request: AuthenticatedRequest, post_id: str) -> Response:
        """Keep a post; once more changes nothing."""
        reactions.keep_post(post_id=post_id_of(post_id), member=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="remove_bookmark", responses={204: None})
    def delete(self, request: AuthenticatedRequest, post_id: str) -> Response:
        """Remove one's bookmark."""
        reactions.let_go_of_post(post_id=post_id_of(post_id), member=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class BookmarksView(APIView):
    """`bookmarks/`: what one keeps."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="list_bookmarks",
        parameters=[*PAGE_PARAMETERS],
        responses={200: PostOutput(many=True)},
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List the posts one keeps, the latest kept first; a page may be short of hidden ones."""
        page = bookmarks_page(request.user, **page_asked(request))
        files = public_url(request, url_of(""))
        items = [post_json(post, files) for post in page.rows]
        return answer_page(request, items, page.next_cursor)
