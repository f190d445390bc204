"""Comments over HTTP."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.models import User
from snappio.core.http.input import checked
from snappio.core.http.pages import answer_page, number_in, page_size, position
from snappio.core.http.schema import PAGE_PARAMETERS
from snappio.core.limits import current_limits
from snappio.posts.queries.comments import comments_page, get_comment
from snappio.posts.serializers.comments import (
    CommentInput,
    CommentOutput,
    EditCommentInput,
    comment_json,
)
from snappio.posts.services import comments
from snappio.posts.views.addresses import (
    COMMENT_ID,
    IDEMPOTENCY_KEY,
    POST_ID,
    comment_id_of,
    key_of,
    post_id_of,
    viewer_of,
)

PARENT = OpenApiParameter(
    "parent", int, description="List the answers to this comment, the oldest first."
)


@extend_schema(parameters=[POST_ID])
class CommentsView(APIView):
    """`posts/{id}/comments/`."""

    @extend_schema(
        operation_id="list_comments",
        parameters=[PARENT, *PAGE_PARAMETERS],
        responses={200: CommentOutput(many=True)},
    )
    def get(self, request: Request, post_id: str) -> HttpResponse:
        """List the comments on a post that answer no other, the newest first."""
        limits = current_limits()
        page = comments_page(
            post_id_of(post_id),
            viewer=viewer_of(request),
            parent_id=number_in(request, "parent"),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
            after=position(request),
        )
        return answer_page(request, [comment_json(one) for one in page.rows], page.next_cursor)

    @extend_schema(
        operation_id="create_comment",
        parameters=[IDEMPOTENCY_KEY],
        request=CommentInput,
        responses={201: CommentOutput},
    )
    def post(self, request: Request, post_id: str) -> Response:
        """Comment on a post, or answer a comment on it."""
        assert isinstance(request.user, User)
        number = post_id_of(post_id)
        given = checked(CommentInput, request)
        comment = comments.comment_on_post(
            post_id=number,
            author=request.user,
            content=given["content"],
            parent_id=given.get("parent"),
            key=key_of(request),
        )
        shown = get_comment(comment.pk, viewer=request.user)
        return Response(comment_json(shown), status=status.HTTP_201_CREATED)


@extend_schema(parameters=[COMMENT_ID])
class CommentView(APIView):
    """`comments/{id}/`: one comment."""

    @extend_schema(operation_id="get_comment", responses={200: CommentOutput})
    def get(self, request: Request, comment_id: str) -> Response:
        """Show a comment."""
        shown = get_comment(comment_id_of(comment_id), viewer=viewer_of(request))
        return Response(comment_json(shown))

    @extend_schema(
        operation_id="edit_comment", request=EditCommentInput, responses={200: CommentOutput}
    )
    def patch(self, request: AuthenticatedRequest, comment_id: str) -> Response:
        """Change the text of one's own comment."""
        number = comment_id_of(comment_id)
        given = checked(EditCommentInput, request)
        comments.edit_comment(comment_id=number, editor=request.user, content=given["content"])
        return Response(comment_json(get_comment(number, viewer=request.user)))

    @extend_schema(operation_id="delete_comment", responses={204: None})
    def delete(self, request: AuthenticatedRequest, comment_id: str) -> Response:
        """Delete one's own comment, or one under one's own post, and what answers it."""
        comments.delete_comment(comment_id=comment_id_of(comment_id), remover=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(parameters=[COMMENT_ID])
class CommentLikeView(APIView):
    """`comments/{id}/like/`: one's own like."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="like_comment", request=None, responses={204: None})
    def put(self, request: AuthenticatedRequest, comment_id: str) -> Response:
        """Like a comment; once more changes nothing."""
        comments.like_comment(comment_id=comment_id_of(comment_id), member=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="unlike_comment", responses={204: None})
    def delete(self, request: AuthenticatedRequest, comment_id: str) -> Response:
        """Take one's like back."""
        comments.unlike_comment(comment_id=comment_id_of(comment_id), member=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
