"""The files of an embedded instance, where no web server or object store gives them out."""

from http import HTTPStatus

from django.core.files.base import File
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from snappio.core.errors import NotFound
from snappio.media import files

HEADERS = {
    # Names are random and never given out twice.
    "Cache-Control": "public, max-age=31536000, immutable",
    # Whatever got into a file, a browser neither runs it nor guesses another type.
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    # Web clients on other origins show our images.
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def serve(request: HttpRequest, name: str) -> HttpResponseBase:
    """Answer one rendition; the address pattern lets through no other names."""
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
    headers = {**HEADERS, "Content-Type": files.content_type_of(name)}
    if request.method == "HEAD":
        return _head(file, headers)
    return FileResponse(file, headers=headers)


def _head(file: File[bytes], headers: dict[str, str]) -> HttpResponse:
    # Not every server drops the body of an answer to HEAD, so there is none.
    with file:
        return HttpResponse(headers={**headers, "Content-Length": str(file.size)})


def _refusal(
    status: HTTPStatus, detail: str, code: str, headers: dict[str, str] | None = None
) -> JsonResponse:
    return JsonResponse({"detail": detail, "code": code}, status=status, headers=headers)
