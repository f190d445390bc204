"""What every HTTP request passes through."""

import re
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import is_valid_path
from django.utils.cache import patch_vary_headers

from snappio.core.errors import TooLarge
from snappio.core.ids import secret_name
from snappio.core.limits import current_limits
from snappio.core.rates import Allowance

View = Callable[[HttpRequest], HttpResponse]

# The id of the request that this thread is serving, for the logs.
current_request_id: ContextVar[str] = ContextVar("current_request_id", default="-")

# A caller's own id is kept if it is harmless in a log line.
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(get_response: View) -> View:
    """Give every request an id, in the answer's ``X-Request-Id`` and in the logs."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        chosen = given if _ACCEPTABLE_ID.fullmatch(given) else secret_name()
        token = current_request_id.set(chosen)
        try:
            response = get_response(request)
        finally:
            current_request_id.reset(token)
        response["X-Request-Id"] = chosen
        return response

    return middleware


def bounded_body(get_response: View) -> View:
    """Refuse a body over the limit before a byte of it is read."""

    def middleware(request: HttpRequest) -> HttpResponse:
        is_upload = (request.content_type or "").lower() == "multipart/form-data"
        limits = current_limits()
        limit = limits.upload_bytes if is_upload else limits.body_bytes
        if _declared_length(request) > limit:
            error = TooLarge(f"The request is larger than {limit} bytes.")
            return JsonResponse({"detail": error.detail, "code": error.code}, status=error.status)
        return get_response(request)

    return middleware


def api_headers(get_response: View) -> View:
    """Keep answers to one member from being shown to another, and tell what the limit leaves."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith("/api/"):
            patch_vary_headers(response, ["Authorization"])
        if "HTTP_AUTHORIZATION" in request.META:
            response["Cache-Control"] = "private, no-store"
        allowance: Allowance | None = getattr(request, "allowance", None)
        if allowance is not None:
            response["X-RateLimit-Limit"] = str(allowance.limit)
            response["X-RateLimit-Remaining"] = str(allowance.remaining)
            response["X-RateLimit-Reset"] = str(allowance.reset_after)
        return response

    return middleware


def _declared_length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def optional_trailing_slash(get_response: View) -> View:
    """Serve `/x` as `/x/` where only the latter exists, without a redirect.

    Clients differ in whether they send the slash, and a redirect loses the body
    of a POST.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if not path.endswith("/") and not is_valid_path(path) and is_valid_path(f"{path}/"):
            request.path_info = f"{path}/"
        return get_response(request)

    return middleware
