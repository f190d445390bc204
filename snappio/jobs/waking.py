"""Waking this process's workers, so that a job need not wait for the next poll."""

import threading

# Added to by running workers; other processes have their own set and poll.
_sleeping: set[threading.Event] = set()


def wake_on(event: threading.Event) -> None:
    """Set ``event`` whenever a job may have become due."""
    _sleeping.add(event)


def forget(event: threading.Event) -> None:
    """Undo `wake_on`."""
    _sleeping.discard(event)


def wake_workers() -> None:
    """Wake every worker of this process; without one, do nothing."""
    for event in _sleeping.copy():
        event.set()
