"""The real product as processes of its own, for tests from outside.

A `House` is one running instance. Embedded it is a single ``manage.py serve``;
as a fleet it is ``web``, ``sockets`` (as many as wanted) and ``worker`` on a
PostgreSQL database and a Redis of its own. Migrating takes seconds, so every
house is a copy of a `Blueprint` that was migrated once.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx
import psycopg
import redis
from psycopg import sql

from tests.services import PrivateRedis, free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"

START_SECONDS = 60
STOP_SECONDS = 30
# Enough of a log to see why a process did not start.
LOG_LINES = 60

# Nothing of the machine's or the developer's own settings reaches a house.
PLAIN = {
    "DJANGO_SETTINGS_MODULE": "config.settings.base",
    "POSTGRES_URL": "",
    "REDIS_URL": "",
    "DJANGO_SECRET": "",
    "PUBLIC_URL": "",
    "EMAIL_URL": "",
    "REGISTRATION": "open",
    "REQUIRE_VERIFIED_EMAIL": "off",
    "RATE_LIMITS": "off",
    "PYTHONUNBUFFERED": "1",
}


class Blueprint(ABC):
    """A migrated, empty instance that houses are copied from."""

    is_fleet: bool

    @abstractmethod
    def furnished(self, data_dir: Path) -> AbstractContextManager[dict[str, str]]:
        """Make what one house needs and give its settings; take it down at the end."""

    @abstractmethod
    def close(self) -> None:
        """Remove the blueprint; the houses are closed by now."""


class EmbeddedBlueprint(Blueprint):
    """SQLite, in a directory."""

    is_fleet = False

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        manage({"DATA_DIR": str(directory)}, "migrate", "--verbosity", "0")

    @contextmanager
    def furnished(self, data_dir: Path) -> Iterator[dict[str, str]]:
        data_dir.mkdir(parents=True, exist_ok=True)
        for file in self._directory.glob("*.sqlite3*"):
            shutil.copy(file, data_dir)
        yield {"DATA_DIR": str(data_dir)}

    def close(self) -> None:
        shutil.rmtree(self._directory)


class FleetBlueprint(Blueprint):
    """A template database in a PostgreSQL; without ``redis_url`` each house gets a Redis.

    PUB/SUB does not know Redis's numbered databases, so two houses on one Redis
    would hear each other.
    """

    is_fleet = True

    def __init__(self, postgres_url: str, redis_url: str | None = None) -> None:
        self._postgres_url = postgres_url
        self._redis_url = redis_url
        self._template = f"snappio_template_{secrets.token_hex(4)}"
        self._secret = secrets.token_urlsafe(48)
        self._create(self._template, "template0")
        settings = self._settings(self._template, redis_url or "")
        manage(settings, "migrate", "--verbosity", "0")

    @contextmanager
    def furnished(self, data_dir: Path) -> Iterator[dict[str, str]]:
        name = f"snappio_house_{secrets.token_hex(4)}"
        data_dir.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            redis_url = self._redis_url or stack.enter_context(PrivateRedis()).url
            _remember_presence(redis_url)
            self._create(name, self._template)
            stack.callback(self._drop, name)
            yield {**self._settings(name, redis_url), "DATA_DIR": str(data_dir)}

    def close(self) -> None:
        self._drop(self._template)

    def _settings(self, database: str, redis_url: str) -> dict[str, str]:
        postgres_url = urlsplit(self._postgres_url)._replace(path=f"/{database}").geturl()
        return {
            "POSTGRES_URL": postgres_url,
            "REDIS_URL": redis_url,
            "DJANGO_SECRET": self._secret,
        }

    def _create(self, name: str, template: str) -> None:
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)

    def _drop(self, name: str) -> None:
        # The server may be one that a fault test has killed for good.
        with suppress(psycopg.OperationalError):
            self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _execute(self, statement: str, *names: str) -> None:
        query = sql.SQL(statement).format(*map(sql.Identifier, names))
        with psycopg.connect(self._postgres_url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(query)


def _remember_presence(redis_url: str) -> None:
    # As in a Redis that has run for long: in a new one, who is not heard of is unknown
    # for half a minute, not offline (`realtime.presence.stores`).
    with redis.Redis.from_url(redis_url) as client:
        client.set("presence:since", 1)


def manage(settings: dict[str, str], *arguments: str) -> str:
    """Run one management command as the product would, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        check=False,
        cwd=ROOT,
        env={**os.environ, **PLAIN, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}")
    return done.stdout


