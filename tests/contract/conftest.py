"""What the contract's tests share: photographs published, and a log that stays clean."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from snappio.media.tests.images import jpeg
from tests.house import House
from tests.people import PASSWORD, Person

# A traceback, a token, a password: none of them has any business in a log.
UNWANTED = re.compile(rf"Traceback|eyJ[\w-]{{8,}}\.[\w-]+|{re.escape(PASSWORD)}| ERROR | CRITICAL ")


@pytest.fixture(autouse=True, scope="module")
def clean_log(house: House) -> Iterator[None]:
    """Whatever a module sends, no log line tells a secret or of an unforeseen failure."""
    yield
    found = [line for line in house.log().splitlines() if UNWANTED.search(line)]
    assert found == []


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
