"""The general limit on requests, told in headers."""

import math
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from snappio.core import rates
from snappio.core.errors import TooMany
from snappio.core.http.addresses import address_of
from snappio.core.limits import current_limits
from snappio.core.rates import Allowance

if TYPE_CHECKING:
    # DRF's views name this module in their settings: importing them here is a cycle.
    from rest_framework.views import APIView


class ApiThrottle(BaseThrottle):
    """300 requests per 5 minutes for an address without sign-in, 1,500 for a member."""

    def __init__(self) -> None:
        self._wait: float | None = None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Spend one request; views with ``is_throttle_exempt`` are never refused."""
        if not settings.RATE_LIMITS or getattr(view, "is_throttle_exempt", False):
            return True
        limits = current_limits()
        if request.user.is_authenticated:
            scope, subject, rate = "api:member", str(request.user.pk), limits.requests_member
        else:
            scope, subject, rate = "api:anonymous", address_of(request), limits.requests_anonymous
        try:
            allowance = rates.take(scope, subject, rate)
        except TooMany as refusal:
            self._wait = math.ceil(refusal.retry_after)
            allowance = Allowance(rate.at_once, remaining=0, reset_after=self._wait)
        # For `middleware.api_headers`.
        request._request.allowance = allowance  # type: ignore[attr-defined] # noqa: SLF001
        return self._wait is None

    def wait(self) -> float | None:
        """Return the seconds until the next request may pass."""
        return self._wait
