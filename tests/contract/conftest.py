"""What the contract's tests share: photographs published, and a log that stays clean."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from snappio.media.tests.images import jpeg
from tests.contract.logs import unwanted_lines
from tests.house import House
from tests.people import Person


@pytest.fixture(autouse=True, scope="module")
def clean_log(house: House) -> Iterator[None]:
    """Whatever a module sends, no log line tells a secret or of an unforeseen failure."""
    yield
    assert unwanted_lines(house) == []


@pytest.fixture(scope="module")
def resident(house: House) -> Iterator[Person]:
    """Somebody signed in, for tests that change nothing about them."""
    with Person(house, "Resident") as person:
        yield person.sign_up().sign_in()


@pytest.fixture
def anyone(house: House) -> Iterator[httpx.Client]:
    """Somebody without a token; addresses are those of the whole instance."""
    with httpx.Client(base_url=house.http, timeout=30, trust_env=False) as client:
        yield client


Publish = Callable[..., dict[str, Any]]


@pytest.fixture
def publish() -> Publish:
    """Publish a photograph: ``publish(alice, "A morning")`` gives the post."""

    def published(
        author: Person, content: str = "A morning", photo: bytes | None = None
    ) -> dict[str, Any]:
        answer = author.http.post(
            "/posts/",
            data={"content": content},
            files={"uploadImage": ("photo.jpg", photo or jpeg(), "application/octet-stream")},
        )
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    return published
