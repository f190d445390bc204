"""Run one module inside an instance's environment, and answer with JSON.

`python -m benchmarks.data MODULE ARGUMENT…`
"""

import json
import sys
from importlib import import_module

import django


def main(what: str, *args: str) -> None:
    """Print what the module's `make` returns."""
    # Before the modules are imported, which use models.
    django.setup()
    print(json.dumps(import_module(f"benchmarks.data.{what}").make(*args)))


if __name__ == "__main__":
    main(*sys.argv[1:])
