"""What the journeys share: a log that stays clean."""

from collections.abc import Iterator

import pytest

from tests.contract.logs import unwanted_lines
from tests.house import House


@pytest.fixture(autouse=True, scope="module")
def clean_log(house: House) -> Iterator[None]:
    yield
    assert unwanted_lines(house) == []
