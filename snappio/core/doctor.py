"""What is missing or risky in a configuration, in plain words."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from snappio.core.limits import MIB
from snappio.core.redis import command_client

# A day of photographs on a busy small instance.
LEAST_FREE_BYTES = 1024 * MIB
OLDEST_POSTGRES = 15_00_00


class Verdict(Enum):
    """How a finding should be taken."""

    FINE = "fine"
    RISKY = "risky"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do about it."""

    verdict: Verdict
    sentence: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, one after the other."""
    for look in LOOKS:
        yield from look()


def _database() -> Iterator[Finding]:
    name = "PostgreSQL" if settings.POSTGRES_URL else "SQLite"
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield Finding(
            Verdict.MISSING,
            f"{name} does not answer: {str(error).splitlines()[0]}.",
            "Start it, or correct POSTGRES_URL.",
        )
        return
    yield Finding(Verdict.FINE, f"{name} answers.")
    if connection.vendor == "postgresql" and _postgres_version() < OLDEST_POSTGRES:
        yield Finding(Verdict.MISSING, "PostgreSQL is older than 15.", "Use 15 or newer.")
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield Finding(Verdict.MISSING, "The tables are not up to date.", "Run `manage.py migrate`.")


def _postgres_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0])


def _redis() -> Iterator[Finding]:
    client = command_client()
    if client is None:
        if settings.POSTGRES_URL:
            yield Finding(
                Verdict.RISKY,
                "REDIS_URL is not set: only one process may serve.",
                "Set it before you start `web`, `sockets` or `worker`.",
            )
        return
    try:
        client.ping()
    except redis.RedisError as error:
        yield Finding(
            Verdict.RISKY,
            f"Redis does not answer ({error}); chat goes on, slower.",
            "Start it, or correct REDIS_URL.",
        )
    else:
        yield Finding(Verdict.FINE, "Redis answers.")


def _files() -> Iterator[Finding]:
    if not isinstance(default_storage, FileSystemStorage):
        yield Finding(Verdict.FINE, f"Images are kept in the bucket {settings.S3_BUCKET}.")
        return
    place = _first_existing(Path(settings.MEDIA_ROOT))
    if not (place.is_dir() and os.access(place, os.W_OK)):
        yield Finding(
            Verdict.MISSING,
            f"{settings.MEDIA_ROOT} cannot be written.",
            "Give it to the user that runs Snappio, or choose another DATA_DIR.",
        )
    elif shutil.disk_usage(place).free < LEAST_FREE_BYTES:
        yield Finding(Verdict.RISKY, "Less than 1 GiB is free for images.", "Make room.")
    else:
        yield Finding(Verdict.FINE, f"Images are kept in {settings.MEDIA_ROOT}.")


def _first_existing(path: Path) -> Path:
    return path if path.exists() else _first_existing(path.parent)


def _public_address() -> Iterator[Finding]:
    url = settings.PUBLIC_URL
    if not url:
        verdict = Verdict.RISKY if settings.IS_FLEET else Verdict.FINE
        yield Finding(
            verdict,
            "PUBLIC_URL is not set: addresses of images follow the request's host.",
            "Set it to where members find this instance, e.g. https://social.example.",
        )
        return
    host = urlsplit(url).hostname or ""
    if not url.startswith("https://") and host not in ("localhost", "127.0.0.1"):
        yield Finding(
            Verdict.RISKY,
            "PUBLIC_URL is not https: passwords and tokens travel in the open.",
            "Put a gateway with TLS in front (compose.yaml has one).",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield Finding(
            Verdict.RISKY,
            "ALLOWED_HOSTS allows every host: links can be made to point elsewhere.",
            "Name the hosts.",
        )
    if not settings.TRUSTED_PROXIES:
        yield Finding(
            Verdict.RISKY,
            "TRUSTED_PROXIES is 0: behind a gateway all members share its address and its limits.",
            "Set it to the number of your proxies (1 for compose.yaml).",
        )


def _mail() -> Iterator[Finding]:
    if settings.EMAIL_URL:
        place = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        yield Finding(Verdict.FINE, f"Mail goes to {place}, from {settings.DEFAULT_FROM_EMAIL}.")
        if settings.EMAIL_HOST_USER and not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL):
            yield Finding(
                Verdict.RISKY,
                "EMAIL_URL is smtp+plain:// with a password, which travels in the open.",
                "Use smtp:// or smtps://.",
            )
        return
    is_public = settings.IS_FLEET or settings.PUBLIC_URL
    yield Finding(
        Verdict.RISKY if is_public else Verdict.FINE,
        f"EMAIL_URL is not set: mail is kept as files in {settings.MAIL_DIR}.",
        "Set it to a mail server, or members cannot reset a forgotten password.",
    )


def _choices() -> Iterator[Finding]:
    if not settings.RATE_LIMITS:
        yield Finding(
            Verdict.RISKY,
            "RATE_LIMITS is off: passwords can be guessed at full speed.",
            "Remove it; it is for benchmarks and tests.",
        )
    if settings.GUEST_ROOMS and settings.PUBLIC_URL:
        yield Finding(
            Verdict.RISKY,
            "GUEST_ROOMS is on: anybody may talk in rooms that were opened by name.",
            "Turn it off unless you have users of the first Snappio app.",
        )


LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _database,
    _redis,
    _files,
    _public_address,
    _mail,
    _choices,
)
