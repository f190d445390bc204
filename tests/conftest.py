"""What tests from outside share: a running house, and people who live in it.

Without ``POSTGRES_URL`` the house is embedded, with it a fleet; `make test` runs
both halves.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings

from tests.house import Blueprint, EmbeddedBlueprint, FleetBlueprint, House
from tests.people import Person
from tests.services import PrivatePostgres, PrivateRedis, redis_binary


@pytest.fixture(scope="session")
def blueprint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blueprint]:
    """The migrated instance that all houses of this worker are copied from."""
    if settings.POSTGRES_URL:
        plan: Blueprint = FleetBlueprint(
            settings.POSTGRES_URL, None if redis_binary() else settings.REDIS_URL
        )
    else:
        plan = EmbeddedBlueprint(tmp_path_factory.mktemp("blueprint"))
    yield plan
    plan.close()


@pytest.fixture(scope="session")
def house(blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all tests of a worker, without rate limits."""
    with House(blueprint, tmp_path_factory.mktemp("house"), sockets=2) as running:
        yield running


@pytest.fixture
def house_with(blueprint: Blueprint, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Start a house of one's own, e.g. ``house_with(RATE_LIMITS="on")``."""
    with ExitStack() as stack:
        count = 0

        def start(*, sockets: int = 1, **environment: str) -> House:
            nonlocal count
            count += 1
            directory = tmp_path / f"house-{count}"
            directory.mkdir()
            return stack.enter_context(House(blueprint, directory, sockets=sockets, **environment))

        yield start


@pytest.fixture
def newcomer(house: House) -> Iterator[Callable[..., Person]]:
    """Make more people: ``newcomer("Dora")`` is signed up and signed in."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(Person(house, name)).sign_up().sign_in()


@pytest.fixture
def alice(newcomer: Callable[..., Person]) -> Person:
    return newcomer("Alice")


@pytest.fixture
def bob(newcomer: Callable[..., Person]) -> Person:
    return newcomer("Bob")


@pytest.fixture
def carol(newcomer: Callable[..., Person]) -> Person:
    return newcomer("Carol")


@pytest.fixture
def private_postgres() -> Iterator[PrivatePostgres]:
    """A PostgreSQL that the test may kill."""
    _require_services()
    with PrivatePostgres() as server:
        yield server


@pytest.fixture
def private_redis() -> Iterator[PrivateRedis]:
    """A Redis that the test may kill."""
    _require_services()
    with PrivateRedis() as server:
        yield server


def _require_services() -> None:
    if not settings.POSTGRES_URL:
        pytest.skip("needs PostgreSQL and Redis; runs in the other half of `make test`")
