"""A fleet that may be broken; it starts slowly, so a worker's tests share one."""

import secrets
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.faults.fleet import Fleet
from tests.services import postgres_binaries, redis_binary


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two processes of sockets on servers of their own; whoever breaks a part mends it."""
    if not settings.POSTGRES_URL:
        pytest.skip("needs PostgreSQL and Redis; runs in the other half of `make test`")
    if not (postgres_binaries() and redis_binary()):
        pytest.skip("PostgreSQL and Redis are not installed here")
    with Fleet(tmp_path_factory.mktemp("fleet")) as running:
        yield running


@pytest.fixture
def room() -> str:
    """The name of a room that nobody has entered yet."""
    return f"room {secrets.token_hex(4)}"
