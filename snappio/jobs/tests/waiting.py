"""Waiting for what other threads and processes do."""

import time
from collections.abc import Callable


def eventually(holds: Callable[[], object], *, seconds: float = 15) -> None:
    """Return as soon as it holds; fail at the deadline."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "It did not come true in time."
        time.sleep(0.01)
