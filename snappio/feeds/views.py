"""Timelines over HTTP."""

from functools import partial

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.core.http.addresses import public_url
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.http.schema import PAGE_PARAMETERS
from snappio.core.limits import current_limits
from snappio.posts.queries import posts_page
from snappio.posts.serializers import PostOutput, post_json


class FeedView(APIView):
    """The home timeline."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="read_feed",
        parameters=[*PAGE_PARAMETERS],
        responses={200: PostOutput(many=True)},
    )
    def get(self, request: AuthenticatedRequest) -> Response:
        """List the newest posts of the whole instance."""
        limits = current_limits()
        page = posts_page(
            before=position(request),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
        )
        absolute = partial(public_url, request)
        items = [post_json(post, absolute) for post in page.rows]
        return answer_page(request, items, page.next_cursor)
