"""The description of the socket's protocol, for programs and for people."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

import snappio
from snappio.realtime.gateway.description import describe
from snappio.realtime.gateway.page import page_of

# The page has its own styles and nothing else.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@require_safe
def asyncapi(request: HttpRequest) -> HttpResponse:
    """Give the protocol as AsyncAPI, or a page where one is preferred (as browsers do)."""
    document = protocol()
    if request.GET.get("format") == "json" or not _prefers_page(request):
        return JsonResponse(document)
    context = {
        "name": settings.INSTANCE_NAME,
        "version": snappio.__version__,
        "page": page_of(document),
    }
    response = render(request, "docs/asyncapi.html", context)
    response["Content-Security-Policy"] = _PAGE_POLICY
    return response


def _prefers_page(request: HttpRequest) -> bool:
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


@lru_cache(maxsize=1)
def protocol() -> dict[str, Any]:
    """Return the AsyncAPI document; the same for everybody as long as the process lives."""
    # What frames carry as over HTTP is described there.
    http = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    shapes = http["components"]["schemas"]
    return describe(title=settings.INSTANCE_NAME, release=snappio.__version__, shapes=shapes)
