"""Two processes of sockets, on a PostgreSQL and a Redis that may be killed."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psycopg
import redis
from websockets.asyncio.client import ClientConnection, connect

from tests.faults.histories import Stored
from tests.house import ROOT, FleetBlueprint, House, Part
from tests.services import PrivatePostgres, PrivateRedis, wait_until

PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a session."""

    username: str
    id: int
    session: str
    access: str
    # A good signature whose time is over.
    expired: str


class SocketsOnly(House):
    """A house without web and worker, which no socket needs."""

    def _names(self) -> list[str]:
        return ["sockets"] * self._sockets


class Office:
    """A process that runs `tests.faults.office`."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.office"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ask(self, what: str, *arguments: str) -> Any:
        """Have something done, and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([what, *arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"The office could not {what}; its traceback is above."
        return json.loads(answer)

    def close(self) -> None:
        self._process.communicate(timeout=10)


class Fleet:
    """The whole of it; a context manager that leaves nothing behind."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self._directory = directory
        self._settings = settings
        self._stack = ExitStack()
        self._count = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.postgres = stack.enter_context(PrivatePostgres())
            self.redis = stack.enter_context(PrivateRedis())
            blueprint = FleetBlueprint(self.postgres.url, self.redis.url)
            stack.callback(blueprint.close)
            self.house = stack.enter_context(
                SocketsOnly(blueprint, self._directory, sockets=PROCESSES, **self._settings)
            )
            self.office = Office(self.house.env)
            stack.callback(self.office.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def sockets(self) -> list[Part]:
        # By port, which a restarted process keeps.
        return sorted(self.house.sockets, key=lambda part: part.port)

    def members(self, count: int) -> list[Member]:
        """Make so many members."""
        names = [f"member{self._count + n}" for n in range(count)]
        self._count += count
        return [Member(**fields) for fields in self.office.ask("join", *names)]

    def open(
        self, path: str, member: Member | None = None, *, process: int = 0, **options: Any
    ) -> "AbstractAsyncContextManager[ClientConnection]":
        """Open a socket at one of the processes; without a member, as a guest."""
        return open_socket(
            self.sockets[process].ws_url + path, member.access if member else None, **options
        )

    def database(self) -> "psycopg.Connection[Any]":
        """Open a connection to the house's database."""
        return psycopg.connect(self.house.env["POSTGRES_URL"], autocommit=True)

    def stored(self, *conversations: str) -> list[Stored]:
        """Return what the database keeps, in order."""
        with self.database() as connection:
            rows = connection.execute(
                "SELECT c.key, m.seq, m.revision, m.raw, extract(epoch FROM m.sent_at)::float"
                " FROM chat_message m JOIN chat_conversation c ON c.id = m.conversation_id"
                " WHERE c.key = ANY(%s) ORDER BY c.key, m.seq",
                [list(conversations)],
            ).fetchall()
        return [
            Stored(key, seq, revision, body_of(raw), at) for key, seq, revision, raw, at in rows
        ]

    def positions(self, *conversations: str) -> dict[str, int]:
        """Return the number of each conversation's last message."""
        with self.database() as connection:
            rows = connection.execute(
                "SELECT key, last_seq FROM chat_conversation WHERE key = ANY(%s)",
                [list(conversations)],
            ).fetchall()
        return dict(rows)

    # --- What may be broken ---------------------------------------------------

    def terminate_backends(self) -> int:
        """End all connections to the house's database, and return how many there were."""
        with self.database() as connection:
            done = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return done.rowcount

    def kill_publishers(self) -> None:
        """Cut the connections that commands and hints go out by."""
        with redis.Redis.from_url(self.redis.url) as client:
            client.client_kill_filter(_type="normal", skipme=True)

    def kill_subscriptions(self) -> None:
        """Cut the connections that hints come by; what is published goes on."""
        with redis.Redis.from_url(self.redis.url) as client:
            client.client_kill_filter(_type="pubsub")

    @contextmanager
    def redis_down(self) -> Iterator[None]:
        """Have no Redis for as long as the block lasts; it comes back empty.

        Whoever listened listens again at the end, so that the next test is not
        still in this one's outage.
        """
        self.redis.kill()
        try:
            yield
        finally:
            self.redis.start()
            wait_until(self._is_heard, seconds=10, what="The return of all listeners")

    def _is_heard(self) -> bool:
        # As the broker calls it in the private Redis's database 0.
        channel = "0:control:sessions"
        with redis.Redis.from_url(self.redis.url) as client:
            return dict(client.pubsub_numsub(channel))[channel.encode()] == PROCESSES

    @contextmanager
    def hints_refused(self) -> Iterator[None]:
        """Lose everything that is published, while subscriptions stay up."""
        with redis.Redis.from_url(self.redis.url) as client:
            client.acl_setuser("default", enabled=True, commands=["-publish"])
            try:
                yield
            finally:
                client.acl_setuser("default", enabled=True, commands=["+publish"])

    @contextmanager
    def conversation_locked(self, conversation: str) -> Iterator[None]:
        """Hold the row's lock for as long as the block lasts."""
        with psycopg.connect(self.house.env["POSTGRES_URL"]) as connection:
            connection.execute(
                "SELECT 1 FROM chat_conversation WHERE key = %s FOR UPDATE", [conversation]
            )
            yield

    def freeze(self, part: Part) -> None:
        """Stop a process without ending it."""
        part.process.send_signal(signal.SIGSTOP)

    def thaw(self, part: Part) -> None:
        """Let a frozen process go on."""
        part.process.send_signal(signal.SIGCONT)


def open_socket(
    url: str, access: str | None, **options: Any
) -> "AbstractAsyncContextManager[ClientConnection]":
    headers = {"Authorization": f"Bearer {access}"} if access else {}
    return connect(
        url,
        additional_headers={**headers, **options.pop("headers", {})},
        proxy=None,
        compression=None,
        **options,
    )


def room_path(name: str) -> str:
    return f"/ws/rooms/{quote(name, safe='')}/"


def chat_path(partner: Member) -> str:
    return f"/ws/user/{quote(partner.username)}/"


def body_of(raw: str) -> tuple[str, int]:
    """Return the body of a message's value."""
    value = json.loads(raw)
    return value["sender"], value["n"]
