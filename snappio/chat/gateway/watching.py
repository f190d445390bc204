"""Being there, and seeing who else is: presence on `/ws/`.

A member is there as long as a socket is open, unless their switch is off. Whom one may
watch is asked when one asks, and again whenever one's own places or switches change.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial

from snappio.accounts.models import User
from snappio.chat.gateway.frames import Member, PresenceChanged
from snappio.chat.presence import watchable
from snappio.chat.updates import Switches
from snappio.realtime.connections import held
from snappio.realtime.gateway.frames import encode
from snappio.realtime.gateway.session import Part, Session
from snappio.realtime.presence.states import UNKNOWN, PresenceState, Present
from snappio.realtime.protocol import text_frame
from snappio.realtime.runtime import current_runtime


class Watching(Part):
    """One socket's own presence, and whom it watches."""

    __slots__ = ("_is_shown", "_names", "_session", "_state")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._state: Present = "online"
        self._is_shown = False
        # Whom it watches, by id; made when first needed.
        self._names: dict[int, str] | None = None

    def close(self) -> None:
        """Leave, and watch nobody."""
        self._unwatch(self._names or {})
        if self._is_shown:
            current_runtime().presence.leave(self._session.user_id, self._session.name)

    def switch(self, switches: Switches) -> None:
        """Be shown, or not: who does not tell is not told either."""
        presence, session = current_runtime().presence, self._session
        if switches.presence and not self._is_shown:
            presence.enter(session.user_id, session.name, self._state)
        elif self._is_shown and not switches.presence:
            presence.leave(session.user_id, session.name)
            self._unwatch(self._names or {})
        self._is_shown = switches.presence

    def change(self, state: Present) -> None:
        """Be online, or away."""
        self._state = state
        if self._is_shown:
            current_runtime().presence.change(self._session.user_id, self._session.name, state)

    async def watch(self, usernames: Collection[str], viewer: Callable[[], User]) -> list[Member]:
        """Watch these members and nobody else; return what they are seen as now."""
        ids = await held(partial(_watchable, viewer, usernames))
        self._keep({pk: name for name, pk in ids.items()})
        presence = current_runtime().presence
        # First watched, then asked: nothing is lost in between.
        presence.watch(list(ids.values()), self._tell)
        states = await presence.states_of(list(ids.values()))
        return [
            Member.of(name, states[ids[name]] if name in ids else UNKNOWN)
            for name in dict.fromkeys(usernames)
        ]

    async def look_again(self, viewer: Callable[[], User]) -> None:
        """Stop watching whom the member may not watch any more."""
        if self._names:
            names = tuple(self._names.values())
            ids = await held(partial(_watchable, viewer, names))
            hidden = set(self._names) - set(ids.values())
            for pk in hidden:
                self._tell(pk, UNKNOWN)
            self._unwatch(hidden)

    def _keep(self, names: dict[int, str]) -> None:
        self._unwatch(set(self._names or {}) - set(names))
        self._names = names or None

    def _unwatch(self, ids: Collection[int]) -> None:
        current_runtime().presence.unwatch(ids, self._tell)
        if self._names is not None:
            self._names = {pk: name for pk, name in self._names.items() if pk not in ids} or None

    def _tell(self, user_id: int, seen: PresenceState) -> None:
        if self._names is not None and user_id in self._names:
            frame = PresenceChanged.of(self._names[user_id], seen)
            self._session.outbox.send_if_idle(text_frame(encode(frame)))


def _watchable(viewer: Callable[[], User], usernames: Collection[str]) -> Mapping[str, int]:
    return watchable(viewer(), usernames)
