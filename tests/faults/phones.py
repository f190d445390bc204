"""Members with a new app: one socket at `/ws/` for all their conversations.

They do what docs/realtime.md asks of a client. Whatever has no answer yet is said again
on the next socket, messages under the same client id and in the same order; a new
socket names the last revision that was heard of each conversation. What each frame
said is recorded before anything is made of it.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.faults.clients import CUT_OFF, HANDSHAKE_SECONDS, PAUSE_SECONDS, reset
from tests.faults.fleet import Member, open_socket
from tests.faults.histories import (
    Body,
    Changed,
    History,
    Line,
    Sent,
    State,
    Told,
    body_in,
    word_of,
)
from tests.house import Part

PATH = "/ws/"
# `hello` is held while the database is away; then the other process is tried.
GREETING_SECONDS = 8
# More than these are unanswered only while the database is away; the server allows 64.
MOST_UNANSWERED = 40
EMOJI = "👍"

Frame = dict[str, Any]


@dataclass(slots=True, eq=False)
class Request:
    """Something to be done, until it has a definite answer."""

    frame: Frame
    done: Callable[[Frame], None]
    sent_as: Body | None = None
    # The message's latest try.
    sent: Sent | None = None
    tries: int = 0
    # It has been answered before: with a number, or that it be said again.
    is_again: bool = False


@dataclass(slots=True)
class _Own:
    """A message of one's own that was acknowledged."""

    seq: int
    body: Body
    edits: int = 0
    is_deleted: bool = False


@dataclass(slots=True)
class _Conversation:
    id: str
    key: str
    is_named: bool
    # Old sockets listen there, which hear of no message that was deleted before.
    is_kept: bool
    revision: int = 0
    last_seq: int = 0
    is_subscribed: bool = False
    own: list[_Own] = field(default_factory=list)
    # Seqs of messages of others, and whether our emoji is there.
    seen: dict[int, Body] = field(default_factory=dict)
    reacted: dict[int, bool] = field(default_factory=dict)

    def forget(self) -> None:
        """Know nothing of it, as of one that is not the member's any more."""
        self.is_subscribed = False
        self.last_seq = self.revision = 0
        self.own.clear()
        self.seen.clear()


