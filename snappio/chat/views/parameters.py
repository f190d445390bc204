"""What several addresses of chat take."""

from functools import cached_property
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.errors import MessageNotFound
from snappio.chat.models import Conversation
from snappio.chat.queries import Stretch
from snappio.core.errors import InvalidInput, NotFound
from snappio.core.http.pages import number_in
from snappio.core.pagination import LARGEST_ID

LIMIT = OpenApiParameter("limit", OpenApiTypes.INT, description="How many at most.")
CURSOR = OpenApiParameter("cursor", OpenApiTypes.STR, description="From the `Link` header.")

STRETCH = [
    OpenApiParameter("before", OpenApiTypes.INT, description="Only below this `seq`."),
    OpenApiParameter("after", OpenApiTypes.INT, description="Only above this `seq`."),
    OpenApiParameter("around", OpenApiTypes.INT, description="This `seq` in the middle."),
    OpenApiParameter(
        "first_unread",
        OpenApiTypes.BOOL,
        description="Where the member left off, with a few messages before it.",
    ),
]
_TRUE_OR_FALSE = {"true": True, "false": False, "": False}


def stretch_in(request: Request) -> Stretch:
    """Return which part of a history is asked for; two answers to that are a 400."""
    first_unread = _TRUE_OR_FALSE.get(request.query_params.get("first_unread", ""))
    if first_unread is None:
        raise InvalidInput(fields={"first_unread": ["Must be a valid boolean."]})
    numbers = {name: number_in(request, name) for name in ("before", "after", "around")}
    given = [name for name, number in numbers.items() if number is not None]
    if len(given) + first_unread > 1:
        raise InvalidInput("Only one of before, after, around and first_unread may be given.")
    return Stretch(**numbers, first_unread=first_unread)


def number_of(text: str, absent: type[NotFound] = MessageNotFound) -> int:
    """Return the number in an address, or raise ``absent`` for what is no number."""
    # Read here and not by the address pattern: without a token even nonsense is 401.
    if not (text.isascii() and text.isdecimal() and len(text) < len(str(LARGEST_ID))):
        raise absent
    return int(text)


class InConversation(APIView):
    """An address below `conversations/{id}/`, or below `rooms/{id}/`, which names it otherwise."""

    permission_classes = [IsAuthenticated]
    request: AuthenticatedRequest
    kwargs: dict[str, Any]

    @cached_property
    def conversation(self) -> Conversation:
        """The conversation that the address names; one that is not the member's is not found."""
        viewer = self.request.user
        if "room_id" in self.kwargs:
            return queries.get_room(self.kwargs["room_id"], viewer=viewer)
        return queries.get_conversation(self.kwargs["conversation_id"], viewer=viewer)
