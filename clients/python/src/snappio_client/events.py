"""What a program is told, in order."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from snappio_client.errors import SnappioError
from snappio_client.frames import Change, Message, Presence
from snappio_client.store import Position, Store

if TYPE_CHECKING:
    from snappio_client.conversation import Conversation


@dataclass(frozen=True)
class Connected:
    """All that was missed has been told."""


@dataclass(frozen=True)
class Disconnected:
    """The socket ended with a code; the client waits so many seconds and comes back."""

    code: int
    seconds: float


@dataclass(frozen=True)
class EpochBegun:
    """The server was restored from a backup: all that was told before may be otherwise now."""


@dataclass(frozen=True)
class Added:
    """A conversation is here for the first time; what is unread in it is told as new."""

    conversation: "Conversation"


@dataclass(frozen=True)
class Removed:
    """One is no longer in it: left, removed, banned, deleted; or "gone" while one was away."""

    conversation: "Conversation"
    reason: str


@dataclass(frozen=True)
class NewMessage:
    """A message to be shown for the first time; told once each, in the order of `seq`."""

    conversation: "Conversation"
    message: Message


@dataclass(frozen=True)
class ChangedMessage:
    """A message is different now: edited, deleted, pinned, with other reactions."""

    conversation: "Conversation"
    message: Message


@dataclass(frozen=True)
class Skipped:
    """Too much was missed: what lies between these two `seq` is not told, `history` has it."""

    conversation: "Conversation"
    after: int
    before: int


@dataclass(frozen=True)
class ConversationChanged:
    """The conversation itself changed; without a ``change`` it is one's own place in it."""

    conversation: "Conversation"
    change: Change | None = None


@dataclass(frozen=True)
class Receipt:
    """Somebody has got this far; ``is_read`` or only delivered."""

    conversation: "Conversation"
    username: str
    seq: int
    is_read: bool


@dataclass(frozen=True)
class Typing:
    """Somebody types, or stops; forget it after 6 seconds."""

    conversation: "Conversation"
    username: str
    on: bool


@dataclass(frozen=True)
class Breach:
    """The server broke a promise of the protocol; the client subscribes anew."""

    conversation: "Conversation"
    reason: str


OfConversation = NewMessage | ChangedMessage | Skipped | ConversationChanged | Receipt | Typing
Event = Connected | Disconnected | EpochBegun | Added | Removed | Presence | OfConversation


@dataclass(frozen=True)
class _Reached:
    """A position that may be stored once all that was told before it is taken."""

    epoch: str
    conversation: str
    position: Position


class Events:
    """The events that wait to be taken, and the store that remembers which were.

    Without ``is_kept`` nobody takes them, and positions are stored at once.
    """

    def __init__(self, store: Store, *, is_kept: bool) -> None:
        self.epoch, self.positions = store.load()
        self._store = store
        self._is_kept = is_kept
        self._waiting: asyncio.Queue[Event | _Reached | SnappioError] = asyncio.Queue()

    def tell(self, event: Event) -> None:
        if self._is_kept:
            self._waiting.put_nowait(event)

    def reach(self, conversation: str, position: Position) -> None:
        """Remember that all up to here was told, once it is taken."""
        assert self.epoch is not None
        self.positions[conversation] = position
        reached = _Reached(self.epoch, conversation, position)
        if self._is_kept:
            self._waiting.put_nowait(reached)
        else:
            self._store_position(reached)

    def begin(self, epoch: str) -> None:
        self.epoch = epoch
        self.positions.clear()
        self._store.begin(epoch)

    def drop(self, conversation: str) -> None:
        self.positions.pop(conversation, None)
        self._store.drop(conversation)

    def end(self, error: SnappioError) -> None:
        self._waiting.put_nowait(error)

    async def take(self) -> AsyncIterator[Event]:
        """Give what was told, then raise what ended it."""
        while True:
            told = await self._waiting.get()
            match told:
                case SnappioError():
                    # For whoever asks again.
                    self._waiting.put_nowait(told)
                    raise told
                case _Reached():
                    self._store_position(told)
                case _:
                    yield told

    def _store_position(self, reached: _Reached) -> None:
        # Not if the conversation, or the meaning of its numbers, has gone meanwhile.
        if reached.epoch == self.epoch and reached.conversation in self.positions:
            self._store.keep(reached.conversation, reached.position)
