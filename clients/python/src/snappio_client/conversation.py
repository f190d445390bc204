"""A conversation as this client holds it, and what becomes of it frame by frame."""

import asyncio
import uuid
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from snappio_client import frames
from snappio_client.events import (
    Breach,
    ChangedMessage,
    ConversationChanged,
    NewMessage,
    OfConversation,
    Receipt,
    Skipped,
    Typing,
)
from snappio_client.frames import Message
from snappio_client.store import Position

# Older messages are forgotten here; `history` brings them back.
MESSAGES_KEPT = 1_000


class Sent(msgspec.Struct, frozen=True):
    """Where a message was stored."""

    seq: int
    revision: int
    sent_at: datetime
    duplicate: bool = False


class Requests(Protocol):
    """What a conversation needs of its client."""

    async def request(self, command: dict[str, Any]) -> Any:
        """Carry out a command, after a reconnection if need be; return its result."""

    def hint(self, command: dict[str, Any]) -> None:
        """Say something that may be lost."""


class Conversation:
    """The messages known here by ``seq``, and how far everybody is.

    ``revision`` is the last one heard in order, ``details`` is what
    ``GET conversations/{id}/`` shows, ``outbox`` has the messages on their way by client id.
    """

    def __init__(self, client: Requests, conversation_id: str, at: Position | None = None) -> None:
        self.id = conversation_id
        self.messages: dict[int, Message] = {}
        self.details: dict[str, Any] = {}
        self.outbox: dict[str, dict[str, Any]] = {}
        self.revision = at.revision if at else 0
        self.first_seq = 1
        self.last_seq = at.seq if at else 0
        self.read_seq = self.delivered_seq = 0
        self.read_by: dict[str, int] = {}
        self.is_live = False
        self._client = client
        self._is_known = at is not None
        # The end of the gap whose present states are being told.
        self._folded_until: int | None = None
        # Messages and revisions that came before their turn, during a gap.
        self._early: dict[int, Message] = {}
        self._told_early: set[int] = set()
        self._sending = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Conversation {self.id} at {self.revision}, {self.last_seq} messages>"

    @property
    def unread(self) -> int:
        return max(self.last_seq - self.read_seq, 0)

    @property
    def position(self) -> Position:
        """Where a resume goes on; behind a gap that is not told to its end."""
        return Position(self.revision, self.last_seq)

    @property
    def since(self) -> int | None:
        """The revision to resume from, or None if nothing was heard yet."""
        return self.revision if self._is_known else None

    # What one does in it.

    async def send(
        self,
        text: str = "",
        *,
        attachments: Sequence[str] = (),
        reply_to: int | None = None,
        client_id: str = "",
    ) -> Sent:
        """Return when the message is stored, however often the socket ends meanwhile.

        Messages are stored in the order of the calls. One that was given up (cancelled)
        may be stored or not: to be sure, send it again with the same ``client_id``.
        """
        client_id = client_id or uuid.uuid4().hex
        command = self._command("send", client_id=client_id, text=text)
        if attachments:
            command["attachments"] = list(attachments)
        if reply_to is not None:
            command["reply_to"] = reply_to
        self.outbox[client_id] = command
        try:
            # One at a time: a later one never overtakes one that must be said again.
            async with self._sending:
                return msgspec.convert(await self._client.request(command), Sent)
        finally:
            self.outbox.pop(client_id, None)

    async def edit(self, seq: int, text: str) -> None:
        await self._client.request(self._command("edit", seq=seq, text=text))

    async def delete(self, seq: int) -> None:
        await self._client.request(self._command("delete", seq=seq))

    async def react(self, seq: int, emoji: str, *, on: bool = True) -> None:
        kind = "react" if on else "unreact"
        await self._client.request(self._command(kind, seq=seq, emoji=emoji))

    async def pin(self, seq: int, *, on: bool = True) -> None:
        await self._client.request(self._command("pin" if on else "unpin", seq=seq))

    async def read(self, seq: int | None = None) -> None:
        """Say that one has read up to a message; without one, all that is here."""
        seq = self.last_seq if seq is None else seq
        result = await self._client.request(self._command("read", seq=seq))
        self.read_seq = max(self.read_seq, result["read_seq"])

    async def delivered(self, seq: int | None = None) -> None:
        """Say that messages have arrived at this device."""
        seq = self.last_seq if seq is None else seq
        result = await self._client.request(self._command("delivered", seq=seq))
        self.delivered_seq = max(self.delivered_seq, result["delivered_seq"])

    def typing(self, *, on: bool = True) -> None:
        self._client.hint(self._command("typing", on=on))

    async def history(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        first_unread: bool = False,
        limit: int = 50,
    ) -> list[Message]:
        """Return a page in the order of `seq`; it is also found in ``messages`` then."""
        asked = {"before": before, "after": after, "around": around}
        given = {name: seq for name, seq in asked.items() if seq is not None}
        if first_unread:
            given["first_unread"] = True
        result = await self._client.request(self._command("history", limit=limit, **given))
        page = msgspec.convert(result["messages"], list[Message])
        for message in page:
            self._hold(message)
        return page

    def _command(self, kind: str, **fields: Any) -> dict[str, Any]:
        return {"type": kind, "conversation": self.id, **fields}

    # What is heard of it.

    def hear(self, frame: frames.OfConversation) -> Iterator[OfConversation | Breach]:
        """Take a frame in and give what is to be told of it."""
        match frame:
            case frames.Subscribed():
                yield from self._resume(frame)
            case frames.MessageFrame(message=message):
                yield from self._message(message)
            case frames.Changed():
                if (yield from self._step(frame.revision)):
                    self.details |= frame.state or {}
                    yield ConversationChanged(self, frame.change)
            case frames.Passed():
                yield from self._step(frame.revision)
            case frames.Gap():
                yield from self._gap(frame)
            case _:
                yield self._notice(frame)

    def _notice(self, frame: frames.Unnumbered) -> OfConversation:
        match frame:
            case frames.Membership():
                self.read_seq, self.delivered_seq = frame.read_seq, frame.delivered_seq
                return ConversationChanged(self)
            case frames.Read(username=username, seq=seq):
                self.read_by[username] = max(seq, self.read_by.get(username, 0))
                return Receipt(self, username, seq, is_read=True)
            case frames.Delivered(username=username, seq=seq):
                return Receipt(self, username, seq, is_read=False)
            case frames.Typing(username=username, on=on):
                return Typing(self, username, on)

    def pause(self) -> None:
        """Hear nothing until the next `subscribed`."""
        self.is_live = False
        self._folded_until = None
        self._early.clear()
        self._told_early.clear()

    def forget(self) -> None:
        """Begin anew: the epoch has changed, and with it what all numbers mean."""
        self.pause()
        self._is_known = False
        self.revision = self.last_seq = self.read_seq = self.delivered_seq = 0
        self.messages.clear()
        self.read_by.clear()

    def _resume(self, frame: frames.Subscribed) -> Iterator[OfConversation | Breach]:
        was_known, self._is_known = self._is_known, True
        self.pause()
        self.is_live = True
        if not was_known:
            # What is unread is new to somebody who sees the conversation for the first time.
            self.last_seq = frame.read_seq
        messages = sorted(frame.messages, key=lambda message: message.seq)
        if not frame.complete:
            first = messages[0].seq if messages else frame.last_seq + 1
            self.messages = {seq: each for seq, each in self.messages.items() if seq >= first}
        self.revision, self.first_seq = frame.revision, frame.first_seq
        self.read_seq, self.delivered_seq = frame.read_seq, frame.delivered_seq
        self.details = frame.details or self.details
        has_all = was_known and frame.complete
        for message in messages:
            if message.seq > self.last_seq:
                yield from self._skip_to(message.seq, has_all=has_all)
                yield self._new(message)
            elif self._hold(message) and was_known:
                yield ChangedMessage(self, message)
        yield from self._skip_to(frame.last_seq + 1, has_all=has_all)

    def _skip_to(self, seq: int, *, has_all: bool) -> Iterator[OfConversation | Breach]:
        # Below `first_seq` there is nothing that could be missed.
        after = max(self.last_seq, self.first_seq - 1)
        self.last_seq = max(after, seq - 1)
        if after + 1 < seq:
            if has_all:
                yield Breach(self, f"complete, and without messages {after + 1} to {seq - 1}")
            yield Skipped(self, after, seq)

    def _gap(self, frame: frames.Gap) -> Iterator[Breach]:
        if self._folded_until is not None:
            self.revision = self._folded_until
        if frame.after != self.revision:
            yield Breach(self, f"a gap after {frame.after} at revision {self.revision}")
        self._folded_until = frame.revision

    def _message(self, message: Message) -> Iterator[OfConversation | Breach]:
        if message.revision == self.revision and self.revision in self._told_early:
            return
        if not (yield from self._step(message.revision, message.seq)):
            return
        if message.seq <= self.last_seq:
            if self._hold(message):
                yield ChangedMessage(self, message)
            return
        self._early[message.seq] = message
        while (following := self._early.pop(self.last_seq + 1, None)) is not None:
            yield self._new(following)

    def _step(self, revision: int, seq: int | None = None) -> Generator[Breach, None, bool]:
        """Take the next revision, or a present state of a gap; say whether it was either."""
        folded_until = self._folded_until
        reached = self.revision if folded_until is None else folded_until
        is_next = revision == reached + 1
        lowest = min((n for n in (*self._early, seq or 0) if n > self.last_seq), default=0)
        leaves_hole = lowest > self.last_seq + 1
        if folded_until is not None and seq is not None and revision > self.revision:
            # A state may be newer than its gap; then its own turn brings nothing new.
            if revision > folded_until:
                self._told_early.add(revision)
            if leaves_hole or not is_next:
                return True
        if not is_next:
            yield Breach(self, f"revision {revision} after {reached}")
        elif leaves_hole:
            yield Breach(self, f"message {lowest} after message {self.last_seq}")
        else:
            self.revision, self._folded_until = revision, None
            return True
        return False

    def _new(self, message: Message) -> NewMessage:
        self._hold(message)
        self.last_seq = message.seq
        return NewMessage(self, message)

    def _hold(self, message: Message) -> bool:
        """Keep a message under its `seq`, unless the one held is as new; say whether it was."""
        held = self.messages.get(message.seq)
        if held is not None and held.revision >= message.revision:
            return False
        self.messages[message.seq] = message
        if len(self.messages) > MESSAGES_KEPT:
            del self.messages[min(self.messages)]
        return True