class Phone:
    """One device of a member.

    ``conversations`` are all there are, key by id; ``named`` the keys of those that it
    asks for, the others it may come to hear of. Of ``kept`` ones it deletes nothing.
    """

    def __init__(
        self,
        name: str,
        *,
        member: Member,
        conversations: Mapping[str, str],
        named: Collection[str],
        kept: Collection[str],
        parts: Callable[[], Sequence[Part]],
        home: int,
        per_second: float,
        history: History,
        dice: random.Random,
    ) -> None:
        self.name = name
        self.member = member
        self.opened = 0
        self.is_away = False
        self._conversations = {
            id_: _Conversation(id_, key, is_named=key in named, is_kept=key in kept)
            for id_, key in conversations.items()
        }
        self._parts = parts
        self._home = home
        self._home_port = parts()[home % len(parts())].port
        self._per_second = per_second
        self._history = history
        self._dice = dice
        self._numbers = count(1)
        self._ids = count(1)
        self._socket: ClientConnection | None = None
        self._line: Line | None = None
        self._unanswered: list[Request] = []
        self._asked: dict[int, Request] = {}
        self._epoch: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        return self._line is not None

    @property
    def is_idle(self) -> bool:
        """Whether everything that was said has been answered."""
        return not self._unanswered

    @property
    def talks(self) -> bool:
        return self._per_second > 0

    def positions(self) -> dict[str, int]:
        """Return the last revision heard of each conversation that is subscribed."""
        return {each.key: each.revision for each in self._subscribed()}

    def cut(self) -> None:
        """Reset the connection, as a network that changes does."""
        if self._socket is not None:
            reset(self._socket)

    # --- Listening ------------------------------------------------------------

    async def listen(self) -> None:
        """Be connected for ever: at home, or elsewhere while that does not answer."""
        tries = 0
        while True:
            opened = self.opened
            with suppress(*CUT_OFF):
                await self._listen_once(self._home + tries)
            tries = tries + 1 if self.opened == opened else 0
            await asyncio.sleep(PAUSE_SECONDS * self._dice.uniform(0.5, 1.5))

    async def _listen_once(self, tries: int) -> None:
        parts = self._parts()
        part = parts[tries % len(parts)]
        self.is_away = part.port != self._home_port
        async with open_socket(
            part.ws_url + PATH,
            self.member.access,
            open_timeout=HANDSHAKE_SECONDS,
            close_timeout=0.5,
            ping_interval=None,
            max_size=2**24,
        ) as opened:
            self._socket = opened
            line = self._begin()
            try:
                await self._greet(opened, line)
                async for text in opened:
                    self._hear(json.loads(text), line)
            finally:
                line.closed_at = time.time()
                self._socket = self._line = None

    def _begin(self) -> Line:
        read = {
            each.key: self._history.reads.get((self.member.username, each.key), 0)
            for each in self._conversations.values()
        }
        line = Line(self._history.next_number(), self.name, self.member.username, time.time(), read)
        self._history.lines.append(line)
        for each in self._conversations.values():
            each.is_subscribed = False
        return line

    async def _greet(self, opened: ClientConnection, line: Line) -> None:
        since = {
            each.id: each.revision
            for each in self._conversations.values()
            if each.is_named or each.revision
        }
        hello = {"type": "hello", "version": 1, "device": self.name, "since": since}
        await opened.send(json.dumps(hello | ({"epoch": self._epoch} if self._epoch else {})))
        async with asyncio.timeout(GREETING_SECONDS):
            while (frame := json.loads(await opened.recv()))["type"] != "ready":
                if frame["type"] == "welcome":
                    self._epoch = frame["epoch"]
                self._hear(frame, line, since=since)
        for each in self._conversations.values():
            if not each.is_subscribed:
                each.forget()
        self._line = line
        self.opened += 1
        self._asked.clear()
        for request in self._unanswered:
            await self._put(request)

    def _hear(self, frame: Frame, line: Line, since: Mapping[str, int] | None = None) -> None:
        if frame["type"] in ("ok", "error"):
            self._take_answer(frame)
            return
        conversation = self._conversations.get(frame.get("conversation", ""))
        if conversation is None:
            return
        told = told_of(frame, since=(since or {}).get(conversation.id, -1))
        line.told[conversation.key].append(told)
        self._follow(conversation, told)

    def _follow(self, conversation: _Conversation, told: Told) -> None:
        match told.kind:
            case "subscribed":
                conversation.is_subscribed = True
                conversation.last_seq = told.last_seq
            case "removed":
                conversation.forget()
        if told.kind in ("subscribed", "gap"):
            conversation.revision = told.revision
        elif told.revision:
            # A state behind a gap is older than what the gap has reached.
            conversation.revision = max(conversation.revision, told.revision)
        for state in told.states:
            conversation.last_seq = max(conversation.last_seq, state.seq)
            if state.body is not None and state.body[0] != self.name:
                conversation.seen[state.seq] = state.body
            if state.deleted:
                conversation.seen.pop(state.seq, None)

    # --- Asking ---------------------------------------------------------------

    def _ask(self, request: Request) -> None:
        self._unanswered.append(request)
        self._spawn(self._put(request))

    async def _put(self, request: Request) -> None:
        if self._socket is None or self._line is None or request not in self._unanswered:
            return
        number = next(self._ids)
        self._asked[number] = request
        request.tries += 1
        if request.sent_as is not None:
            key = self._conversations[request.frame["conversation"]].key
            request.sent = Sent(request.sent_as, key, self._line.number, is_again=request.is_again)
            self._history.sent.append(request.sent)
        with suppress(ConnectionClosed):
            await self._socket.send(json.dumps({**request.frame, "id": number}))

    def _take_answer(self, answer: Frame) -> None:
        request = self._asked.pop(answer["id"], None)
        if request is None:
            return
        if answer["type"] == "error" and request.sent is not None:
            request.sent.refused = answer["code"]
            request.sent.is_final = not answer["retry"]
        if answer["type"] == "error" and answer["retry"]:
            request.is_again = True
            self._spawn(self._put_again(request))
            return
        self._unanswered.remove(request)
        if answer["type"] == "ok":
            if request.sent is not None:
                request.sent.seq = answer["result"]["seq"]
            request.done(answer["result"])

    async def _put_again(self, request: Request) -> None:
        await asyncio.sleep(self._dice.uniform(0.1, 0.4))
        # A new socket has said it already.
        if request not in self._asked.values():
            await self._put(request)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- Talking --------------------------------------------------------------

    async def talk(self) -> None:
        """Do something now and then, whenever there is a socket."""
        while True:
            await asyncio.sleep(self._dice.expovariate(self._per_second))
            here = self._subscribed()
            if self._line is None or not here or len(self._unanswered) >= MOST_UNANSWERED:
                continue
            self._do_something(self._dice.choice(here))

    def _subscribed(self) -> list[_Conversation]:
        return [each for each in self._conversations.values() if each.is_subscribed]

    def _do_something(self, where: _Conversation) -> None:
        deeds: dict[Callable[[_Conversation], None], int] = {
            self._say: 60,
            self._say_much: 8,
            self._say_again: 6,
            self._edit: 8,
            self._delete: 4,
            self._react: 10,
            self._read: 8,
        }
        (deed,) = self._dice.choices(list(deeds), list(deeds.values()))
        deed(where)

    def _say(self, where: _Conversation) -> None:
        body = (self.name, next(self._numbers))
        self._send(where, body)

    def _say_much(self, where: _Conversation) -> None:
        for _ in range(self._dice.randint(2, 5)):
            self._say(where)

    def _say_again(self, where: _Conversation) -> None:
        # As a client does that has lost the answer.
        if where.own:
            self._send(where, self._dice.choice(where.own).body, is_again=True)

    def _send(self, where: _Conversation, body: Body, *, is_again: bool = False) -> None:
        frame = {
            "type": "send",
            "conversation": where.id,
            "client_id": word_of(body),
            "text": word_of(body),
        }

        def answered(result: Frame) -> None:
            self._history.note_read(self.member.username, where.key, result["seq"])
            if not is_again:
                where.own.append(_Own(result["seq"], body))

        self._ask(Request(frame, answered, sent_as=body, is_again=is_again))

    def _edit(self, where: _Conversation) -> None:
        # Once each: a try that was held up could otherwise undo a later one.
        fresh = [own for own in where.own if not own.edits and not own.is_deleted]
        if fresh:
            own = self._dice.choice(fresh)
            own.edits += 1
            text = f"{word_of(own.body)} as it was meant"
            self._change(where, own.seq, own.body, "edit", text, text=text)

    def _delete(self, where: _Conversation) -> None:
        kept = [own for own in where.own if not own.is_deleted]
        if kept and not where.is_kept:
            own = self._dice.choice(kept)
            own.is_deleted = True
            self._change(where, own.seq, own.body, "delete", "")

    def _react(self, where: _Conversation) -> None:
        if not where.seen:
            return
        seq = self._dice.choice(list(where.seen))
        has_reacted = where.reacted.get(seq)
        if has_reacted is None:
            where.reacted[seq] = False
            self._change(where, seq, where.seen[seq], "react", self.member.username, emoji=EMOJI)
        elif has_reacted:
            where.reacted[seq] = False
            self._change(where, seq, where.seen[seq], "unreact", self.member.username, emoji=EMOJI)

    def _change(
        self, where: _Conversation, seq: int, body: Body, kind: str, value: str, **fields: str
    ) -> None:
        change = Changed(kind, where.key, body, value)
        self._history.changed.append(change)
        frame = {"type": kind, "conversation": where.id, "seq": seq, **fields}
        request = Request(frame, lambda _: None)

        def answered(_result: Frame) -> None:
            change.told = True
            # Of one try only: another might still be under way and undo what follows.
            if kind == "react" and request.tries == 1:
                where.reacted[seq] = True

        request.done = answered
        self._ask(request)

    def _read(self, where: _Conversation) -> None:
        seq = where.last_seq

        def answered(result: Frame) -> None:
            self._history.note_read(self.member.username, where.key, result["read_seq"])

        if seq:
            self._ask(Request({"type": "read", "conversation": where.id, "seq": seq}, answered))


