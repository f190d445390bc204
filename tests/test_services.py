"""The private servers really keep what was committed when they are killed."""

import threading
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
import redis

from tests.services import (
    PrivatePostgres,
    PrivateRedis,
    postgres_answers,
    postgres_binaries,
    redis_answers,
    redis_binary,
    wait_until,
)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    if postgres_binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    with PrivatePostgres() as server:
        yield server


def test_killed_postgres_keeps_what_was_committed_and_drops_what_was_not(
    postgres: PrivatePostgres,
):
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('committed')")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO kept VALUES ('open')")

        postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("COMMIT")

    postgres.restart()

    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("committed",)]


def test_postgres_restarts_at_the_same_address(postgres: PrivatePostgres):
    url = postgres.url

    postgres.restart()

    assert postgres.url == url
    assert postgres_answers(url)


def test_closed_postgres_leaves_nothing_behind():
    if postgres_binaries() is None:
        pytest.skip("PostgreSQL is not installed")

    with PrivatePostgres() as server:
        assert server.directory.exists()

    assert not server.directory.exists()
    assert not postgres_answers(server.url)


def test_killed_redis_comes_back_empty_at_the_same_address():
    if redis_binary() is None:
        pytest.skip("Redis is not installed")

    with PrivateRedis() as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("word", "kept by nobody")
        server.kill()
        assert not redis_answers(server.url)
        server.restart()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("word") is None

    assert not redis_answers(server.url)


@pytest.mark.long
def test_postgres_killed_again_and_again_keeps_every_acknowledged_row(postgres: PrivatePostgres):
    acknowledged: list[int] = []
    is_over = threading.Event()

    def write() -> None:
        number = 0
        while not is_over.is_set():
            with (
                suppress(psycopg.OperationalError),
                psycopg.connect(postgres.url, autocommit=True, connect_timeout=2) as connection,
            ):
                while not is_over.is_set():
                    number += 1
                    connection.execute("INSERT INTO numbers VALUES (%s)", [number])
                    acknowledged.append(number)

    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE numbers (number bigint)")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(10):
            seen = len(acknowledged)
            wait_until(lambda seen=seen: len(acknowledged) > seen + 50, seconds=30, what="Writing")
            postgres.kill()
            postgres.restart()
    finally:
        is_over.set()
        writer.join()

    with psycopg.connect(postgres.url) as connection:
        kept = [row[0] for row in connection.execute("SELECT number FROM numbers")]
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept)
