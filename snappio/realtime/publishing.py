"""Telling other processes; the domain's only door to the broker.

What is published is a hint: it may be lost, doubled or reordered, and whoever
listens can find the truth in the database.
"""

from collections.abc import Sequence
from functools import partial

from django.db import transaction

from snappio.realtime.broker import Hint, current_broker


def publish_on_commit(hints: Sequence[Hint]) -> None:
    """Publish once the surrounding transaction is committed; never if it is rolled back."""
    transaction.on_commit(partial(publish_rollback_unsafe, hints), robust=True)


def publish_rollback_unsafe(hints: Sequence[Hint]) -> None:
    """Publish now, even if the caller's transaction is rolled back later."""
    current_broker().publish(hints)
