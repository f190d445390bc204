"""The client: one socket that comes back by itself, and all conversations on it."""

import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import msgspec

from snappio_client import frames
from snappio_client.connection import OnFrame
from snappio_client.conversation import Conversation
from snappio_client.errors import ConnectionLost, Ended, EpochChanged, Refused, SnappioError
from snappio_client.events import (
    Added,
    Breach,
    Connected,
    Disconnected,
    EpochBegun,
    Event,
    Events,
    NewMessage,
    Removed,
)
from snappio_client.http import Api, Credentials, Tokens
from snappio_client.link import Link
from snappio_client.store import MemoryStore, Position, Store

logger = logging.getLogger("snappio_client")


class Client:
    """A member's socket; an async context manager that is ready when it is entered.

        async with Client("http://localhost:8000", username="alice", password="…") as client:
            bob = await client.open("bob")
            await bob.send("Hello")
            async for event in client.events():
                …

    Instead of a password, ``token`` and ``refresh_token`` do; ``on_tokens`` is told of
    new ones. ``device`` names this installation: a second socket of it ends the first.
    Whoever never asks for `events` says ``keep_events=False``. ``on_frame`` hears every
    frame as it travels, ``on_breach`` whenever the server breaks a promise (otherwise
    that is logged). ``socket_url`` is needed only where the socket is not at ``…/ws/``
    below ``url``. A server that is away is waited for; what cannot be mended by
    waiting raises `Ended` or `Refused`, out of every call.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str = "",
        password: str = "",
        token: str = "",
        refresh_token: str = "",
        device: str = "",
        store: Store | None = None,
        keep_events: bool = True,
        socket_url: str = "",
        on_tokens: Callable[[Tokens], None] | None = None,
        on_frame: OnFrame | None = None,
        on_breach: Callable[[Breach], None] | None = None,
        trust_env: bool = True,
    ) -> None:
        tokens = Tokens(token, refresh_token) if token else None
        self.http = Api(url, tokens=tokens, trust_env=trust_env)
        self.username = username
        self.limits: dict[str, Any] = {}
        self.conversations: dict[str, Conversation] = {}
        self._device = device
        self._events = Events(store or MemoryStore(), is_kept=keep_events)
        for conversation_id, at in self._events.positions.items():
            self.conversations[conversation_id] = Conversation(self, conversation_id, at)
        self._on_breach = on_breach or _log_breach
        self._looked_at: set[str] = set()
        self._presence: dict[str, Any] = {}
        self._link = Link(
            socket_url or f"ws{url.removeprefix('http').rstrip('/')}/ws/",
            Credentials(self.http, username=username, password=password, on_tokens=on_tokens),
            self,
            trust_env=trust_env,
            on_frame=on_frame,
        )

    async def __aenter__(self) -> Self:
        self._link.start(self._live())
        try:
            await self._link.connected()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the socket and all that waits for it."""
        await self._link.close()
        await self.http.close()

    async def _live(self) -> None:
        try:
            await self._link.run()
        finally:
            self._events.end(self._link.failure or Ended(1000, "the client was closed"))

    # What one does.

    def events(self) -> AsyncIterator[Event]:
        """Give what happens, in order, and raise what ended the client.

        An event is taken when the next one is asked for: only then its position is
        stored, so a program that dies over an event is given it again.
        """
        return self._events.take()

    async def open(self, username: str) -> Conversation:
        """Return the private chat with a member."""
        result = await self.request({"type": "open", "username": username})
        return self._conversation(result["conversation"])

    async def subscribe(self, conversation_id: str) -> Conversation:
        """Hear an open room, or what was unsubscribed, also after every reconnection."""
        conversation = self._conversation(conversation_id)
        await self.request(_subscription(conversation))
        self._looked_at.add(conversation_id)
        return conversation

    async def unsubscribe(self, conversation_id: str) -> None:
        """Hear no more of it on this socket."""
        self._looked_at.discard(conversation_id)
        self._conversation(conversation_id).pause()
        await self.request({"type": "unsubscribe", "conversation": conversation_id})

    async def presence(
        self, state: str = "online", *, watch: Collection[str] = ()
    ) -> list[frames.Presence]:
        """Say how one is there and whom one watches; return how these are."""
        self._presence = {"type": "presence", "state": state, "watch": list(watch)}
        result = await self.request(self._presence)
        members = [{"type": "presence", **member} for member in result["members"]]
        return msgspec.convert(members, list[frames.Presence])

    async def request(self, command: dict[str, Any]) -> Any:
        """Say any command until it is answered, over as many sockets as it takes.

        Returns the result of its `ok`. Refusals that may pass are waited out, others
        raise `Refused`.
        """
        return await self._link.request(command)

    def hint(self, command: dict[str, Any]) -> None:
        """Say a command if there is a connection now, and forget it."""
        self._link.hint(command)

    # What the link asks and tells.

    def greeting(self) -> dict[str, Any]:
        hello: dict[str, Any] = {}
        if self._device:
            hello["device"] = self._device
        if self._events.epoch is not None:
            known = [each for each in self.conversations.values() if each.since is not None]
            hello["epoch"] = self._events.epoch
            hello["since"] = {each.id: each.since for each in known}
        return hello

    def begin(self, welcome: frames.Welcome) -> None:
        self.username, self.limits = welcome.username, welcome.limits
        if self._events.epoch != welcome.epoch:
            if self._events.epoch is not None:
                self._forget()
            self._events.begin(welcome.epoch)

    def settle(self) -> None:
        """Drop what was not subscribed, and ask anew for what is only looked at."""
        for conversation in list(self.conversations.values()):
            if conversation.is_live:
                continue
            if conversation.id in self._looked_at:
                self._link.start(self._look_again(conversation))
            elif conversation.since is not None:
                self._remove(conversation.id, "gone")
        if self._presence:
            self.hint(self._presence)
        self._events.tell(Connected())

    def pause(self, error: ConnectionLost, seconds: float) -> None:
        for conversation in self.conversations.values():
            conversation.pause()
        self._events.tell(Disconnected(error.code, seconds))
        if isinstance(error, EpochChanged):
            self._forget()

    def hear(self, frame: frames.Incoming) -> None:
        match frame:
            case frames.Presence():
                self._events.tell(frame)
            case frames.Removed(conversation=conversation_id, reason=reason):
                self._remove(conversation_id, reason)
            case frames.Subscribed(conversation=conversation_id):
                conversation = self._conversation(conversation_id)
                if conversation.since is None:
                    self._events.tell(Added(conversation))
                self._take_in(conversation, frame)
            case frames.Ready() | frames.Welcome() | frames.Ok() | frames.Error() | frames.Bye():
                # The link's affair.
                pass
            case _:
                known = self.conversations.get(frame.conversation)
                if known is not None and known.is_live:
                    self._take_in(known, frame)

    def _take_in(self, conversation: Conversation, frame: frames.OfConversation) -> None:
        since, before, is_broken = conversation.since, conversation.position, False
        for event in conversation.hear(frame):
            if isinstance(event, Breach):
                is_broken = True
                self._on_breach(event)
                continue
            self._events.tell(event)
            if isinstance(event, NewMessage) and since is not None:
                # Of many that come at once, those that were taken are not new again.
                self._events.reach(conversation.id, Position(since, event.message.seq))
        if conversation.position != before:
            self._events.reach(conversation.id, conversation.position)
        if is_broken:
            conversation.pause()
            self._link.start(self._mend(conversation))

    def _conversation(self, conversation_id: str) -> Conversation:
        if conversation_id not in self.conversations:
            self.conversations[conversation_id] = Conversation(self, conversation_id)
        return self.conversations[conversation_id]

    def _remove(self, conversation_id: str, reason: str) -> None:
        self._looked_at.discard(conversation_id)
        conversation = self.conversations.pop(conversation_id, None)
        if conversation is not None:
            conversation.pause()
            self._events.drop(conversation_id)
            self._events.tell(Removed(conversation, reason))

    def _forget(self) -> None:
        for conversation in self.conversations.values():
            conversation.forget()
        self._events.epoch = None
        self._events.tell(EpochBegun())

    async def _mend(self, conversation: Conversation) -> None:
        """Begin a conversation anew from the last revision that was heard in order."""
        with suppress(SnappioError):
            await self.request({"type": "unsubscribe", "conversation": conversation.id})
            await self.request(_subscription(conversation))

    async def _look_again(self, conversation: Conversation) -> None:
        try:
            await self.request(_subscription(conversation))
        except Refused:
            self._remove(conversation.id, "gone")


def _subscription(conversation: Conversation) -> dict[str, Any]:
    command: dict[str, Any] = {"type": "subscribe", "conversation": conversation.id}
    if conversation.since is not None:
        command["since"] = conversation.since
    return command


def _log_breach(breach: Breach) -> None:
    logger.warning("conversation %s: %s", breach.conversation.id, breach.reason)
