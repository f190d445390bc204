"""The instance about itself: front page, health, limits, the API's description."""

from functools import lru_cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.views import serve
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import snappio
from snappio.core import health
from snappio.core.limits import published
from snappio.core.serializers import InstanceOutput

# Nothing of these pages comes from elsewhere: they work offline, and whom the
# reader visits is nobody's business. Both pages write their own styles; Redoc
# searches in a worker.
_PAGE_POLICY = (
    "default-src 'none'; connect-src 'self'; script-src 'self'; worker-src blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Say what this is and where to go."""
    return _page(request, "home.html")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process lives; asks nobody."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether requests can be served, with a word for each part."""
    report = health.report()
    is_down = report["status"] == health.DOWN
    code = status.HTTP_503_SERVICE_UNAVAILABLE if is_down else status.HTTP_200_OK
    return JsonResponse(report, status=code)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Give the API's description: YAML, or JSON for `?format=json` or by `Accept`."""
    wanted = request.GET.get("format") or ("json" if _prefers_json(request) else "yaml")
    renderer = OpenApiJsonRenderer if wanted == "json" else OpenApiYamlRenderer
    return HttpResponse(_document(renderer), content_type=renderer.media_type)


def _prefers_json(request: HttpRequest) -> bool:
    yaml = OpenApiYamlRenderer.media_type
    json = ("application/json", OpenApiJsonRenderer.media_type)
    return request.get_preferred_type([yaml, *json]) in json


@lru_cache(maxsize=2)
def _document(renderer: type[OpenApiJsonRenderer | OpenApiYamlRenderer]) -> bytes:
    # The same for everybody as long as the process lives, and dear to make.
    schema = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    rendered: bytes = renderer().render(schema, renderer_context={})
    return rendered


@require_safe
def swagger(request: HttpRequest) -> HttpResponse:
    """Show the API's description, to try it out."""
    return _page(request, "docs/swagger.html")


@require_safe
def redoc(request: HttpRequest) -> HttpResponse:
    """Show the API's description, to read it."""
    return _page(request, "docs/redoc.html")


def _page(request: HttpRequest, template: str) -> HttpResponse:
    context = {"name": settings.INSTANCE_NAME, "version": snappio.__version__}
    response = render(request, template, context)
    response["Content-Security-Policy"] = _PAGE_POLICY
    return response


@require_safe
def static(request: HttpRequest, path: str) -> HttpResponseBase:
    """Serve a file of the admin or the docs straight from its app; nothing need be collected."""
    try:
        response = serve(request, path, insecure=True)
    except SuspiciousFileOperation:
        raise Http404 from None
    response["Cache-Control"] = "public, max-age=3600"
    return response


class InstanceView(APIView):
    """What a client must know before anybody signs in."""

    authentication_classes = ()
    # Otherwise other methods would be forbidden, as if somebody else might use them.
    permission_classes = ()

    @extend_schema(operation_id="describe_instance", responses={200: InstanceOutput})
    def get(self, request: Request) -> Response:
        """Describe the instance: name, version, limits, features."""
        return Response(_description())


def _description() -> dict[str, Any]:
    # Each app says what it adds, in its AppConfig.
    features = {name for app in apps.get_app_configs() for name in getattr(app, "features", ())}
    description = {
        "name": settings.INSTANCE_NAME,
        "version": snappio.__version__,
        "guest_rooms": settings.GUEST_ROOMS,
        "features": sorted(features),
        "limits": published(),
    }
    for app in apps.get_app_configs():
        if hasattr(app, "describe_instance"):
            description |= app.describe_instance()
    return description
