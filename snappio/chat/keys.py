"""What names a conversation before it exists: the same two people, or the same room name.

Private chats are keyed by the two members' ids, rooms by their name, in two
spaces that cannot meet: no room name reaches a private chat.
"""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from snappio.chat.errors import BadRoomName, NobodyToTalkTo
from snappio.core.limits import current_limits

Kind = Literal["private", "room"]

PRIVATE: Literal["private"] = "private"
ROOM: Literal["room"] = "room"
# Rooms with members have server-made ids that begin so; no name may.
SERVER_MADE = "~"

# The kind of our topics on the live streams.
TOPIC_KIND = "chat"


@dataclass(frozen=True, slots=True)
class ConversationKey:
    """A private chat of two members, or an open room of that name."""

    kind: Kind
    # The two members, smaller id first; empty for rooms.
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
    def parse(cls, text: str) -> "ConversationKey":
        """Return what `str` was made from."""
        kind, _, rest = text.partition(":")
        if kind == PRIVATE:
            one, _, other = rest.partition(":")
            return cls(PRIVATE, member_ids=(int(one), int(other)))
        return cls(ROOM, name=rest)

    def __str__(self) -> str:
        if self.kind == PRIVATE:
            return f"{PRIVATE}:{self.member_ids[0]}:{self.member_ids[1]}"
        return f"{ROOM}:{self.name}"

    @property
    def topic(self) -> str:
        """The live topic of this conversation."""
        return f"{TOPIC_KIND}:{self}"


def key_of_topic(topic: str) -> str:
    """Return the key, as text, that a topic stands for."""
    return topic.removeprefix(f"{TOPIC_KIND}:")
