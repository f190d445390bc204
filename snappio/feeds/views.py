"""Timelines over HTTP."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.core.http.addresses import public_url
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.http.schema import PAGE_PARAMETERS
from snappio.core.limits import current_limits
from snappio.media.files import url_of
from snappio.posts.queries.posts import posts_page
from snappio.posts.serializers.posts import PostOutput, post_json


class FeedView(APIView):
    """The home timeline."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="read_feed",
        parameters=[*PAGE_PARAMETERS],
        responses={200: PostOutput(many=True)},
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List the newest posts of the whole instance."""
        limits = current_limits()
        page = posts_page(
            viewer=request.user,
            before=position(request),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
        )
        files = public_url(request, url_of(""))
        items = [post_json(post, files) for post in page.rows]
        return answer_page(request, items, page.next_cursor)
