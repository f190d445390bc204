"""What a run needs and leaves no trace of: databases, servers, cores.

Servers run on one core and the load on another, so that neither takes from the
other; PostgreSQL and Redis run wherever the system puts them.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
POSTGRES_URL = "postgres://postgres@127.0.0.1:5432/postgres"
REDIS_URL = "redis://127.0.0.1:6379/0"

_cores = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _cores[0], _cores[-1]

# Of absolute addresses in answers, so that ours equal those of a reference.
PUBLIC_URL = "http://127.0.0.1"

START_SECONDS = 60
STOP_SECONDS = 20


class CannotRun(Exception):
    """Something that a scenario needs is not there."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    name: str
    port: int
    pid: int


class Instance:
    """One Snappio with a database of its own."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self._environment = {
            **os.environ,
            "RATE_LIMITS": "off",
            "LOG_LEVEL": "ERROR",
            "PYTHONWARNINGS": "ignore",
            "PUBLIC_URL": PUBLIC_URL,
            "DJANGO_SETTINGS_MODULE": "config.settings.base",
            **environment,
        }

    @property
    def postgres_url(self) -> str:
        """The address of its database; empty for SQLite."""
        return self._environment["POSTGRES_URL"]

    @contextmanager
    def running(self, command: str) -> Iterator[Server]:
        """Run a server command of `manage.py`."""
        with running(
            f"{self.name} {command}", [sys.executable, "manage.py", command], self._environment
        ) as server:
            yield server

    def prepare(self, what: str, *args: object) -> Any:
        """Run a module of `benchmarks.data` inside this instance, and return what it answers."""
        return _answer_of(
            [sys.executable, "-m", "benchmarks.data", what, *map(str, args)],
            environment=self._environment,
        )


class Stage:
    """Makes instances and servers on first use; closing it removes them."""

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @cached_property
    def fleet(self) -> Instance:
        """An instance on PostgreSQL and Redis; raises `CannotRun` where they are not."""
        return self.new_fleet("fleet")

    def new_fleet(self, name: str) -> Instance:
        """Make an instance with a database that nothing else of this run is in."""
        postgres = os.environ.get("POSTGRES_URL") or POSTGRES_URL
        redis_url = os.environ.get("REDIS_URL") or REDIS_URL
        _require_redis(redis_url)
        database_url = self._stack.enter_context(_private_database(postgres))
        return self._instance(name, {"POSTGRES_URL": database_url, "REDIS_URL": redis_url})

    @cached_property
    def embedded(self) -> Instance:
        """An instance on SQLite, everything in one process."""
        return self._instance("embedded", {"POSTGRES_URL": "", "REDIS_URL": ""})

    def _instance(self, name: str, environment: Mapping[str, str]) -> Instance:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="snappio-bench-"))
        secret = secrets.token_urlsafe(48)
        instance = Instance(name, {"DATA_DIR": folder, "DJANGO_SECRET": secret, **environment})
        say(f"preparing the {name} instance")
        instance.prepare("tables")
        return instance

    def reference(self, application: str, **environment: str) -> AbstractContextManager[Server]:
        """Run an ASGI application of `benchmarks.references`."""
        command = [sys.executable, "-m", "benchmarks.references", application]
        return running(f"bare {application}", command, {**os.environ, **environment})

    def load(self, kind: str, **options: Any) -> Any:
        """Run a measurement of `benchmarks.load` on the load's core, and return what it found."""
        return _answer_of([sys.executable, "-m", "benchmarks.load", kind], options, core=LOAD_CORE)


def say(text: str) -> None:
    """Tell the reader how far the run is; the table alone goes to standard output."""
    print(f"  … {text}", file=sys.stderr, flush=True)


@contextmanager
def running(name: str, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Server]:
    """Run a server on the servers' core until the block ends."""
    port = _free_port()
    with _on_core(SERVER_CORE):
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=ROOT,
            env=dict(environment),
            stdout=subprocess.DEVNULL,
        )
    try:
        _wait_until_open(name, port, process)
        yield Server(name, port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_open(name: str, port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotRun(f"{name} ended with {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise CannotRun(f"{name} did not listen within {START_SECONDS} s")


def _answer_of(
    command: Sequence[str],
    question: Any = None,
    *,
    environment: Mapping[str, str] | None = None,
    core: int | None = None,
) -> Any:
    with _on_core(core):
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    answer, _ = process.communicate(json.dumps(question).encode())
    if process.returncode:
        raise CannotRun(f"`{' '.join(command[1:4])}` ended with {process.returncode}")
    return json.loads(answer)


@contextmanager
def _on_core(core: int | None) -> Iterator[None]:
    # A child inherits the cores of its parent, with all threads that it makes.
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, _cores)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _private_database(url: str) -> Iterator[str]:
    name = f"snappio_bench_{secrets.token_hex(4)}"
    try:
        admin = psycopg.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        raise CannotRun(f"no PostgreSQL at {_without_password(url)}: {error}") from None
    with admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 5432}"


def _require_redis(url: str) -> None:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2) as client:
            client.ping()
    except redis.RedisError as error:
        raise CannotRun(f"no Redis at {urlsplit(url).hostname}: {error}") from None