def told_of(frame: Frame, *, since: int) -> Told:
    """Return the record of a frame about a conversation."""
    match frame["type"]:
        case "subscribed":
            return Told(
                "subscribed",
                time.time(),
                frame["revision"],
                tuple(map(state_of, frame["messages"])),
                since=since,
                first_seq=frame["first_seq"],
                last_seq=frame["last_seq"],
                read_seq=frame["read_seq"],
                unread=frame["unread"],
                complete=frame["complete"],
            )
        case "message":
            state = state_of(frame["message"])
            return Told("message", time.time(), state.revision, (state,))
        case "gap":
            return Told("gap", time.time(), frame["revision"], after=frame["after"])
    return Told(frame["type"], time.time(), frame.get("revision", 0))


def state_of(message: Frame) -> State:
    """Return the record of a message as `/ws/` and HTTP show it."""
    raw, body = message["raw"], None
    if raw:
        body = raw["sender"], raw["n"]
    elif message["kind"] != "notice":
        body = body_in(message["client_id"])
    return State(
        message["seq"],
        message["revision"],
        body,
        # Of a notice clients say what happened in their own words.
        "" if body is None else word_of(body) if raw else message["text"],
        message["deleted"],
        frozenset(name for each in message["reactions"] for name in each["usernames"]),
    )
