"""Run one measurement: its name as argument, its options as JSON on standard input."""

import json
import sys

import uvloop

from benchmarks.load import measurements


def main() -> None:
    """Print what was measured as JSON."""
    measurements.allow_many_files()
    measure = getattr(measurements, sys.argv[1])
    print(json.dumps(uvloop.run(measure(**json.load(sys.stdin)))))


if __name__ == "__main__":
    main()
