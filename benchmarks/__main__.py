"""Measure Snappio against bare references, both in this run, and print the ratios.

Figures of one machine say little; ratios of one run say how much of the possible
is left. benchmarks/README.md explains each row.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence

from benchmarks.report import Row, table
from benchmarks.scenarios import crowd, feed, gateway, idle, pairs, posts, room, stalled
from benchmarks.stage import LOAD_CORE, SERVER_CORE, CannotRun, Stage, say

SCENARIOS = {
    "room": room,
    "crowd": crowd,
    "pairs": pairs,
    "gateway": gateway,
    "idle": idle,
    "stalled": stalled,
    "posts": posts,
    "feed": feed,
}


def main() -> int:
    """Run what was asked for; the exit status is 1 if something could not run."""
    options = _parser().parse_args()
    started = time.monotonic()
    rows: list[Row] = []
    failures: list[str] = []
    with Stage(seconds=options.seconds) as stage:
        for name in options.only or SCENARIOS:
            say(name)
            try:
                rows += SCENARIOS[name].run(stage)
            except CannotRun as reason:
                failures.append(f"{name} could not run: {reason}")
    _print_report(rows, failures, seconds=time.monotonic() - started)
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=SCENARIOS,
        metavar="NAME",
        help=f"one of {', '.join(SCENARIOS)}; may be given several times",
    )
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="of each measurement (default: %(default)s)"
    )
    return parser


def _print_report(rows: Sequence[Row], failures: Sequence[str], *, seconds: float) -> None:
    print(
        f"\nServers on core {SERVER_CORE}, load on core {LOAD_CORE} of {os.cpu_count()}; "
        "rate limits are off (RATE_LIMITS=off). "
        "A reference is bare: it stores nothing and checks nobody.\n"
    )
    print(table(rows))
    missed = [row for row in rows if row.verdict == "missed"]
    print(f"\n{len(missed)} targets missed; {seconds:.0f} s.")
    for failure in failures:
        print(failure)
    if SERVER_CORE == LOAD_CORE:
        print("Only one core: servers and load took from each other, so the ratios mean little.")


if __name__ == "__main__":
    sys.exit(main())
