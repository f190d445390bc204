"""The API's description against what the servers say, with generated requests.

The requests come from `docs/api.yaml`, which another test holds equal to what
`/docs/` serves.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

from tests.house import House
from tests.people import Person

pytestmark = pytest.mark.once

DESCRIPTION = Path(__file__).parents[2] / "docs" / "api.yaml"

schema = schemathesis.openapi.from_path(DESCRIPTION)

# Where an empty text means that nothing was given, which no schema can say.
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}

# The same requests in every run: what fails is found again.
REPEATABLE = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
FEW = settings(REPEATABLE, max_examples=6)
MANY = settings(REPEATABLE, max_examples=100)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


def assert_answers_as_described(
    case: schemathesis.Case,
    house: House,
    member: Person,
    session: requests.Session,
    *,
    but: Sequence[CheckFunction] = (),
) -> None:
    """Send one request as a member; a wrong one may be refused, as described, never a 5xx."""
    headers = {"Authorization": f"Bearer {member.access}"}
    if case.media_type in FORMS:
        but = [*but, negative_data_rejection]
    case.call_and_validate(
        base_url=house.http,
        headers=headers,
        session=session,
        # No schema can say which passwords are weak or what makes bytes an image.
        excluded_checks=[positive_data_acceptance, *but],
    )


@schema.parametrize()
@FEW
def test_answers_as_described(case, house, alice, session):
    assert_answers_as_described(case, house, alice, session)


@pytest.mark.long
@schema.parametrize()
@MANY
def test_answers_as_described_to_many_requests(case, house, alice, session):
    # Among so many are some that an address cannot say: `?limit=` means that nothing was
    # given, and unknown parameters are nobody's business.
    assert_answers_as_described(case, house, alice, session, but=[negative_data_rejection])
