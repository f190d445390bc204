"""People for these tests, and what every test leaves behind: a clean log."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.accounts import Account, make_accounts
from tests.house import Blueprint, House
from tests.people import Person

# Made at once, since each start of the code costs two seconds.
POOL = 80


@pytest.fixture(scope="session")
def accounts(house: House) -> Iterator[Account]:
    """Members nobody has used yet."""

    def endless() -> Iterator[Account]:
        while True:
            people = [(f"m-{secrets.token_hex(4)}", f"Member {n}") for n in range(POOL)]
            yield from make_accounts(house, people)

    return endless()


@pytest.fixture
def newcomer(house: House, accounts: Iterator[Account]) -> Iterator[Callable[..., Person]]:
    """Make more people, signed in; the name is theirs to show."""
    with ExitStack() as stack:
        yield lambda _name: stack.enter_context(person_of(house, next(accounts)))


def person_of(house: House, account: Account) -> Person:
    """Return the person behind an account, signed in."""
    person = Person(house, account.name, username=account.username)
    person.id, person.access, person.refresh = account.id, account.access, account.refresh
    person.http.headers["Authorization"] = f"Bearer {account.access}"
    return person


@pytest.fixture(autouse=True)
def clean_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing that a client does leaves a traceback in the log."""
    if "house" not in request.fixturenames:
        yield
        return
    house: House = request.getfixturevalue("house")
    before = len(house.log())
    yield
    said = house.log()[before:]
    servers = [part for part in house.parts if part.name in ("serve", "sockets")]
    assert all(part.is_running for part in servers), said
    assert "Traceback" not in said


@pytest.fixture(scope="session")
def closed_house(blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house without guests, where a page of another origin is allowed; it has one member."""
    directory = tmp_path_factory.mktemp("closed-house")
    settings = {"GUEST_ROOMS": "off", "ALLOWED_ORIGINS": "https://app.example"}
    with House(blueprint, directory, **settings) as running:
        (running.member,) = make_accounts(running, [("inmate", "Inmate")])
        yield running


@pytest.fixture(scope="session")
def limited_house(
    blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A house with rate limits, which also logs all that it can."""
    directory = tmp_path_factory.mktemp("limited-house")
    with House(blueprint, directory, RATE_LIMITS="on", LOG_LEVEL="DEBUG") as running:
        people = [(f"limited-{number}", f"Limited {number}") for number in range(20)]
        running.members = iter(make_accounts(running, people))
        yield running
