"""Posts over HTTP."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.models import User
from snappio.core.http.addresses import public_url
from snappio.core.http.input import checked
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.http.schema import PAGE_PARAMETERS
from snappio.core.limits import current_limits
from snappio.media.files import url_of
from snappio.posts.queries import posts as queries
from snappio.posts.queries.revisions import revisions_page
from snappio.posts.serializers.posts import (
    CreatePostInput,
    EditPostInput,
    PostOutput,
    RevisionOutput,
    changes_of,
    options_of,
    post_json,
    revision_json,
)
from snappio.posts.services.deletion import delete_post
from snappio.posts.services.editing import edit_post
from snappio.posts.services.publishing import create_post
from snappio.posts.views.addresses import (
    IDEMPOTENCY_KEY,
    POST_ID,
    key_of,
    page_asked,
    post_id_of,
    viewer_of,
)

LIST_PARAMETERS = [
    OpenApiParameter("username", str, description="Only this member's; letter case counts."),
    OpenApiParameter("limit", int, description="How many at most."),
    OpenApiParameter("cursor", str, description="From the `Link` of the page before."),
]


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
            viewer=viewer_of(request),
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
        parameters=[IDEMPOTENCY_KEY],
        request={"multipart/form-data": CreatePostInput, "application/json": CreatePostInput},
        responses={201: PostOutput},
    )
    def post(self, request: Request) -> Response:
        """Publish a text with one image that comes along, or with images uploaded before."""
        given = checked(CreatePostInput, request)
        post = create_post(
            author=_member(request),
            content=given["content"],
            upload=given.get("uploadImage"),
            images=given.get("media", ()),
            options=options_of(given),
            key=key_of(request),
        )
        return _answer(request, post.pk, status.HTTP_201_CREATED)


@extend_schema(parameters=[POST_ID])
class PostView(APIView):
    """One post."""

    @extend_schema(operation_id="get_post", responses={200: PostOutput})
    def get(self, request: Request, post_id: str) -> Response:
        """Show a post."""
        return _answer(request, post_id_of(post_id))

    @extend_schema(operation_id="replace_post", request=EditPostInput, responses={200: PostOutput})
    def put(self, request: Request, post_id: str) -> Response:
        """Change one's own post; what is not given, but for the text, stays."""
        return _edit(request, post_id, partial=False)

    @extend_schema(operation_id="edit_post", request=EditPostInput, responses={200: PostOutput})
    def patch(self, request: Request, post_id: str) -> Response:
        """Change one's own post; what is not given stays."""
        return _edit(request, post_id, partial=True)

    @extend_schema(operation_id="delete_post", responses={204: None})
    def delete(self, request: Request, post_id: str) -> Response:
        """Delete one's own post and its files."""
        delete_post(post_id=post_id_of(post_id), remover=_member(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(parameters=[POST_ID])
class HistoryView(APIView):
    """`posts/{id}/history/`: what a post said before."""

    @extend_schema(
        operation_id="list_post_history",
        parameters=[*PAGE_PARAMETERS],
        responses={200: RevisionOutput(many=True)},
    )
    def get(self, request: Request, post_id: str) -> HttpResponse:
        """List earlier texts, the latest first, but for those written for others."""
        page = revisions_page(post_id_of(post_id), viewer=viewer_of(request), **page_asked(request))
        return answer_page(request, [revision_json(one) for one in page.rows], page.next_cursor)


def _edit(request: Request, post_id: str, *, partial: bool) -> Response:
    number = post_id_of(post_id)
    given = checked(EditPostInput, request, partial=partial)
    edit_post(post_id=number, editor=_member(request), changes=changes_of(given))
    return _answer(request, number)


def _answer(request: Request, post_id: int, code: int = status.HTTP_200_OK) -> Response:
    post = queries.get_post(post_id, viewer=viewer_of(request))
    return Response(post_json(post, public_url(request, url_of(""))), status=code)


def _member(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user
