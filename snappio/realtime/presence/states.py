"""The words of presence: what a member is seen as, and how processes tell each other."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from snappio.realtime.broker import Hint
from snappio.realtime.updates import Update

Present = Literal["online", "away"]
State = Literal["online", "away", "offline", "unknown"]

# Topics are named `presence:{user_id}`.
TOPIC_KIND = "presence"


@dataclass(frozen=True, slots=True)
class PresenceState:
    """What a member is seen as.

    Online if any connection is online, else away if any is away, else offline;
    unknown while nobody can tell. ``last_seen`` is when the last connection was
    last heard of. It is None for who was never here, for who is here (nobody needs
    to know that another device has left) and while the state is unknown.
    """

    state: State
    last_seen: datetime | None = None


UNKNOWN = PresenceState("unknown")


class Notice(msgspec.Struct, frozen=True):
    """What a hint says: since ``at``, in microseconds of the store's clock, it is so.

    Hints of two processes may cross; the later ``at`` is the truth.
    """

    user: int
    state: State
    last_seen: datetime | None
    at: int

    def to_hint(self) -> Hint:
        """Return it as an ephemeral update: revision 0 counts nowhere and is never repeated."""
        body = {
            "user": self.user,
            "state": self.state,
            "last_seen": self.last_seen and _iso(self.last_seen),
            "at": self.at,
        }
        topic = topic_of(self.user)
        return Update(topic, revision=0, seq=0, item=0, body=msgspec.json.encode(body)).to_hint()

    @classmethod
    def from_hint(cls, hint: Hint) -> "Notice":
        """Return what `to_hint` was made from."""
        return _decoder.decode(Update.from_hint(hint).body)


_decoder = msgspec.json.Decoder(Notice)


def topic_of(user_id: int) -> str:
    """Return the topic on which a member's changes are announced."""
    return f"{TOPIC_KIND}:{user_id}"


def _iso(moment: datetime) -> str:
    # Always with microseconds, as clients parse it.
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
