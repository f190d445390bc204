"""Bounding how much dear work a process does at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from snappio.core.errors import Unavailable


@contextmanager
def held_slot(slots: threading.BoundedSemaphore, *, patience: float) -> Iterator[None]:
    """Hold one of the slots, or raise `Unavailable` after ``patience`` seconds without one."""
    if not slots.acquire(timeout=patience):
        raise Unavailable
    try:
        yield
    finally:
        slots.release()
