"""Signed tokens, each bound to a session.

Claims are those existing clients and tools know: `token_type` (access or
refresh), `exp`, `iat`, `jti`, `user_id`, and ours: `sid`, the session.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

import jwt

from snappio.accounts.errors import BadAuthorization, TokenNotValid, TokenOver
from snappio.core.keys import derived_key

Kind = Literal["access", "refresh"]

# How tokens that members make for programs begin: found in a leak, and told from ours.
PERSONAL = "snp_"

ALGORITHM = "HS256"
REQUIRED_CLAIMS = ("token_type", "exp", "iat", "jti", "user_id", "sid")
# Ours are under 400 characters; decoding a megabyte is work for nothing.
LONGEST = 2_000
LARGEST_ID = 2**63 - 1
# Clocks of two servers may differ by this much.
LEEWAY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Token:
    """What a good signature says."""

    kind: Kind
    session_id: UUID
    user_id: int
    token_id: str
    expires_at: datetime


def bearer_token(header: str) -> str:
    """Return the token of an `Authorization` header, or raise `BadAuthorization`."""
    match header.split(" "):
        case [scheme, token] if scheme.lower() == "bearer" and token:
            return token
    raise BadAuthorization


def sign(
    kind: Kind, *, session_id: UUID, user_id: int, token_id: str, at: datetime, seconds: int
) -> str:
    """Return a token; the same arguments give the same token."""
    issued = int(at.timestamp())
    claims = {
        "token_type": kind,
        "exp": issued + seconds,
        "iat": issued,
        "jti": token_id,
        "user_id": user_id,
        "sid": session_id.hex,
    }
    return jwt.encode(claims, derived_key("tokens"), algorithm=ALGORITHM)


def read(text: str, *, at: datetime, kind: Kind | None = None) -> Token:
    """Check signature, claims and time, or raise `TokenNotValid`.

    Whether the session still lives is for the caller to ask.
    """
    if len(text) > LONGEST:
        raise TokenNotValid
    try:
        claims = jwt.decode(
            text,
            derived_key("tokens"),
            algorithms=[ALGORITHM],
            # Times are checked below, against the clock that the caller gives.
            options={
                "require": list(REQUIRED_CLAIMS),
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise TokenNotValid from None
    token = _from_claims(claims, at)
    if kind is not None and token.kind != kind:
        raise TokenNotValid
    return token


def _from_claims(claims: Mapping[str, Any], at: datetime) -> Token:
    kind, user_id, token_id = claims["token_type"], claims["user_id"], claims["jti"]
    if kind not in get_args(Kind) or not isinstance(token_id, str):
        raise TokenNotValid
    if type(user_id) is not int or not 0 < user_id <= LARGEST_ID:
        raise TokenNotValid
    issued_at, expires_at = _time(claims["iat"], at), _time(claims["exp"], at)
    starts_at = _time(claims["nbf"], at) if "nbf" in claims else issued_at
    if at + LEEWAY < max(issued_at, starts_at):
        raise TokenNotValid
    if at >= expires_at:
        raise TokenOver
    try:
        session_id = UUID(hex=claims["sid"])
    except (ValueError, TypeError, AttributeError):
        raise TokenNotValid from None
    return Token(kind, session_id, user_id, token_id, expires_at)


def _time(claim: object, at: datetime) -> datetime:
    if type(claim) is not int:
        raise TokenNotValid
    try:
        return datetime.fromtimestamp(claim, tz=at.tzinfo)
    except (OverflowError, ValueError, OSError):
        raise TokenNotValid from None


def fingerprint(token_id: str) -> str:
    """Return what the database keeps of a refresh token: a SHA-256 in hex."""
    return hashlib.sha256(token_id.encode()).hexdigest()


def successor_of(token_id: str) -> str:
    """Return the id of the refresh token that replaces this one.

    Derived and not random, so that a client whose answer was lost gets the very
    same successor when it asks again.
    """
    return hmac.new(derived_key("refresh"), token_id.encode(), hashlib.sha256).hexdigest()[:32]
