"""Typed readers of the environment and of `.env`.

Every variable read here stands in `.env.example`, with a comment; a test holds
the two together. A variable `X` may also be given as `X_FILE`, the path of a
file that holds the value (secrets of containers).
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import FileAwareEnv

BASE_DIR = Path(__file__).resolve().parent.parent

env = FileAwareEnv()
env.read_env(BASE_DIR / ".env", recurse=False)

# Shorter secrets can be guessed offline from one signed token.
SHORTEST_SECRET = 32


def read_secret(data_dir: Path, *, required: bool) -> str:
    """Return the secret that all keys are derived from.

    Taken from ``DJANGO_SECRET``. Without it, an embedded instance makes one on
    its first start and keeps it in ``DATA_DIR``; a fleet refuses to start,
    because its processes would each invent their own.
    """
    if secret := env.str("DJANGO_SECRET", ""):
        if len(secret) < SHORTEST_SECRET:
            raise ImproperlyConfigured(
                f"DJANGO_SECRET is {len(secret)} characters long; give it at least "
                f"{SHORTEST_SECRET}, e.g. from `openssl rand -base64 48`."
            )
        return secret
    if required:
        raise ImproperlyConfigured(
            "DJANGO_SECRET is not set. With POSTGRES_URL or REDIS_URL several processes "
            "share one secret, so it must be given: `openssl rand -base64 48` makes one."
        )
    return _kept_secret(data_dir / "secret")


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written aside and linked: of two processes that start at once one makes
        # the secret, and neither reads a half-written one.
        draft = path.with_name(f".secret-{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text().strip()


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and how the connection is kept private."""

    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    starts_tls: bool = False
    is_tls: bool = False


# Whether TLS is there from the first byte, begun by STARTTLS, or neither; and the usual port.
_MAIL_SCHEMES = {
    "smtps": (465, {"is_tls": True}),
    "smtp": (587, {"starts_tls": True}),
    "smtp+plain": (25, {}),
}


def mail_server(url: str) -> MailServer:
    """Read ``EMAIL_URL``; plain text is spoken to a server only where the scheme says so."""
    if not url:
        return MailServer()
    try:
        parts = urlsplit(url)
        default_port, security = _MAIL_SCHEMES[parts.scheme]
        port = parts.port or default_port
    except (KeyError, ValueError):
        host = None
    else:
        host = parts.hostname
    if not host:
        # Without the value, which holds a password.
        raise ImproperlyConfigured(
            "EMAIL_URL cannot be read: it looks like smtp://user:password@mail.example:587 "
            "(STARTTLS), smtps://… (TLS from the start) or smtp+plain://… (neither)."
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(host, port, user, password, **security)
