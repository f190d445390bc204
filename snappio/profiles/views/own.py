"""The member who asks: `/api/v1/users/profile/…`."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.models import User
from snappio.accounts.services.descriptions import Description
from snappio.accounts.services.members import MemberChanges
from snappio.core.http.addresses import public_url
from snappio.core.http.input import checked
from snappio.media.files import url_of
from snappio.media.models import ProfileImage
from snappio.media.queries import get_media
from snappio.media.serializers import ImageOutput
from snappio.media.services import hide_from_profile, show_on_profile
from snappio.profiles import queries, services
from snappio.profiles.serializers import (
    OwnProfileInput,
    OwnProfileOutput,
    PictureChoiceInput,
    PictureFileInput,
    own_profile_json,
)

DESCRIPTION = frozenset(Description.__dataclass_fields__)


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
        return answer_own_profile(request, request.user)

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
    given = checked(OwnProfileInput, request, partial=partial)
    description = Description(**{name: given.pop(name) for name in DESCRIPTION & given.keys()})
    member = services.change_profile(
        request.user, MemberChanges(**given), description, session=request.auth
    )
    return answer_own_profile(request, member)


def answer_own_profile(request: Request, member: User, code: int = status.HTTP_200_OK) -> Response:
    """Answer with what the member sees of themselves."""
    profile = own_profile_json(queries.own_profile(member), files_of(request))
    return Response(profile, status=code)


def files_of(request: Request) -> str:
    """Return what the addresses of files begin with, for whoever came by this one."""
    return public_url(request, url_of(""))


class _PictureView(APIView):
    permission_classes = (IsAuthenticated,)
    kind: ProfileImage.Kind

    def put(self, request: AuthenticatedRequest) -> Response:
        """Show a picture: a `file` in a form, or `media`, the id of an unused upload."""
        if "file" in request.FILES:
            upload = checked(PictureFileInput, request)["file"]
            services.show_picture(owner=request.user, kind=self.kind, upload=upload)
        else:
            media_id = checked(PictureChoiceInput, request)["media"]
            media = get_media(media_id, owner=request.user)
            show_on_profile(media, owner=request.user, kind=self.kind)
        shown = own_profile_json(queries.own_profile(request.user), files_of(request))
        return Response(shown[self.kind])

    def delete(self, request: AuthenticatedRequest) -> Response:
        """Show none; its files go."""
        hide_from_profile(owner=request.user, kind=self.kind)
        return Response(status=status.HTTP_204_NO_CONTENT)


_PUT_BODIES = {"multipart/form-data": PictureFileInput, "application/json": PictureChoiceInput}


class AvatarView(_PictureView):
    """`users/profile/avatar/`: the picture beside the name."""

    kind = ProfileImage.Kind.AVATAR

    @extend_schema(operation_id="set_avatar", request=_PUT_BODIES, responses={200: ImageOutput})
    def put(self, request: AuthenticatedRequest) -> Response:
        """Show an avatar: a `file` in a form, or `media`, the id of an unused upload."""
        return super().put(request)

    @extend_schema(operation_id="delete_avatar", request=None, responses={204: None})
    def delete(self, request: AuthenticatedRequest) -> Response:
        """Show no avatar; its files go."""
        return super().delete(request)


class BannerView(_PictureView):
    """`users/profile/banner/`: the picture above the profile."""

    kind = ProfileImage.Kind.BANNER

    @extend_schema(operation_id="set_banner", request=_PUT_BODIES, responses={200: ImageOutput})
    def put(self, request: AuthenticatedRequest) -> Response:
        """Show a banner: a `file` in a form, or `media`, the id of an unused upload."""
        return super().put(request)

    @extend_schema(operation_id="delete_banner", request=None, responses={204: None})
    def delete(self, request: AuthenticatedRequest) -> Response:
        """Show no banner; its files go."""
        return super().delete(request)
