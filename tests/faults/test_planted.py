"""The schedule finds faults that are planted into the product itself."""

from pathlib import Path

import pytest
from django.conf import settings

from tests.faults.fleet import Fleet
from tests.faults.schedule import run, seed_from_environment

SECONDS = 12

# What brings it to light, and which checkers see it.
PLANTED = {
    "acknowledge_before_commit": (("sockets_killed", "backends_terminated"), {"K1", "K6"}),
    "skip_a_number": (("clients_cut",), {"K3"}),
    "skip_what_was_missed": (("hints_refused",), {"K5"}),
    "take_any_lane": (("clients_cut",), {"K7"}),
    "deliver_to_who_is_out": (("hints_swapped",), {"K10"}),
    "show_everything": (("clients_cut",), {"K10"}),
}


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("planted", PLANTED)
async def test_a_planted_fault_is_found(planted: str, tmp_path: Path):
    if not settings.POSTGRES_URL:
        pytest.skip("needs PostgreSQL and Redis")
    faults, checkers = PLANTED[planted]
    plant = {"DJANGO_SETTINGS_MODULE": "tests.faults.planted", "PLANTED": planted}

    with Fleet(tmp_path, **plant) as fleet:
        report = await run(fleet, seconds=SECONDS, seed=seed_from_environment(), faults=faults)

    found_by = {complaint.partition(" ")[0] for complaint in report.complaints}
    assert found_by & checkers, str(report)
