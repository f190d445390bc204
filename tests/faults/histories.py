"""What happened in one run: what was sent, what each socket heard, what was kept."""

from collections import defaultdict
from dataclasses import dataclass, field

# Who says it, and the number that this sender gave it; never used twice.
Body = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Sent:
    """Something a client wrote to a socket; whether it was stored is not known by that."""

    body: Body
    conversation: str
    connection: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame that a socket received; ``at`` in seconds of the wall clock."""

    body: Body
    at: float


@dataclass(slots=True)
class Connection:
    """One socket of a reader, from its handshake to its end.

    ``since`` is the number that its first frame follows: what the client asked
    for, or what the handshake's answer said.
    """

    number: int
    reader: str
    conversation: str
    since: int
    opened_at: float
    heard: list[Heard] = field(default_factory=list)
    closed_at: float | None = None

    @property
    def last(self) -> int:
        """The number of the last message that this socket has brought."""
        return self.since + len(self.heard)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as the database has it at the end."""

    conversation: str
    seq: int
    revision: int
    body: Body
    sent_at: float = 0.0


@dataclass(slots=True)
class History:
    """Everything that was recorded; ``healed_at`` is when the last fault was over."""

    sent: list[Sent] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    healed_at: float = 0.0

    def kept(self) -> dict[str, dict[Body, int]]:
        """Return the numbers of the bodies that each conversation keeps."""
        kept: dict[str, dict[Body, int]] = defaultdict(dict)
        for message in self.stored:
            kept[message.conversation][message.body] = message.seq
        return kept

    def acknowledged(self) -> set[Body]:
        """Return what its own sender has heard: on these sockets the echo acknowledges."""
        return {
            heard.body
            for connection in self.connections
            for heard in connection.heard
            if heard.body[0] == connection.reader
        }
