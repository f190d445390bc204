"""Members over HTTP: `/api/v1/users/…`."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.queries import members_page
from snappio.accounts.services import members
from snappio.accounts.services.members import MemberChanges
from snappio.core.http.addresses import address_of
from snappio.core.http.input import checked, checked_query
from snappio.core.http.pages import answer_page, page_size, position
from snappio.core.http.schema import PAGE_PARAMETERS
from snappio.core.limits import current_limits
from snappio.profiles import queries, services
from snappio.profiles.serializers import (
    MemberOutput,
    MembersInput,
    OwnProfileInput,
    OwnProfileOutput,
    PublicProfileOutput,
    SignUpInput,
)


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
        limits = current_limits()
        page = members_page(
            **checked_query(MembersInput, request),
            before=position(request),
            limit=page_size(request, default=limits.page_default, largest=limits.page_max),
        )
        return answer_page(request, MemberOutput(page.rows, many=True).data, page.next_cursor)

    @extend_schema(
        operation_id="sign_up",
        request=SignUpInput,
        responses={201: OwnProfileOutput},
    )
    def post(self, request: Request) -> Response:
        """Join; where `registration` is `approval`, signing in waits for the staff."""
        given = checked(SignUpInput, request)
        member = members.sign_up(**given, address=address_of(request))
        return _answer_profile(queries.own_profile(member), status.HTTP_201_CREATED)


class OwnProfileView(APIView):
    """The member who asks."""

    permission_classes = (IsAuthenticated,)

    @property
    def is_throttle_exempt(self) -> bool:
        """Never refuse reading: the existing app throws its token away on any 4xx here."""
        return self.request.method in SAFE_METHODS

    @extend_schema(operation_id="read_own_profile", responses={200: OwnProfileOutput})
    def get(self, request: AuthenticatedRequest) -> Response:
        """Show the caller's profile."""
        return _answer_profile(queries.own_profile(request.user))

    @extend_schema(
        operation_id="replace_own_profile",
        request=OwnProfileInput,
        responses={200: OwnProfileOutput},
    )
    def put(self, request: AuthenticatedRequest) -> Response:
        """Change the caller's profile, all of it; a new password ends the other sessions."""
        return _change_profile(request, partial=False)

    @extend_schema(
        operation_id="change_own_profile",
        request=OwnProfileInput,
        responses={200: OwnProfileOutput},
    )
    def patch(self, request: AuthenticatedRequest) -> Response:
        """Change parts of the caller's profile; a new password ends the other sessions."""
        return _change_profile(request, partial=True)

    @extend_schema(operation_id="delete_account", request=None, responses={204: None})
    def delete(self, request: AuthenticatedRequest) -> Response:
        """Delete the caller's account and what they posted; messages stay without a name."""
        services.delete_member(request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _change_profile(request: AuthenticatedRequest, *, partial: bool) -> Response:
    changes = MemberChanges(**checked(OwnProfileInput, request, partial=partial))
    member = members.change_member(request.user, changes, session=request.auth)
    return _answer_profile(queries.own_profile(member))


def _answer_profile(profile: queries.OwnProfile, code: int = status.HTTP_200_OK) -> Response:
    return Response(OwnProfileOutput(profile).data, status=code)


class PublicProfileView(APIView):
    """One member, as everybody sees them."""

    @extend_schema(operation_id="read_profile", responses={200: PublicProfileOutput})
    def get(self, request: Request, username: str) -> Response:
        """Show a member's public profile."""
        return Response(PublicProfileOutput(queries.public_profile(username)).data)
