"""Refusals as HTTP answers, in the words that existing clients know."""

import logging
import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from snappio.core.errors import (
    DomainError,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    TooLarge,
    TooMany,
    Unavailable,
)

logger = logging.getLogger(__name__)

CHALLENGE = 'Bearer realm="api"'


def answer_exception(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn what a view raised into an answer; None lets Django answer 500."""
    if isinstance(exc, OperationalError | InterfaceError):
        logger.warning("The database is away: %s", type(exc).__name__)
        exc = Unavailable()
    elif isinstance(exc, RequestDataTooBig):
        exc = TooLarge()
    elif isinstance(exc, SuspiciousOperation):
        # Too many form fields, a malformed multipart header: the client's doing.
        exc = InvalidInput(str(exc) or None)
    if isinstance(exc, DomainError):
        set_rollback()
        return _answer_domain_error(exc)
    response = exception_handler(exc, dict(context))
    if response is not None and set(response.data) == {"detail"}:
        response.data["code"] = _code_of(exc)
    return response


def _answer_domain_error(error: DomainError) -> Response:
    headers = {}
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(error, TooMany | Unavailable):
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    return Response(_body_of(error), status=error.status, headers=headers)


def _body_of(error: DomainError) -> dict[str, Any]:
    if isinstance(error, InvalidInput) and error.fields:
        return dict(error.fields)
    detail = error.detail
    if isinstance(error, TooMany):
        wait = math.ceil(error.retry_after)
        detail += f" Expected available in {wait} second{'' if wait == 1 else 's'}."
    return {"detail": detail, "code": error.code}


def _code_of(exc: Exception) -> str:
    if isinstance(exc, Http404):
        return NotFound.code
    if isinstance(exc, PermissionDenied):
        return "permission_denied"
    if isinstance(exc, exceptions.APIException):
        codes = exc.get_codes()
        return codes if isinstance(codes, str) else "invalid"
    return "error"


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer 404 for an address that does not exist."""
    return JsonResponse({"detail": NotFound.detail, "code": NotFound.code}, status=404)


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer 400 for what Django refuses before any view, e.g. a foreign Host."""
    detail = "Bad request."
    if isinstance(exception, DisallowedHost):
        # For whoever has just set up a server; the log says nothing of it.
        detail = "This host is not allowed: see PUBLIC_URL and ALLOWED_HOSTS."
    return JsonResponse({"detail": detail, "code": "bad_request"}, status=400)


def server_error(request: HttpRequest) -> JsonResponse:
    """Answer 500 without saying why; the log does."""
    return JsonResponse(
        {"detail": "Something went wrong on our side.", "code": "server_error"}, status=500
    )
