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

from tests.faults.histories import Body, Place, Resources, Stored, body_in, word_of
from tests.faults.wire import Wire
from tests.house import ROOT, FleetBlueprint, House, Part
from tests.services import PrivatePostgres, PrivateRedis, wait_until

PROCESSES = 2

_STORED = """
SELECT c.key, m.seq, m.revision, m.raw, m.client_id, extract(epoch FROM m.sent_at)::float, m.text,
  m.deleted_at IS NOT NULL, m.event, coalesce(subject.username, ''),
  ARRAY(
    SELECT u.username FROM chat_reaction r JOIN accounts_user u ON u.id = r.user_id
    WHERE r.message_id = m.id
  )
FROM chat_message m
JOIN chat_conversation c ON c.id = m.conversation_id
LEFT JOIN accounts_user subject ON subject.id = m.subject_id
WHERE c.key = ANY(%s) ORDER BY c.key, m.seq
"""
_PLACES = """
SELECT c.key, c.last_seq, c.revision,
  coalesce(jsonb_object_agg(u.username, p.read_seq) FILTER (WHERE u.id IS NOT NULL), '{}'),
  c.visibility = 'open'
FROM chat_conversation c
LEFT JOIN chat_participant p ON p.conversation_id = c.id
LEFT JOIN accounts_user u ON u.id = p.user_id
WHERE c.key = ANY(%s) GROUP BY c.id
"""


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
        self._web: Part | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.postgres = stack.enter_context(PrivatePostgres())
            self.redis = stack.enter_context(PrivateRedis())
            self.wire = stack.enter_context(Wire(self.redis.port))
            blueprint = FleetBlueprint(self.postgres.url, self.wire.url)
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

    def web(self) -> Part:
        """Return the process that serves HTTP, started when it is first wanted."""
        if self._web is None:
            self._web = self.house.start_web()
        return self._web

    def kill_web(self) -> None:
        """End the process that serves HTTP like a crash, and start it again at its port."""
        self.house.kill(self.web())
        self._web = self.house.restart(self.web())

    def close_web(self) -> None:
        """Have no process that serves HTTP any more."""
        if self._web is not None:
            self.house.stop(self._web)
            self._web = None

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
            rows = connection.execute(_STORED, [list(conversations)]).fetchall()
        return [_stored_of(row) for row in rows]

    def places(self, *conversations: str) -> list[Place]:
        """Return how far conversations have come, and how far their members have read."""
        with self.database() as connection:
            rows = connection.execute(_PLACES, [list(conversations)]).fetchall()
        return [Place(*row) for row in rows]

    def resources(self) -> Resources:
        """Return what the processes of sockets, Redis and PostgreSQL hold at this moment."""
        with self.database() as connection, redis.Redis.from_url(self.redis.url) as client:
            (connections,) = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            ).fetchone() or (0,)
            keys = client.dbsize()
        pids = {f"sockets {n}": part.process.pid for n, part in enumerate(self.sockets)}
        return Resources(
            {name: resident_bytes(pid) for name, pid in pids.items()},
            {name: len(list(Path(f"/proc/{pid}/fd").iterdir())) for name, pid in pids.items()},
            keys,
            connections,
        )

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


def body_of(raw: str) -> Body:
    """Return the body of a message's value; a new app's is in its text."""
    value = json.loads(raw)
    if "data" in value:
        return body_in(value["data"].partition(" ")[0])
    return value["sender"], value["n"]


def _stored_of(row: tuple[Any, ...]) -> Stored:
    """Return the record of a row; what an old socket sent says no more than its body."""
    key, seq, revision, raw, client_id, at, text, deleted, event, subject, reacted = row
    said = body_of(raw) if raw else body_in(client_id) if not event else None
    body, text = said or ("notice", seq), word_of(said) if raw and said else text
    return Stored(key, seq, revision, body, at, text, deleted, frozenset(reacted), event, subject)


def resident_bytes(pid: int) -> int:
    """Return the memory of a process that is not swapped out."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"{pid} does not run.")
