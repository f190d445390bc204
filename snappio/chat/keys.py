"""What names a conversation before it exists: the same two people, or the same room name.

Private chats are keyed by the two members' ids, open rooms by their name, groups and
rooms with members by a secret, in spaces that cannot meet: no room name reaches any
of the others.
"""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from snappio.chat.errors import BadRoomName, NobodyToTalkTo
from snappio.core.ids import secret_name
from snappio.core.limits import current_limits

Kind = Literal["private", "group", "room"]

PRIVATE: Literal["private"] = "private"
GROUP: Literal["group"] = "group"
ROOM: Literal["room"] = "room"
# Rooms with members have server-made ids that begin so; no name may.
SERVER_MADE = "~"

# The kind of our topics on the live streams.
TOPIC_KIND = "chat"
# … and of members' own topics, which tell of their list of conversations.
INBOX_KIND = "inbox"


@dataclass(frozen=True, slots=True)
class ConversationKey:
    """A private chat of two members, an open room of that name, or a server-made secret."""

    kind: Kind
    # The two members, smaller id first; empty for the others.
    member_ids: tuple[int, ...] = ()
    name: str = ""

    @classmethod
    def private(cls, one: int, other: int) -> "ConversationKey":
        """Return the key of two members' chat, or raise `NobodyToTalkTo` for oneself."""
        if one == other:
            raise NobodyToTalkTo
        return cls(PRIVATE, member_ids=(min(one, other), max(one, other)))

    @classmethod
    def open_room(cls, name: str) -> "ConversationKey":
        """Return the key of an open room, or raise `BadRoomName`."""
        is_short = 1 <= len(name) <= current_limits().room_name_length
        has_controls = any(unicodedata.category(char) == "Cc" for char in name)
        if not is_short or has_controls or name.startswith(SERVER_MADE):
            raise BadRoomName
        return cls(ROOM, name=name)

    @classmethod
    def closed_room(cls, name: str = "") -> "ConversationKey":
        """Return the key of the room with members of that server-made name, or a new one."""
        return cls(ROOM, name=name or SERVER_MADE + secret_name())

    @classmethod
    def new_group(cls) -> "ConversationKey":
        """Return the key of a new group."""
        return cls(GROUP, name=secret_name())

    @classmethod
    def parse(cls, text: str) -> "ConversationKey":
        """Return what `str` was made from."""
        kind, _, rest = text.partition(":")
        if kind == PRIVATE:
            one, _, other = rest.partition(":")
            return cls(PRIVATE, member_ids=(int(one), int(other)))
        return cls(GROUP if kind == GROUP else ROOM, name=rest)

    @property
    def is_by_name(self) -> bool:
        """Whether the first message makes it: an open room that anybody may name."""
        return self.kind == ROOM and not self.name.startswith(SERVER_MADE)

    @property
    def has_members(self) -> bool:
        """Whether only its participants may write: a group, or a room with members."""
        return self.kind != PRIVATE and not self.is_by_name

    def __str__(self) -> str:
        if self.kind == PRIVATE:
            return f"{PRIVATE}:{self.member_ids[0]}:{self.member_ids[1]}"
        return f"{self.kind}:{self.name}"

    @property
    def topic(self) -> str:
        """The live topic of this conversation."""
        return f"{TOPIC_KIND}:{self}"


def room_id_of(key: str) -> str | None:
    """Return the id under which a room of this key is addressed; None for what is no room."""
    kind, _, name = key.partition(":")
    return name if kind == ROOM else None


def key_of_topic(topic: str) -> str:
    """Return the key, as text, that a topic stands for."""
    return topic.removeprefix(f"{TOPIC_KIND}:")


def inbox_topic(member_id: int) -> str:
    """Return a member's own topic."""
    return f"{INBOX_KIND}:{member_id}"


def member_of_topic(topic: str) -> int:
    """Return whose topic it is."""
    return int(topic.removeprefix(f"{INBOX_KIND}:"))
