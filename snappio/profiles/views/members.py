"""Members over HTTP, as others see them: `/api/v1/users/…`."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.models import User
from snappio.accounts.services import members
from snappio.core.http.addresses import address_of
from snappio.core.http.input import checked, checked_query
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.http.schema import PAGE_PARAMETERS
from snappio.core.limits import current_limits
from snappio.core.pagination import Page
from snappio.profiles import queries
from snappio.profiles.serializers import (
    MemberOutput,
    MembersInput,
    OwnProfileOutput,
    PublicProfileOutput,
    SignUpInput,
    SuggestionOutput,
    members_json,
    profile_json,
    suggestions_json,
)
from snappio.profiles.views.own import answer_own_profile, files_of
from snappio.relationships.queries import followed_by, followers_of, get_open_member

LIMIT = OpenApiParameter("limit", int, description="How many to give; clamped to what is allowed.")


class MembersView(APIView):
    """All members."""

    # Everybody may join. Said in words: an empty list is described as a need to sign in.
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="list_members",
        parameters=[MembersInput, *PAGE_PARAMETERS],
        responses={200: MemberOutput(many=True)},
    )
    def get(self, request: Request) -> HttpResponse:
        """List members, newest first."""
        page = queries.directory_page(
            **checked_query(MembersInput, request),
            viewer=viewer_of(request),
            before=position(request),
            limit=size_of(request),
        )
        return answer_page(request, members_json(page.rows, files_of(request)), page.next_cursor)

    @extend_schema(
        operation_id="sign_up",
        request=SignUpInput,
        responses={201: OwnProfileOutput},
    )
    def post(self, request: Request) -> Response:
        """Join; where `registration` is `approval`, signing in waits for the staff."""
        given = checked(SignUpInput, request)
        member = members.sign_up(**given, address=address_of(request))
        return answer_own_profile(request, member, status.HTTP_201_CREATED)


class PublicProfileView(APIView):
    """One member, as everybody sees them."""

    @extend_schema(operation_id="read_profile", responses={200: PublicProfileOutput})
    def get(self, request: Request, username: str) -> Response:
        """Show a member's public profile."""
        profile = queries.public_profile(username, viewer=viewer_of(request))
        return Response(profile_json(profile, files_of(request)))


class SuggestionsView(APIView):
    """`users/suggestions/`: whom one may want to follow."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="list_suggestions",
        parameters=[LIMIT],
        responses={200: SuggestionOutput(many=True)},
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """List who is followed by those the caller follows, most first; the best, and no more."""
        found = queries.suggestions(request.user, limit=size_of(request))
        return answer_page(request, suggestions_json(found, files_of(request)), None)


class FollowersView(APIView):
    """`users/{username}/followers/`."""

    @extend_schema(
        operation_id="list_followers",
        parameters=[*PAGE_PARAMETERS],
        responses={200: MemberOutput(many=True)},
    )
    def get(self, request: Request, username: str) -> HttpResponse:
        """List who follows a member, the newest first; of a private one, to followers alone."""
        viewer = viewer_of(request)
        member = get_open_member(username, viewer=viewer)
        page = followers_of(member, viewer=viewer, before=position(request), limit=size_of(request))
        return answer_members(request, page)


class FollowingView(APIView):
    """`users/{username}/following/`."""

    @extend_schema(
        operation_id="list_following",
        parameters=[*PAGE_PARAMETERS],
        responses={200: MemberOutput(many=True)},
    )
    def get(self, request: Request, username: str) -> HttpResponse:
        """List whom a member follows, the newest first; of a private one, to followers alone."""
        viewer = viewer_of(request)
        member = get_open_member(username, viewer=viewer)
        page = followed_by(member, viewer=viewer, before=position(request), limit=size_of(request))
        return answer_members(request, page)


def viewer_of(request: Request) -> User | None:
    """Return who asks, or None for who is not signed in."""
    return request.user if isinstance(request.user, User) else None


def size_of(request: Request) -> int:
    """Return how many members the caller wants on a page."""
    limits = current_limits()
    return page_size(request, default=limits.page_default, largest=limits.page_max)


def answer_members(request: Request, page: Page[int]) -> HttpResponse:
    """Answer a page of members' ids with what the caller sees of them. One query."""
    shown = queries.members_shown(page.rows, viewer=viewer_of(request))
    return answer_page(request, members_json(shown, files_of(request)), page.next_cursor)
