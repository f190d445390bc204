"""The words of a live stream: topics, updates, positions, and who can look them up."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Protocol

from snappio.realtime.broker import Hint

_NUMBERS = Struct(">QQQQ")

# The revision of what is told once and counted by nobody: typing, presence.
EPHEMERAL = 0


@dataclass(frozen=True, slots=True)
class Position:
    """How far a topic has come: its last revision, and the number of its last item."""

    revision: int
    seq: int


@dataclass(frozen=True, slots=True)
class Update:
    """One change of a topic.

    ``revision`` counts the changes of the topic without gaps, which is how a
    listener finds that it missed one. ``seq`` is the number of the topic's last
    item after this change, ``item`` that of the item which was added or changed (0
    if the topic itself changed). ``body`` is the app's own encoding. ``leaver`` is
    the id of a member who may hear this update and none after it; 0 is nobody.

    At revision `EPHEMERAL` it is told to whoever listens now, and to nobody later.
    """

    topic: str
    revision: int
    seq: int
    item: int
    body: bytes
    leaver: int = 0

    def to_hint(self) -> Hint:
        """Return the channel and the bytes that the broker carries."""
        numbers = _NUMBERS.pack(self.revision, self.seq, self.item, self.leaver)
        return self.topic, numbers + self.body

    @classmethod
    def from_hint(cls, hint: Hint) -> "Update":
        """Return what `to_hint` was made from."""
        topic, payload = hint
        revision, seq, item, leaver = _NUMBERS.unpack_from(payload)
        return cls(topic, revision, seq, item, payload[_NUMBERS.size :], leaver)


@dataclass(frozen=True, slots=True)
class Missed:
    """What a listener missed, in order, and the position that this brings it to.

    ``may_bar`` says that somebody may have lost the right to listen meanwhile
    (`Source.may_read`), even if they have it again: present states do not tell who.
    """

    updates: Sequence[Update]
    reached: Position
    may_bar: bool = False


class Source(Protocol):
    """Where the truth about a kind of topic is read; implemented by the app that owns it.

    All are called in database threads. A topic that does not exist (yet) is at
    position 0.
    """

    def positions(self, topics: Collection[str]) -> Mapping[str, Position]:
        """Return the positions of those topics that exist."""

    def missed(self, topic: str, after: Position, limit: int) -> Missed:
        """Return up to ``limit`` changes after a position, in their present state.

        Items that are new come first, in order of their numbers; then those that
        have changed, of which some may be told a second time where there are several
        pages. Fewer than ``limit`` means that there are no more.
        """

    def may_read(self, topic: str, member_ids: Collection[int], after: Position) -> Collection[int]:
        """Return those of the members who may hear all that came behind a position.

        Who was out meanwhile and is back may not.
        """


_sources: dict[str, Source] = {}


def register_source(kind: str, source: Source) -> None:
    """Name the source of the topics `kind:…`; called once, while the app loads."""
    _sources[kind] = source


def source_of(topic: str) -> Source:
    """Return the source of a topic."""
    return _sources[kind_of(topic)]


def kind_of(topic: str) -> str:
    """Return the part of a topic's name that names its source."""
    return topic.partition(":")[0]
