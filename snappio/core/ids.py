"""Names that nobody can guess."""

import secrets

# 128 bits: with 10¹² names given out, a guess a nanosecond finds one in 10⁹ years.
SECRET_BYTES = 16


def secret_name() -> str:
    """Return 22 URL-safe characters that carry 128 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)
