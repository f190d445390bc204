"""Break a fleet for as long as wanted: `python -m tests.faults --seconds 600 --seed 7`."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.faults.fleet import Fleet
from tests.faults.schedule import run, seed_from_environment


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="make faults")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--log", type=Path, help="where to leave the processes' logs")
    options = parser.parse_args()
    seed = seed_from_environment() if options.seed is None else options.seed
    sys.stdout.write(f"SEED={seed}\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as directory, Fleet(Path(directory)) as fleet:
        report = asyncio.run(run(fleet, seconds=options.seconds, seed=seed))
        if options.log:
            options.log.write_text(fleet.house.log())
    sys.stdout.write(f"{report}\n")
    return 1 if report.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
