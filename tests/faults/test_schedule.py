"""Everything breaks at random, and nothing that was acknowledged is lost."""

import os
import sys

import pytest

from tests.faults.fleet import Fleet
from tests.faults.schedule import Report, run, seed_from_environment

SHORT_SECONDS = 30
LONG_SECONDS = 600
# Below this a run has shown nothing.
ACKNOWLEDGED_PER_SECOND = 20


async def test_nothing_acknowledged_is_lost_under_faults(fleet: Fleet):
    report = await _run(fleet, SHORT_SECONDS)

    assert not report.complaints, str(report)


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_nothing_acknowledged_is_lost_in_ten_minutes_of_faults(fleet: Fleet):
    report = await _run(fleet, float(os.environ.get("SECONDS") or LONG_SECONDS))

    assert not report.complaints, str(report)


async def _run(fleet: Fleet, seconds: float) -> Report:
    report = await run(fleet, seconds=seconds, seed=seed_from_environment())
    # Shown by pytest if the test fails; `-s` shows it always.
    sys.stdout.write(f"{report}\n")
    assert report.acknowledged > ACKNOWLEDGED_PER_SECOND * seconds, str(report)
    return report
