"""Sign-in to the admin, by cookie; the API uses bearer tokens only."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from snappio.accounts.errors import OtpNotValid, SignInFailed
from snappio.accounts.models import User
from snappio.accounts.services.passwords import member_with_password
from snappio.core.http.addresses import UNKNOWN, address_of


class AdminBackend(ModelBackend):
    """Staff sign in with the same name and password, and as few guesses, as everywhere."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        otp: str = "",
        **credentials: Any,
    ) -> User | None:
        """Return the active member, or None.

        Raises `TooMany` after too many failures, and `OtpRequired` or `OtpNotValid` for
        who signs in with codes.
        """
        if username is None or password is None:
            return None
        address = UNKNOWN if request is None else address_of(request)
        try:
            return member_with_password(username, password, address=address, otp=otp)
        except OtpNotValid:
            raise
        except SignInFailed:
            return None
