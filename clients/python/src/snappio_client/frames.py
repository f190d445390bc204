"""What the server says, as types.

Fields that a newer server adds are passed over, and so are frames of an unknown
type: `read` gives None for them.
"""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

VERSION = 1


class Reaction(Struct, frozen=True):
    """An emoji under a message; ``usernames`` are the first hundred."""

    emoji: str
    count: int
    usernames: list[str]


class Message(Struct, frozen=True):
    """A message in its present state, as over HTTP."""

    conversation: str
    seq: int
    revision: int
    kind: str
    sender: str | None
    sender_name: str
    sender_kind: str
    client_id: str
    text: str
    sent_at: datetime
    edited_at: datetime | None = None
    deleted: bool = False
    reply_to: int | None = None
    reactions: list[Reaction] = []
    attachments: list[dict[str, Any]] = []
    entities: list[dict[str, Any]] = []
    raw: Any = None
    pinned: bool = False
    notice: Any = None


class Frame(Struct, frozen=True, tag_field="type", tag=str.lower):
    """One frame; its `type` is the name of the class in lower case."""


class Welcome(Frame, frozen=True):
    version: int
    connection: str
    username: str
    epoch: str
    ping: float
    now: datetime
    limits: dict[str, Any] = {}


class Subscribed(Frame, frozen=True):
    """A conversation as it is now, with what is new or changed since the revision named."""

    conversation: str
    revision: int
    last_seq: int
    first_seq: int
    read_seq: int
    delivered_seq: int
    unread: int
    complete: bool
    messages: list[Message]
    details: dict[str, Any] | None = None


class Ready(Frame, frozen=True):
    pass


class Ok(Frame, frozen=True):
    id: int
    result: Any = None


class Error(Frame, frozen=True):
    """``after`` is in milliseconds."""

    id: int | None
    code: str
    message: str
    retry: bool = False
    after: int | None = None


class MessageFrame(Frame, frozen=True, tag="message"):
    conversation: str
    message: Message


class Change(Struct, frozen=True):
    """What happened to a conversation, to whom and by whom."""

    event: str
    username: str | None = None
    by: str | None = None


class Changed(Frame, frozen=True):
    conversation: str
    revision: int
    change: Change
    state: dict[str, Any] | None = None


class Passed(Frame, frozen=True):
    conversation: str
    revision: int


class Gap(Frame, frozen=True):
    conversation: str
    after: int
    revision: int


class Membership(Frame, frozen=True):
    conversation: str
    role: str | None
    muted_until: datetime | None
    read_seq: int
    delivered_seq: int
    unread: int


class Removed(Frame, frozen=True):
    conversation: str
    reason: str


class Read(Frame, frozen=True):
    conversation: str
    username: str
    seq: int


class Delivered(Frame, frozen=True):
    conversation: str
    username: str
    seq: int


class Typing(Frame, frozen=True):
    conversation: str
    username: str
    on: bool


class Presence(Frame, frozen=True):
    username: str
    state: str
    last_seen: datetime | None = None


class Bye(Frame, frozen=True):
    """``after`` is in milliseconds."""

    code: int
    after: int


class _AnyFrame(Struct, frozen=True):
    type: str


Unnumbered = Membership | Read | Delivered | Typing
OfConversation = Subscribed | MessageFrame | Changed | Passed | Gap | Unnumbered
Incoming = Welcome | Ready | Ok | Error | Presence | Bye | Removed | OfConversation

_TYPES = {
    "welcome", "ready", "ok", "error", "presence", "bye", "subscribed", "message", "changed",
    "passed", "gap", "membership", "removed", "read", "delivered", "typing",
}  # fmt: skip
_incoming: msgspec.json.Decoder[Incoming] = msgspec.json.Decoder(Incoming)
_any_frame = msgspec.json.Decoder(_AnyFrame)


def read(text: str | bytes) -> Incoming | None:
    """Return what a frame says, or None if its type is newer than this client.

    Raises `msgspec.MsgspecError` for what is no frame at all.
    """
    try:
        return _incoming.decode(text)
    except msgspec.ValidationError:
        if _any_frame.decode(text).type in _TYPES:
            raise
        return None
