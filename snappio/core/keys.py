"""One key for each purpose, all derived from the instance's secret.

A token of one kind can therefore never pass as another, and a leaked key says
nothing about the rest.
"""

from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_BYTES = 32


def derived_key(purpose: str) -> bytes:
    """Return the 32-byte key for ``purpose`` (HKDF-SHA256 over ``DJANGO_SECRET``)."""
    return _derive(settings.INSTANCE_SECRET, purpose)


@lru_cache(maxsize=64)
def _derive(secret: str, purpose: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"snappio {purpose}".encode())
    return kdf.derive(secret.encode())
