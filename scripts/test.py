"""Run the tests on SQLite, then again on PostgreSQL and Redis.

PostgreSQL and Redis are taken from POSTGRES_URL and REDIS_URL, or found on their
standard ports of this machine, or started privately from installed binaries. If
there are none, that half does not run, and a loud line says so; with
REQUIRE_SERVICES=1 it is a failure. Further arguments go to pytest.
"""

import argparse
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.services import (
    LOCAL_POSTGRES,
    LOCAL_REDIS,
    PrivatePostgres,
    PrivateRedis,
    PrivateServer,
    postgres_answers,
    postgres_binaries,
    redis_answers,
    redis_binary,
)

ROOT = Path(__file__).resolve().parent.parent
# Every worker starts servers of its own; more of them would only wait for memory.
MOST_WORKERS = 4


def main() -> int:
    """Run what was asked for and return the exit status."""
    options, pytest_args = _parser().parse_known_args()
    if options.long:
        return _on_services(["-m", "long", "--timeout", "1200", *pytest_args], or_embedded=True)
    if options.faults:
        return _on_services(["-m", "", "--timeout", "1200", "tests/faults", *pytest_args])

    args = ["-m", "not long", *pytest_args]
    return _on_sqlite(args) or _on_services(args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, prog="make test")
    parser.add_argument("--long", action="store_true", help="only what is marked long")
    parser.add_argument("--faults", action="store_true", help="only tests/faults, all of them")
    return parser


def _on_sqlite(args: list[str]) -> int:
    return _pytest("SQLite, in-process broker", {"POSTGRES_URL": "", "REDIS_URL": ""}, args)


def _on_services(args: list[str], *, or_embedded: bool = False) -> int:
    with ExitStack() as stack:
        postgres = _find("PostgreSQL", "POSTGRES_URL", _local_postgres, stack)
        redis = _find("Redis", "REDIS_URL", _local_redis, stack)
        if postgres and redis:
            environment = {
                "POSTGRES_URL": postgres,
                "REDIS_URL": redis,
                "DJANGO_SECRET": os.environ.get("DJANGO_SECRET") or secrets.token_urlsafe(48),
            }
            return _pytest("PostgreSQL and Redis", environment, args)

    missing = " and ".join(
        name for name, url in (("PostgreSQL", postgres), ("Redis", redis)) if not url
    )
    is_required = os.environ.get("REQUIRE_SERVICES", "") not in {"", "0"}
    _headline(
        f"{'FAILED' if is_required else 'NOT RUN'}: the tests on PostgreSQL and Redis. "
        f"There is no {missing} here; set POSTGRES_URL and REDIS_URL, or: "
        "apt install postgresql redis-server"
    )
    if is_required:
        return 1
    return _on_sqlite(args) if or_embedded else 0


def _find(
    name: str, variable: str, local: Callable[[], str | PrivateServer | None], stack: ExitStack
) -> str:
    if url := os.environ.get(variable, ""):
        print(f"{name}: from {variable}", flush=True)
        return url
    match local():
        case PrivateServer() as server:
            stack.enter_context(server)
            print(f"{name}: started for these tests on port {server.port}", flush=True)
            return server.url
        case str(url):
            print(f"{name}: found at {url}", flush=True)
            return url
    return ""


def _local_postgres() -> str | PrivateServer | None:
    if postgres_answers(LOCAL_POSTGRES):
        return LOCAL_POSTGRES
    return PrivatePostgres() if postgres_binaries() else None


def _local_redis() -> str | PrivateServer | None:
    if redis_answers(LOCAL_REDIS):
        return LOCAL_REDIS
    return PrivateRedis() if redis_binary() else None


def _pytest(title: str, environment: dict[str, str], args: list[str]) -> int:
    _headline(f"Tests on {title}")
    workers = os.environ.get("TEST_WORKERS") or str(min((os.cpu_count() or 1) + 1, MOST_WORKERS))
    started_at = time.monotonic()
    status = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", workers, *args],
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
    ).returncode
    verdict = "passed" if status == 0 else "FAILED"
    print(f"Tests on {title}: {verdict} in {time.monotonic() - started_at:.0f} s.", flush=True)
    return status


def _headline(text: str) -> None:
    print(f"\n==== {text}\n", flush=True)


if __name__ == "__main__":
    # Ended from outside, the private servers still have to be stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
