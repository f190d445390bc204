"""Making something once, however often a client asks for it (`Idempotency-Key`)."""

import hashlib
import re
from typing import IO

import orjson

from snappio.core.errors import InvalidInput

KEY_LENGTH = 64
HASH_LENGTH = 64

_KEY = re.compile(rf"[!-~]{{1,{KEY_LENGTH}}}")


class BadIdempotencyKey(InvalidInput):
    """A key has 1 to 64 printable characters."""

    code = "bad_idempotency_key"
    detail = "An Idempotency-Key has 1 to 64 printable ASCII characters."


class IdempotencyKeyReused(InvalidInput):
    """The same key came with another request."""

    status = 422
    code = "idempotency_key_reused"
    detail = "This Idempotency-Key was used for another request."


def require_key(key: str) -> None:
    """Raise `BadIdempotencyKey` for what cannot be one; empty means that none was given."""
    if key and not _KEY.fullmatch(key):
        raise BadIdempotencyKey


def hash_of(request: object, file: IO[bytes] | None = None) -> str:
    """Return what tells two requests apart: plain data, and the bytes of an upload.

    The file is left at its beginning.
    """
    digest = hashlib.sha256(orjson.dumps(request))
    if file is not None:
        file.seek(0)
        while chunk := file.read(1 << 16):
            digest.update(chunk)
        file.seek(0)
    return digest.hexdigest()
