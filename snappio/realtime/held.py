"""Items that wait for a lock, so that those behind them need not.

Each key waits on its own and keeps its order: whatever comes later for a key that
waits is put behind.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Generic, TypeVar

from snappio.core.errors import DomainError

Item = TypeVar("Item")
Stored = TypeVar("Stored")

# Often enough that nobody notices once the lock is gone; a try takes as long as
# the database waits for the lock.
RETRY_SECONDS = 0.25


@dataclass(slots=True)
class Pending(Generic[Item, Stored]):
    """An item, and who wants to hear what became of it."""

    key: str
    item: Item
    tell: Callable[[Stored | DomainError], None]
    held_since: float = inf


@dataclass(slots=True)
class Batch(Generic[Item, Stored]):
    """What is stored together.

    ``is_retry`` says that it may have been committed unseen; ``is_suspect``, that
    it was part of a batch that met a lock, and is probably free itself.
    """

    pending: list[Pending[Item, Stored]] = field(default_factory=list)
    is_retry: bool = False
    is_suspect: bool = False

    @property
    def items(self) -> Sequence[Item]:
        return [pending.item for pending in self.pending]

    @property
    def has_one_key(self) -> bool:
        return len({pending.key for pending in self.pending}) == 1


@dataclass(slots=True)
class _Group(Generic[Item, Stored]):
    batch: Batch[Item, Stored]
    due_at: float


class Held(Generic[Item, Stored]):
    """What a lane holds back, by key. Its thread's own; others may ask for the `count`."""

    def __init__(self) -> None:
        # In the order of their tries: whoever was tried goes behind the others.
        self._groups: dict[str, _Group[Item, Stored]] = {}

    def pause(self, *, at: float) -> float | None:
        """Return in how many seconds the next try is due, or None if nothing waits."""
        if not self._groups:
            return None
        return max(0.0, min(group.due_at for group in self._groups.values()) - at)

    def count(self, key: str) -> int:
        """Return how many items of a key wait."""
        group = self._groups.get(key)
        return len(group.batch.pending) if group else 0

    def hold(self, batch: Batch[Item, Stored], *, at: float) -> None:
        """Keep what could not be locked.

        A batch of one key is the one that is locked, and pauses. Of several keys
        all are due at once, each on its own: most of them are free.
        """
        may_be_free = not batch.has_one_key
        due_at = at if may_be_free else at + RETRY_SECONDS
        for pending in batch.pending:
            pending.held_since = min(pending.held_since, at)
            if pending.key not in self._groups:
                alone = Batch[Item, Stored](is_retry=batch.is_retry, is_suspect=may_be_free)
                self._groups[pending.key] = _Group(alone, due_at)
            self._groups[pending.key].batch.pending.append(pending)

    def let_pass(
        self, pending: Iterable[Pending[Item, Stored]], *, at: float
    ) -> list[Pending[Item, Stored]]:
        """Put those behind whose key waits; return the others."""
        passed = []
        for one in pending:
            if group := self._groups.get(one.key):
                one.held_since = min(one.held_since, at)
                group.batch.pending.append(one)
            else:
                passed.append(one)
        return passed

    def take_due(self, *, at: float) -> Batch[Item, Stored] | None:
        """Take out the key that has waited longest for a try, if one is due."""
        for key, group in self._groups.items():
            if group.due_at <= at:
                del self._groups[key]
                return group.batch
        return None

    def take_held_before(self, moment: float) -> list[Pending[Item, Stored]]:
        """Take out what has waited since before that moment."""
        taken = []
        for key, group in tuple(self._groups.items()):
            batch = group.batch
            taken += [one for one in batch.pending if one.held_since < moment]
            batch.pending = [one for one in batch.pending if one.held_since >= moment]
            if not batch.pending:
                del self._groups[key]
        return taken
