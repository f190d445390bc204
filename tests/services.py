"""PostgreSQL and Redis for tests: found, or started privately from the installed binaries.

The private ones listen on free ports of this machine, keep their data in a
temporary directory and can be killed and restarted, as fault tests need.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psycopg
import redis

START_SECONDS = 60
STOP_SECONDS = 30

LOCAL_POSTGRES = "postgres://postgres@127.0.0.1:5432/postgres"
# Not the database that people use by default: tests may flush theirs.
LOCAL_REDIS = "redis://127.0.0.1:6379/9"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until(
    holds: Callable[[], bool], *, seconds: float, what: str, pause: float = 0.05
) -> None:
    """Ask again and again until it holds; fail with a sentence when time is up."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s.")
        time.sleep(pause)


class PrivateServer(ABC):
    """A server process of our own; a context manager that leaves nothing behind.

    ``stop`` and ``kill`` keep the data, and ``start`` or ``restart`` carry on with
    it at the same address; ``close`` removes it.
    """

    name: str

    def __init__(self) -> None:
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix=f"snappio-{self.name.lower()}-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    @abstractmethod
    def url(self) -> str:
        """The address that clients connect to."""

    @property
    def pid(self) -> int:
        """The process that `kill` would kill."""
        assert self._process is not None, f"{self.name} does not run."
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start, and return once it answers."""
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the tests, which then stop us in order.
                start_new_session=True,
                cwd=self.directory,
                **self._identity(),
            )
        try:
            wait_until(self._answers, seconds=START_SECONDS, what=f"The start of {self.name}")
        except TimeoutError as error:
            raise RuntimeError(f"{error} Its log:\n{self.log()}") from None

    def stop(self) -> None:
        """Stop in order."""
        self._end(self._stop_signal)

    def kill(self) -> None:
        """Stop with SIGKILL, like a crash: nothing is flushed, no client hears goodbye."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop in order, if it runs, and start again."""
        if self.is_running:
            self.stop()
        self.start()

    def close(self) -> None:
        """Stop and remove the data."""
        if self.is_running:
            self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self) -> str:
        """Return what the server has said."""
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _end(self, with_signal: signal.Signals) -> None:
        assert self._process is not None, f"{self.name} does not run."
        self._signal(with_signal)
        self._process.wait(STOP_SECONDS)
        self._process = None

    def _signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def _answers(self) -> bool:
        if not self.is_running:
            raise RuntimeError(f"{self.name} ended at once. Its log:\n{self.log()}")
        return self._is_ready()

    _stop_signal = signal.SIGTERM

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _is_ready(self) -> bool: ...

    def _identity(self) -> dict[str, Any]:
        """Say as whom the server runs."""
        return {}


class PrivatePostgres(PrivateServer):
    """A PostgreSQL with its own data; as durable as in production, only smaller."""

    name = "PostgreSQL"
    # "Fast": roll back what is open and stop, without waiting for clients to leave.
    _stop_signal = signal.SIGINT

    def __init__(self, *, max_connections: int = 200) -> None:
        binaries = postgres_binaries()
        if binaries is None:
            raise FileNotFoundError("PostgreSQL is not installed (apt install postgresql).")
        super().__init__()
        self._binaries = binaries
        self._data = self.directory / "data"
        self._max_connections = max_connections
        if _is_root():
            shutil.chown(self.directory, "postgres", "postgres")

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        if not self._data.exists():
            self._initialise()
        super().start()

    def _initialise(self) -> None:
        done = subprocess.run(
            [self._binaries / "initdb", "--pgdata", self._data, "--username", "postgres",
             "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8",
             "--no-sync", "--no-instructions"],
            check=False, capture_output=True, text=True, cwd=self.directory, **self._identity(),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.directory,
            "max_connections": self._max_connections,
            "shared_buffers": "32MB",
            "wal_level": "minimal",
            "max_wal_senders": 0,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._binaries / "postgres"), "-D", str(self._data), *options]

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        # A crash takes the server's children along. Each is in a session of its
        # own and would otherwise answer until it noticed that the parent is gone.
        backends = _children_of(self.pid) if number == signal.SIGKILL else []
        for pid in [self.pid, *backends]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        wait_until(
            lambda: not any(Path(f"/proc/{pid}").exists() for pid in backends),
            seconds=STOP_SECONDS,
            what="The end of all backends",
        )

    def _identity(self) -> dict[str, Any]:
        # PostgreSQL refuses to run as root.
        if not _is_root():
            return {}
        return {"user": "postgres", "group": "postgres", "extra_groups": []}


class PrivateRedis(PrivateServer):
    """A Redis that forgets everything when it ends, as a broker may."""

    name = "Redis"

    def __init__(self) -> None:
        binary = redis_binary()
        if binary is None:
            raise FileNotFoundError("Redis is not installed (apt install redis-server).")
        super().__init__()
        self._binary = binary

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        return [
            self._binary, "--bind", "127.0.0.1", "--port", str(self.port),
            "--dir", str(self.directory), "--save", "", "--appendonly", "no",
        ]  # fmt: skip

    def _is_ready(self) -> bool:
        return redis_answers(self.url)


def postgres_binaries() -> Path | None:
    """Return the directory of PostgreSQL's programs, the newest version first."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("postgres"):
        return Path(on_path).parent
    # Debian keeps them off the PATH, one directory per version.
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.is_dir()]
    versions = [path for path in versions if (path / "initdb").exists()]
    return max(versions, key=lambda path: float(path.parent.name), default=None)


def redis_binary() -> str | None:
    """Return the Redis server's program (or Valkey's, which is as good)."""
    return shutil.which("redis-server") or shutil.which("valkey-server")


def postgres_answers(url: str) -> bool:
    """Say whether we may sign in there and create databases."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.OperationalError:
        return False
    return bool(row and row[0])


def redis_answers(url: str) -> bool:
    """Say whether a Redis answers there."""
    with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def _is_root() -> bool:
    return os.geteuid() == 0


def _children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
