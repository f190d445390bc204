"""Middleware of Django that the admin alone needs, and other requests do not pay for.

The API knows no cookies: members show tokens. Sessions, sign-in by cookie and
messages were a tenth of what a cheap request costs.
"""

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

# As `config.urls` has it.
ADMIN = "/admin/"


class _ForAdmin(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(ADMIN):
            return super().__call__(request)  # type: ignore[return-value]
        return self.get_response(request)  # type: ignore[return-value]


class AdminSessions(_ForAdmin, SessionMiddleware):
    """Sessions by cookie."""


class AdminSignIn(_ForAdmin, AuthenticationMiddleware):
    """Gives the request its `user`."""


class AdminMessages(_ForAdmin, MessageMiddleware):
    """What the admin says after an action."""
