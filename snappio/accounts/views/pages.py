"""What a person sees at the end of a mailed link: plain pages, without a script.

The token stands in the query, which Django keeps out of its logs, and acts on POST
only: programs that look at mail open links. It is what proves the person; no cookie
does, so there is nothing that a foreign page could borrow.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from snappio.accounts.errors import LinkNotValid
from snappio.accounts.services import emails, resets
from snappio.core.errors import DomainError, InvalidInput
from snappio.core.limits import current_limits

_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
MISMATCH = "The two passwords differ."


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def verify_email(request: HttpRequest) -> HttpResponse:
    """Ask whether to verify the address, and do it."""
    token = _token(request)
    if request.method != "POST":
        return _page(request, "verify_email", token=token)
    try:
        emails.verify_email(token)
    except DomainError as refusal:
        return _refusal(request, refusal)
    return _page(request, "email_verified")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def reset_password(request: HttpRequest) -> HttpResponse:
    """Ask for a new password, twice, and set it."""
    token = _token(request)
    try:
        resets.require_open(token)
        if request.method != "POST":
            return _form(request, token)
        if complaints := _set_password(request, token):
            return _form(request, token, complaints, status=InvalidInput.status)
    except DomainError as refusal:
        return _refusal(request, refusal)
    return _page(request, "password_reset")


def _set_password(request: HttpRequest, token: str) -> list[str]:
    password = request.POST.get("password", "")
    if password != request.POST.get("again", ""):
        return [MISMATCH]
    if len(password) > (longest := current_limits().password_length):
        return [f"The password has more than {longest} characters."]
    try:
        resets.reset_password(token=token, password=password)
    except LinkNotValid:
        raise
    except InvalidInput as refusal:
        return [message for told in (refusal.fields or {}).values() for message in told]
    return []


def _form(
    request: HttpRequest, token: str, complaints: list[str] | None = None, *, status: int = 200
) -> HttpResponse:
    return _page(request, "reset_password", status=status, token=token, complaints=complaints)


def _token(request: HttpRequest) -> str:
    fields = request.POST if request.method == "POST" else request.GET
    return fields.get("token", "")


def _refusal(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    return _page(request, "refused", status=refusal.status, detail=refusal.detail)


def _page(request: HttpRequest, name: str, *, status: int = 200, **context: Any) -> HttpResponse:
    context["name"] = settings.INSTANCE_NAME
    response = render(request, f"account/{name}.html", context, status=status)
    response["Content-Security-Policy"] = _POLICY
    # The address holds a key: no other site hears of it, and no cache keeps it.
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response
