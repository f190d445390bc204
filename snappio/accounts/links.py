"""Tokens of mailed links: the id of a row, sealed.

The row knows whose it is and whether it was used; the seal is made from a key of its
own for each purpose, when the letter is written. So neither who reads the database
nor who reads the queue can open anything.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Literal
from uuid import UUID

from snappio.accounts.errors import LinkNotValid
from snappio.core.keys import derived_key

Purpose = Literal["verify-email", "reset-password"]

ID_BYTES = 16
# 128 bits, as much as the id itself.
SEAL_BYTES = 16
# Base64 without padding.
TOKEN_LENGTH = 43


def seal(purpose: Purpose, link_id: UUID) -> str:
    """Return the token of a link; the same link has always the same."""
    token = urlsafe_b64encode(link_id.bytes + _seal_of(purpose, link_id.bytes))
    return token.decode().rstrip("=")


def unseal(purpose: Purpose, token: str) -> UUID:
    """Return the id of the link, or raise `LinkNotValid`; whether it was used is not asked."""
    if len(token) != TOKEN_LENGTH:
        raise LinkNotValid
    try:
        sealed = urlsafe_b64decode(f"{token}=".encode("ascii"))
    except ValueError:
        raise LinkNotValid from None
    link_id, given = sealed[:ID_BYTES], sealed[ID_BYTES:]
    if not hmac.compare_digest(given, _seal_of(purpose, link_id)):
        raise LinkNotValid
    return UUID(bytes=link_id)


def _seal_of(purpose: Purpose, link_id: bytes) -> bytes:
    key = derived_key(f"links {purpose}")
    return hmac.new(key, link_id, hashlib.sha256).digest()[:SEAL_BYTES]
