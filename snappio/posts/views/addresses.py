"""What addresses of posts have in common."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from snappio.accounts.models import User
from snappio.core.errors import NotFound
from snappio.core.http.pages import page_size, position
from snappio.core.limits import current_limits
from snappio.core.pagination import LARGEST_ID
from snappio.posts.errors import CommentNotFound, PostNotFound

POST_ID = OpenApiParameter("post_id", OpenApiTypes.INT64, OpenApiParameter.PATH)
COMMENT_ID = OpenApiParameter("comment_id", OpenApiTypes.INT64, OpenApiParameter.PATH)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same again gives what was made first, and makes nothing.",
)


def viewer_of(request: Request) -> User | None:
    """Return the member who asks, or None for who is not signed in."""
    return request.user if isinstance(request.user, User) else None


def key_of(request: Request) -> str:
    """Return the `Idempotency-Key`; empty where none was sent."""
    return request.headers.get("Idempotency-Key", "")


def page_asked(request: Request) -> dict[str, Any]:
    """Return which page of an ordinary list is asked for, as queries take it."""
    limits = current_limits()
    return {
        "limit": page_size(request, default=limits.page_default, largest=limits.page_max),
        "before": position(request),
    }


def post_id_of(text: str) -> int:
    """Return the number in an address, or raise `PostNotFound`."""
    return _number_of(text, PostNotFound)


def comment_id_of(text: str) -> int:
    """Return the number in an address, or raise `CommentNotFound`."""
    return _number_of(text, CommentNotFound)


def _number_of(text: str, absent: type[NotFound]) -> int:
    # Read here and not by the address pattern: without a token even nonsense is 401.
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID))):
        raise absent
    number = int(text)
    if number > LARGEST_ID:
        raise absent
    return number
