"""Posts over HTTP."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.models import User
from snappio.core.http.addresses import public_url
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.limits import current_limits
from snappio.core.pagination import LARGEST_ID
from snappio.media.files import url_of
from snappio.posts import queries, services
from snappio.posts.errors import PostNotFound
from snappio.posts.serializers import CreatePostInput, EditPostInput, PostOutput, post_json

LIST_PARAMETERS = [
    OpenApiParameter("username", str, description="Only this member's; letter case counts."),
    OpenApiParameter("limit", int, description="How many at most."),
    OpenApiParameter("cursor", str, description="From the `Link` of the page before."),
]
POST_ID = OpenApiParameter("post_id", OpenApiTypes.INT64, OpenApiParameter.PATH)


class PostsView(APIView):
    """All posts."""

    @extend_schema(
        operation_id="list_posts",
        parameters=LIST_PARAMETERS,
        responses={200: PostOutput(many=True)},
    )
    def get(self, request: Request) -> HttpResponse:
        """List posts, newest first; the next page's address is in `Link`."""
        largest = current_limits().posts_page
        page = queries.posts_page(
            username=request.query_params.get("username"),
            before=position(request),
            limit=page_size(request, default=largest, largest=largest),
        )
        files = public_url(request, url_of(""))
        return answer_page(
            request, [post_json(post, files) for post in page.rows], page.next_cursor
        )

    @extend_schema(
        operation_id="create_post",
        request={"multipart/form-data": CreatePostInput},
        responses={201: PostOutput},
    )
    def post(self, request: Request) -> Response:
        """Publish a text with one image."""
        given = _checked(CreatePostInput(data=request.data))
        post = services.create_post(
            author=_member(request), content=given["content"], upload=given["uploadImage"]
        )
        return _answer(request, post.pk, status.HTTP_201_CREATED)


@extend_schema(parameters=[POST_ID])
class PostView(APIView):
    """One post."""

    @extend_schema(operation_id="get_post", responses={200: PostOutput})
    def get(self, request: Request, post_id: str) -> Response:
        """Show a post."""
        return _answer(request, _id_of(post_id))

    @extend_schema(operation_id="replace_post", request=EditPostInput, responses={200: PostOutput})
    def put(self, request: Request, post_id: str) -> Response:
        """Change the text of one's own post."""
        return self._edit(request, post_id, EditPostInput(data=request.data))

    @extend_schema(operation_id="edit_post", request=EditPostInput, responses={200: PostOutput})
    def patch(self, request: Request, post_id: str) -> Response:
        """Change the text of one's own post, if one is given."""
        return self._edit(request, post_id, EditPostInput(data=request.data, partial=True))

    @extend_schema(operation_id="delete_post", responses={204: None})
    def delete(self, request: Request, post_id: str) -> Response:
        """Delete one's own post and its files."""
        services.delete_post(post_id=_id_of(post_id), remover=_member(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _edit(self, request: Request, post_id: str, body: EditPostInput) -> Response:
        number = _id_of(post_id)
        content = _checked(body).get("content")
        services.edit_post(post_id=number, editor=_member(request), content=content)
        return _answer(request, number)


def _answer(request: Request, post_id: int, code: int = status.HTTP_200_OK) -> Response:
    post = queries.get_post(post_id)
    return Response(post_json(post, public_url(request, url_of(""))), status=code)


def _checked(serializer: CreatePostInput | EditPostInput) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    validated: dict[str, Any] = serializer.validated_data
    return validated


def _member(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _id_of(text: str) -> int:
    # Read here and not by the address pattern: without a token even nonsense is 401.
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID))):
        raise PostNotFound
    number = int(text)
    if number > LARGEST_ID:
        raise PostNotFound
    return number