@dataclass(eq=False)
class Part:
    """One process of a house."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"
    log_path: Path

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{HOST}:{self.port}"

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")


class House:
    """One running instance; a context manager that leaves no process behind.

    ``settings`` are environment variables, e.g. ``RATE_LIMITS="on"``.
    """

    def __init__(
        self, blueprint: Blueprint, directory: Path, *, sockets: int = 1, **settings: str
    ) -> None:
        self.parts: list[Part] = []
        self.env: dict[str, str] = {}
        self._blueprint = blueprint
        self._directory = directory
        self._sockets = sockets
        self._settings = settings
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            furniture = stack.enter_context(self._blueprint.furnished(self._directory / "data"))
            self.temporary.mkdir(parents=True, exist_ok=True)
            # Of its own, so that what it leaves there is known to be its.
            own = {"TMPDIR": str(self.temporary)}
            self.env = {**os.environ, **PLAIN, **furniture, **own, **self._settings}
            stack.callback(self._stop_all)
            # All at once: each spends its first second loading code.
            for name in self._names():
                self._spawn(name)
            for part in self.parts:
                self._wait_until_ready(part)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def temporary(self) -> Path:
        """Where its processes keep what they need for a moment."""
        return self._directory / "tmp"

    @property
    def http(self) -> str:
        """Where HTTP is served, without a slash at the end."""
        return self._running("serve", "web")[0].url

    @property
    def ws(self) -> str:
        """Where (the first process of) sockets is served."""
        return self.sockets_urls[0]

    @property
    def sockets_urls(self) -> list[str]:
        """Every process that serves sockets; in a fleet there may be several."""
        return [part.ws_url for part in self.sockets]

    @property
    def sockets(self) -> list[Part]:
        return self._running("serve", "sockets")

    @property
    def workers(self) -> list[Part]:
        return self._running("worker")

    def start_web(self) -> Part:
        return self._start("web")

    def start_sockets(self, *, port: int | None = None) -> Part:
        """Start one more process of sockets, at a port of its own unless told."""
        return self._start("sockets", port)

    def start_worker(self) -> Part:
        return self._start("worker")

    def kill(self, part: Part) -> None:
        """End a process with SIGKILL, like a crash."""
        part.process.kill()
        part.process.wait(STOP_SECONDS)

    def stop(self, part: Part) -> None:
        """End a process with SIGTERM, as a deployment does; it must end in time."""
        part.process.send_signal(signal.SIGTERM)
        try:
            part.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill(part)
            raise AssertionError(
                f"{part.name} did not stop within {STOP_SECONDS} s of SIGTERM.\n{_tail(part)}"
            ) from None

    def restart(self, part: Part) -> Part:
        """Start a process again at its old port, killing nothing: it must have ended."""
        assert not part.is_running, f"{part.name} still runs."
        return self._start(part.name, part.port)

    def manage(self, *arguments: str) -> str:
        """Run a management command in this house and return what it printed."""
        return manage(self.env, *arguments)

    def log(self) -> str:
        """Return what all processes have said, one after the other."""
        return "\n".join(f"== {part.name} {part.port}\n{part.log()}" for part in self.parts)

    def _names(self) -> list[str]:
        if not self._blueprint.is_fleet:
            return ["serve"]
        return ["web", *["sockets"] * self._sockets, "worker"]

    def _running(self, *names: str) -> list[Part]:
        parts = [part for part in self.parts if part.name in names and part.is_running]
        assert parts, f"No {' or '.join(names)} runs.\n{self.log()}"
        return parts

    def _start(self, name: str, port: int | None = None) -> Part:
        part = self._spawn(name, port)
        self._wait_until_ready(part)
        return part

    def _spawn(self, name: str, port: int | None = None) -> Part:
        port = port or free_port()
        address = [] if name == "worker" else ["--host", HOST, "--port", str(port)]
        log_path = self._directory / f"{name}-{len(self.parts)}.log"
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", name, *address],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the tests, which then stop us in order.
                start_new_session=True,
            )
        part = Part(name, port, process, log_path)
        self.parts.append(part)
        return part

    def _wait_until_ready(self, part: Part) -> None:
        if part.name == "worker":
            # It serves nothing that could be asked; tests see its work.
            return
        path = "/healthz" if part.name == "sockets" else "/readyz"
        try:
            wait_until(
                lambda: not part.is_running or _answers(part.url + path),
                seconds=START_SECONDS,
                what=f"200 at {path} of {part.name}",
            )
        except TimeoutError as error:
            raise RuntimeError(f"{error}\n{_tail(part)}") from None
        if not part.is_running:
            raise RuntimeError(
                f"{part.name} ended with status {part.process.returncode}.\n{_tail(part)}"
            )

    def _stop_all(self) -> None:
        running = [part for part in self.parts if part.is_running]
        for part in running:
            part.process.send_signal(signal.SIGTERM)
        with ExitStack() as stack:
            for part in running:
                stack.callback(self.stop, part)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _tail(part: Part) -> str:
    return f"The end of its log:\n{os.linesep.join(part.log().splitlines()[-LOG_LINES:])}"
