"""An authenticator app, as members have it on their phone."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from snappio.accounts.models import User
from snappio.accounts.services import totp
from snappio.accounts.tests.factories import ADDRESS, PASSWORD
from snappio.core.clock import now


class Authenticator:
    """Knows what it was told: a secret in Base32."""

    def __init__(self, secret: str) -> None:
        self._totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)

    def code(self, *, steps: int = 0, at: datetime | None = None) -> str:
        moment = (at or now()) + timedelta(seconds=30 * steps)
        return self._totp.generate(int(moment.timestamp())).decode()


def protect(member: User) -> tuple[Authenticator, Sequence[str]]:
    """Let the member sign in with codes; the code of this half minute minus one is used up."""
    app = Authenticator(totp.begin(member, password=PASSWORD, address=ADDRESS).secret)
    return app, totp.confirm(member, code=app.code(steps=-1), address=ADDRESS)
