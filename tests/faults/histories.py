"""What happened in one run: what was sent, what each socket heard, what was kept."""

from collections import defaultdict
from dataclasses import dataclass, field

# Who says it, and the number that this sender gave it; never used twice.
Body = tuple[str, int]


@dataclass(slots=True)
class Sent:
    """One try of a client to have a message stored.

    ``seq`` is what the answer said; None where there was none, or a refusal, whose
    code is ``refused``, and ``is_final`` if trying again is of no use. Old sockets
    answer nothing but the echo. ``connection`` is one socket, or one client of HTTP that
    asks one thing at a time. ``is_again``: on it there was an answer to it before.
    """

    body: Body
    conversation: str
    connection: int
    seq: int | None = None
    refused: str = ""
    is_final: bool = False
    is_again: bool = False


@dataclass(slots=True)
class Changed:
    """What a client did to a message until it had an answer; ``told`` is whether it had one.

    ``kind`` is edit, delete, react or unreact; ``value`` the new text, or who reacted.
    """

    kind: str
    conversation: str
    body: Body
    value: str
    told: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame that an old socket received; ``at`` in seconds of the wall clock."""

    body: Body
    at: float


@dataclass(slots=True)
class Connection:
    """One old socket of a reader, from its handshake to its end.

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
class State:
    """A message as it was at one revision. ``body`` is None for a notice."""

    seq: int
    revision: int
    body: Body | None
    text: str
    deleted: bool = False
    # Who put an emoji there.
    reactions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Told:
    """A frame of `/ws/` about one conversation; ``at`` in seconds of the wall clock.

    ``since`` is what a `subscribed` answers (-1: nothing was named), ``after`` is of `gap`.
    """

    kind: str
    at: float
    revision: int = 0
    states: tuple[State, ...] = ()
    since: int = -1
    after: int = 0
    first_seq: int = 1
    last_seq: int = 0
    read_seq: int = 0
    unread: int = 0
    complete: bool = True


@dataclass(slots=True)
class Line:
    """One socket at `/ws/`, from `hello` to its end; ``told`` by conversation.

    ``read_seqs`` is what the member's devices were told before `hello` of how far they
    have read.
    """

    number: int
    phone: str
    username: str
    opened_at: float
    read_seqs: dict[str, int] = field(default_factory=dict)
    told: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    closed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as the database has it at the end; ``event`` and ``subject`` are a notice's."""

    conversation: str
    seq: int
    revision: int
    body: Body
    sent_at: float = 0.0
    text: str = ""
    deleted: bool = False
    reactions: frozenset[str] = frozenset()
    event: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation as the database has it at the end, and how far its members have read.

    Only of an open room others than ``read_seqs`` names may read.
    """

    conversation: str
    last_seq: int
    revision: int
    read_seqs: dict[str, int]
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Resources:
    """What the fleet takes of its machine at one moment; bytes and counts."""

    memory: dict[str, int]
    descriptors: dict[str, int]
    redis_keys: int
    postgres_connections: int


@dataclass(slots=True)
class History:
    """Everything that was recorded; ``healed_at`` is when the last fault was over.

    ``reads`` are the `seq`s that members said, or were told, that they have read, by
    member and conversation; ``peeks`` what former members were shown of a group.
    """

    sent: list[Sent] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    reads: dict[tuple[str, str], int] = field(default_factory=dict)
    peeks: list[str] = field(default_factory=list)
    before: Resources | None = None
    after: Resources | None = None
    healed_at: float = 0.0
    _numbers: int = 0

    def next_number(self) -> int:
        """Return a number for one more connection."""
        self._numbers += 1
        return self._numbers

    def kept(self) -> dict[str, dict[Body, int]]:
        """Return the numbers of the bodies that each conversation keeps."""
        kept: dict[str, dict[Body, int]] = defaultdict(dict)
        for message in self.stored:
            kept[message.conversation][message.body] = message.seq
        return kept

    def acknowledged(self) -> set[Body]:
        """Return what was answered, or on old sockets heard by its own sender."""
        echoed = {
            heard.body
            for connection in self.connections
            for heard in connection.heard
            if heard.body[0] == connection.reader
        }
        return echoed | {sent.body for sent in self.sent if sent.seq is not None}

    def note_read(self, username: str, conversation: str, seq: int) -> None:
        """Remember how far somebody has certainly read."""
        key = (username, conversation)
        self.reads[key] = max(self.reads.get(key, 0), seq)


def body_in(word: str) -> Body:
    """Return the body that a new app writes as a word, and as a client id."""
    sender, _, number = word.rpartition("#")
    return sender, int(number)


def word_of(body: Body) -> str:
    """Return the word that a new app writes for a body."""
    return f"{body[0]}#{body[1]}"
