"""Uploads over HTTP, and the files of an embedded instance.

Elsewhere a web server or an object store gives the files out.
"""

from http import HTTPStatus

from django.core.files.base import File
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.core.errors import NotFound
from snappio.core.http.input import checked
from snappio.core.pagination import LARGEST_ID
from snappio.media import files, services
from snappio.media.errors import MediaNotFound
from snappio.media.queries import get_media
from snappio.media.serializers import DescribeInput, MediaOutput, UploadInput
from snappio.media.shapes import media_json

MEDIA_ID = OpenApiParameter("media_id", OpenApiTypes.INT64, OpenApiParameter.PATH)


class Uploads(APIView):
    """`media/`: what is to be shown in a post, a profile or a message."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="media_upload",
        request={"multipart/form-data": UploadInput},
        responses={201: MediaOutput},
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        """Upload an image or another file; what nothing uses within a day is deleted."""
        given = checked(UploadInput, request)
        upload = given["file"]
        media = services.store(owner=request.user, file=upload, name=upload.name, alt=given["alt"])
        return Response(media_json(media), status=status.HTTP_201_CREATED)


@extend_schema(parameters=[MEDIA_ID])
class Upload(APIView):
    """`media/{id}/`: one's own upload."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="media_get", responses=MediaOutput)
    def get(self, request: AuthenticatedRequest, media_id: str) -> Response:
        """Show one's own upload, used or not."""
        return Response(media_json(get_media(_id_of(media_id), owner=request.user)))

    @extend_schema(operation_id="media_describe", request=DescribeInput, responses=MediaOutput)
    def patch(self, request: AuthenticatedRequest, media_id: str) -> Response:
        """Change the words of one's own upload before it is used."""
        number = _id_of(media_id)
        given = checked(DescribeInput, request)
        media = services.describe(media_id=number, owner=request.user, alt=given["alt"])
        return Response(media_json(media))

    @extend_schema(operation_id="media_delete", responses={204: None})
    def delete(self, request: AuthenticatedRequest, media_id: str) -> Response:
        """Delete one's own upload that nothing uses yet."""
        services.delete_unused(media_id=_id_of(media_id), owner=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _id_of(text: str) -> int:
    # Read here and not by the address pattern: without a token even nonsense is 401.
    if not (text.isascii() and text.isdecimal() and len(text) < len(str(LARGEST_ID))):
        raise MediaNotFound
    return int(text)


HEADERS = {
    # Names are random and never given out twice.
    "Cache-Control": "public, max-age=31536000, immutable",
    # Whatever got into a file, a browser neither runs it nor guesses another type.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    # Web clients on other origins show our images.
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def serve(request: HttpRequest, name: str) -> HttpResponseBase:
    """Answer one file; the address pattern lets through no other names.

    What is no image is there to be saved: no browser shows it as a page of ours.
    """
    if request.method not in {"GET", "HEAD"}:
        return _refusal(
            HTTPStatus.METHOD_NOT_ALLOWED,
            f'Method "{request.method}" not allowed.',
            "method_not_allowed",
            headers={"Allow": "GET, HEAD"},
        )
    file = files.open_local(name)
    if file is None:
        return _refusal(HTTPStatus.NOT_FOUND, NotFound.detail, NotFound.code)
    is_head = request.method == "HEAD"
    response = _head(file) if is_head else FileResponse(file, headers=HEADERS)
    # Set afterwards: a FileResponse guesses, by what this machine knows of extensions.
    response["Content-Type"] = files.content_type_of(name)
    response["Content-Disposition"] = "inline" if files.is_shown(name) else "attachment"
    return response


def _head(file: File[bytes]) -> HttpResponse:
    # Not every server drops the body of an answer to HEAD, so there is none.
    with file:
        return HttpResponse(headers={**HEADERS, "Content-Length": str(file.size)})


def _refusal(
    status: HTTPStatus, detail: str, code: str, headers: dict[str, str] | None = None
) -> JsonResponse:
    return JsonResponse({"detail": detail, "code": code}, status=status, headers=headers)
