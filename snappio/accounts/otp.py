"""One-time codes: those of an authenticator app (RFC 6238) and those on paper."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from snappio.core.keys import derived_key

# What every authenticator app understands: six digits, SHA-1, half a minute.
DIGITS = 6
STEP_SECONDS = 30
SECRET_BYTES = 20
# Clocks of phones are off by up to one step.
DRIFT = (0, -1, 1)

NONCE_BYTES = 12

RECOVERY_CODES = 10
# Ten characters of 32 are 50 bits: beyond guessing at five a minute.
RECOVERY_LENGTH = 10
# Without those that look alike on paper.
RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> bytes:
    """Return a secret for a new authenticator."""
    return secrets.token_bytes(SECRET_BYTES)


def base32(secret: bytes) -> str:
    """Return the secret as people type it into an app."""
    return base64.b32encode(secret).decode()


def uri_of(secret: bytes, *, username: str, issuer: str) -> str:
    """Return what an app reads from a QR code."""
    # The colon separates the two.
    return _totp(secret).get_provisioning_uri(username, issuer.replace(":", " "))


def encrypted(secret: bytes, *, user_id: int) -> bytes:
    """Return what the database keeps of the secret; of no use in another member's row."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(derived_key("totp")).encrypt(nonce, secret, _owner(user_id))


def decrypted(kept: bytes, *, user_id: int) -> bytes | None:
    """Return the secret, or None where the instance's own secret is another now."""
    try:
        return AESGCM(derived_key("totp")).decrypt(
            kept[:NONCE_BYTES], kept[NONCE_BYTES:], _owner(user_id)
        )
    except InvalidTag:
        return None


def normalised(code: str) -> str:
    """Return a code without the spaces and dashes that people put into it."""
    return "".join(code.split()).replace("-", "").lower()


def step_of(secret: bytes, code: str, *, at: datetime) -> int | None:
    """Return the half minute that a normalised code belongs to, now or next to now, or None."""
    present = int(at.timestamp()) // STEP_SECONDS
    matching = None
    for drift in DRIFT:
        expected = _totp(secret).generate((present + drift) * STEP_SECONDS)
        if hmac.compare_digest(expected, code.encode()):
            matching = present + drift
    return matching


def new_recovery_codes() -> Sequence[str]:
    """Return codes to write down, each good for one sign-in."""
    return [_new_recovery_code() for _ in range(RECOVERY_CODES)]


def _new_recovery_code() -> str:
    code = "".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_LENGTH))
    half = RECOVERY_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def digest_of(code: str, *, user_id: int) -> str:
    """Return what the database keeps of a recovery code."""
    text = _owner(user_id) + normalised(code).encode()
    return hmac.new(derived_key("recovery codes"), text, hashlib.sha256).hexdigest()


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 -- the standard's


def _owner(user_id: int) -> bytes:
    return f"{user_id}:".encode()
