"""The connections of this process, and what of them the store has not been told."""

import secrets
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from snappio.realtime.presence.states import Present
from snappio.realtime.presence.stores import Claim


@dataclass(frozen=True, slots=True)
class _Left:
    state: Present
    at: float


@dataclass(frozen=True, slots=True)
class Report:
    """What is being told to the store: claims by member."""

    claims: Mapping[int, list[Claim]]
    left: Mapping[int, Mapping[str, _Left]]


class Roster:
    """Who is here and who has just left, by member and connection.

    A claim lasts ``expiry`` seconds; of a connection that has left, ``grace`` seconds.
    """

    def __init__(self, *, expiry: float, grace: float) -> None:
        self._expiry = expiry
        self._grace = grace
        # Connections of two processes may have the same id.
        self._process = secrets.token_hex(6)
        self._here: dict[int, dict[str, Present]] = {}
        self._left: dict[int, dict[str, _Left]] = {}
        self._unsaid: set[int] = set()

    @property
    def unsaid(self) -> Collection[int]:
        """Return the members of whom there is something to tell."""
        return self._unsaid

    def enter(self, user_id: int, connection_id: str, state: Present) -> None:
        """Add a connection."""
        self._here.setdefault(user_id, {})[connection_id] = state
        self._left.get(user_id, {}).pop(connection_id, None)
        self._unsaid.add(user_id)

    def change(self, user_id: int, connection_id: str, state: Present) -> None:
        """Change the state of a connection that is here."""
        connections = self._here.get(user_id, {})
        if connections.get(connection_id, state) != state:
            connections[connection_id] = state
            self._unsaid.add(user_id)

    def leave(self, user_id: int, connection_id: str) -> None:
        """Remove a connection, if it is here."""
        connections = self._here.get(user_id, {})
        state = connections.pop(connection_id, None)
        if state is None:
            return
        if not connections:
            del self._here[user_id]
        self._left.setdefault(user_id, {})[connection_id] = _Left(state, time.monotonic())
        self._unsaid.add(user_id)

    def leave_all(self) -> None:
        """Remove all connections."""
        for user_id, connections in list(self._here.items()):
            for connection_id in list(connections):
                self.leave(user_id, connection_id)

    def repeat(self) -> None:
        """Have everybody who is here told again."""
        self._unsaid.update(self._here)

    def report(self, user_ids: Iterable[int]) -> Report:
        """Return what is unsaid of these members, which from now on counts as said."""
        unsaid = self._unsaid.intersection(user_ids)
        self._unsaid -= unsaid
        return Report(
            {user_id: self._claims_of(user_id) for user_id in unsaid},
            {user_id: dict(self._left.get(user_id, {})) for user_id in unsaid},
        )

    def arrived(self, report: Report) -> None:
        """Forget who had left: the store knows."""
        for user_id, gone in report.left.items():
            left = self._left.get(user_id, {})
            for connection_id, what in gone.items():
                # The same connection may have come and gone again meanwhile.
                if left.get(connection_id) is what:
                    del left[connection_id]
            if not left:
                self._left.pop(user_id, None)

    def failed(self, report: Report) -> None:
        """Take it all for unsaid again."""
        self._unsaid.update(report.claims)

    def forget_old(self) -> None:
        """Forget who left so long ago that the store has given them up by itself."""
        oldest = time.monotonic() - self._expiry
        for user_id, left in list(self._left.items()):
            kept = {name: what for name, what in left.items() if what.at > oldest}
            if kept:
                self._left[user_id] = kept
                continue
            del self._left[user_id]
            if user_id not in self._here:
                self._unsaid.discard(user_id)

    def _claims_of(self, user_id: int) -> list[Claim]:
        at = time.monotonic()
        here = self._here.get(user_id, {})
        left = self._left.get(user_id, {})
        claims = [Claim(self._name(each), state, 0, self._expiry) for each, state in here.items()]
        claims += [
            Claim(self._name(each), what.state, at - what.at, self._grace)
            for each, what in left.items()
        ]
        return claims

    def _name(self, connection_id: str) -> str:
        return f"{self._process}:{connection_id}"
