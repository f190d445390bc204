"""Who in this process wants to hear of whom, and what they have heard."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from snappio.realtime.presence.states import UNKNOWN, PresenceState

logger = logging.getLogger(__name__)

OnChange = Callable[[int, PresenceState], None]


@dataclass(frozen=True, slots=True)
class _Known:
    seen: PresenceState
    # Microseconds of the store's clock; whatever is older is no news.
    at: int


class Watchers:
    """Callbacks by member; each is called once for each change."""

    def __init__(self) -> None:
        self._callbacks: dict[int, set[OnChange]] = {}
        self._known: dict[int, _Known] = {}

    def watched(self) -> Collection[int]:
        """Return the members that somebody watches."""
        return self._callbacks.keys()

    def add(self, user_ids: Iterable[int], on_change: OnChange) -> None:
        """Begin to call for these members."""
        for user_id in user_ids:
            self._callbacks.setdefault(user_id, set()).add(on_change)

    def remove(self, user_ids: Iterable[int], on_change: OnChange) -> None:
        """Stop calling for these members."""
        for user_id in user_ids:
            callbacks = self._callbacks.get(user_id, set())
            callbacks.discard(on_change)
            if not callbacks:
                self._callbacks.pop(user_id, None)
                self._known.pop(user_id, None)

    def note(self, user_id: int, seen: PresenceState, at: int) -> None:
        """Take in what was so at a moment of the store's clock; tell it if it is news.

        The first that becomes known of a member is told to nobody: who begins to
        watch asks for it.
        """
        if user_id not in self._callbacks:
            return
        known = self._known.get(user_id)
        if known is not None and at <= known.at:
            return
        self._known[user_id] = _Known(seen, at)
        if known is not None and known.seen != seen:
            self._tell(user_id, seen)

    def lose(self, user_ids: Iterable[int]) -> Iterator[None]:
        """Tell, one member at a time, that nothing is known of them any more."""
        for user_id in user_ids:
            if user_id not in self._callbacks:
                continue
            known = self._known.get(user_id)
            # Whatever clock the store has when it is back, it tells news.
            self._known[user_id] = _Known(UNKNOWN, 0)
            if known is not None and known.seen != UNKNOWN:
                self._tell(user_id, UNKNOWN)
                yield

    def restart_clock(self) -> None:
        """Take the next reading of each member for news, whatever its time."""
        self._known = {user: _Known(known.seen, 0) for user, known in self._known.items()}

    def _tell(self, user_id: int, seen: PresenceState) -> None:
        for on_change in tuple(self._callbacks[user_id]):
            # One that fails must not keep the others from hearing.
            try:
                on_change(user_id, seen)
            except Exception:
                logger.exception("A change of presence could not be told.")
