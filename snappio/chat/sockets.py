"""The two sockets that existing clients open.

    /ws/user/{username}/    private chat with that member
    /ws/rooms/{id}/         an open room by its name, one with members by its id

They know one kind of frame (`chat.frames`) and standard close codes. There is no
acknowledgement but the echo, which therefore comes after the commit.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, WebSocketScope
from django.conf import settings

from snappio.accounts.services.sessions import Proof, prove
from snappio.chat import policies
from snappio.chat.frames import ENCODER, BadFrame, read_frame, text_of, write_frame
from snappio.chat.keys import SERVER_MADE, ConversationKey
from snappio.chat.lanes import message_rates, queue_message
from snappio.chat.queries import (
    Stretch,
    conversation_with_key,
    history_of,
    partner_for,
    require_may_enter,
)
from snappio.chat.services.drafts import Draft
from snappio.chat.services.messages import Outcome
from snappio.core.clock import now
from snappio.core.errors import DomainError, NotAuthenticated, NotFound, Unavailable
from snappio.core.limits import Rate, current_limits
from snappio.core.rates import MemoryBuckets
from snappio.realtime.connections import (
    POLICY_VIOLATION,
    TRY_AGAIN_LATER,
    Connection,
    Handshake,
    held,
    outbox_of,
    refuse_late,
    require_known_origin,
)
from snappio.realtime.protocol import text_frame
from snappio.realtime.runtime import current_runtime
from snappio.realtime.updates import Position

logger = logging.getLogger(__name__)

BAD_FRAMES = Rate(10, 10, burst=9)
# A sender over the rate is not read for as long as it takes; one who is over it
# for this long without a pause is closed.
FLOOD_SECONDS = 5.0
LARGEST_SEQ = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a good handshake leads to."""

    key: ConversationKey
    # None for guests. The rows themselves would be kept as long as the socket,
    # several KiB for each.
    user_id: int | None = None
    # The session that the socket closes with.
    session_id: UUID | None = None
    expires_at: datetime | None = None

    @classmethod
    def of_member(cls, key: ConversationKey, proof: Proof) -> "Entrance":
        """Return the entrance of a member."""
        return cls(key, proof.session.user_id, proof.session.pk, proof.expires_at)


def enter_private_chat(handshake: Handshake) -> Entrance:
    """Let a member into the chat with the one whom the path names, or raise."""
    if handshake.authorization is None:
        raise NotAuthenticated
    proof = prove(handshake.authorization)
    partner = partner_for(proof.session.user_id, _name_in(handshake, "user"))
    key = ConversationKey.private(proof.session.user_id, partner.pk)
    return Entrance.of_member(key, proof)


def enter_room(handshake: Handshake) -> Entrance:
    """Let a member into a room, or a guest into an open one where guests are welcome."""
    name = _name_in(handshake, "rooms")
    is_by_id = name.startswith(SERVER_MADE)
    key = ConversationKey.closed_room(name) if is_by_id else ConversationKey.open_room(name)
    if handshake.authorization is not None:
        entrance = Entrance.of_member(key, prove(handshake.authorization))
        _require_may_enter(entrance)
        return entrance
    if is_by_id:
        raise NotAuthenticated
    policies.require_guests_welcome()
    return Entrance(key)


def _require_may_enter(entrance: Entrance) -> None:
    if entrance.user_id is not None:
        require_may_enter(entrance.key, entrance.user_id)


def _name_in(handshake: Handshake, place: str) -> str:
    # A slash inside the name is escaped; elsewhere in the path it may not be.
    match handshake.segments:
        case ("ws", found, name) if found == place:
            return name
    raise NotFound


async def private_chat(
    scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Serve `/ws/user/{username}/` (an ASGI application)."""
    await _serve(enter_private_chat, scope, receive, send)


async def open_room(
    scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Serve `/ws/rooms/{id}/` (an ASGI application)."""
    await _serve(enter_room, scope, receive, send)


async def _serve(
    enter: Callable[[Handshake], Entrance],
    scope: WebSocketScope,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
) -> None:
    await receive()
    admission = await _admit(enter, scope, send)
    if admission is None:
        await refuse_late(receive, send)
        return
    entrance, connection, since = admission
    try:
        await _Chat(entrance, connection, receive).run(since)
    finally:
        current_runtime().sockets.remove(connection)


# On its own, so that the handshake is forgotten once it is answered.
async def _admit(
    enter: Callable[[Handshake], Entrance], scope: WebSocketScope, send: ASGISendCallable
) -> tuple[Entrance, Connection, int | None] | None:
    """Count a good handshake's socket; return None for one that is to be refused."""
    runtime = current_runtime()
    try:
        handshake = Handshake.of(scope)
    except DomainError:
        return None
    if runtime.refusals.knows(handshake):
        return None
    try:
        require_known_origin(handshake)
        since = _since(handshake)
        entrance = await held(partial(enter, handshake))
        connection = Connection(
            outbox=outbox_of(scope),
            send=send,
            address=handshake.address,
            user_id=entrance.user_id,
            session_id=entrance.session_id,
        )
        runtime.sockets.add(connection)
    except DomainError as refusal:
        logger.debug("Handshake refused: %s", refusal.code)
        runtime.refusals.remember(handshake)
        return None
    # Guests hear what is said while they are there, and nothing older.
    return entrance, connection, since if entrance.session_id else None


def _since(handshake: Handshake) -> int | None:
    given = parse_qs(handshake.query).get("since", [""])[-1]
    if not given:
        return None
    is_number = given.isascii() and given.isdecimal() and len(given) <= len(str(LARGEST_SEQ))
    if not is_number or int(given) > LARGEST_SEQ:
        raise NotFound
    return int(given)


class _Chat:
    """One open socket, from its acceptance to its end."""

    def __init__(
        self, entrance: Entrance, connection: Connection, receive: ASGIReceiveCallable
    ) -> None:
        self._entrance = entrance
        self._key = entrance.key
        self._connection = connection
        self._receive = receive
        self._flooding_since: float | None = None

    @cached_property
    def _bad_frames(self) -> MemoryBuckets:
        # Made at the first bad frame: few clients ever send one.
        return MemoryBuckets(capacity=1)

    async def run(self, since: int | None) -> None:
        """Accept, catch up if asked to, then carry messages until the socket closes."""
        runtime = current_runtime()
        outbox = self._connection.outbox
        outbox.member_id = self._entrance.user_id
        # Whoever may not listen any more is turned away when they come back.
        outbox.on_dropped = lambda *_: self._connection.close(POLICY_VIOLATION)
        if since is not None:
            outbox.hold()
        topic = self._key.topic
        expiry = None
        try:
            position = await runtime.hub.join(topic, outbox, ENCODER, seen=since or 0)
            # The session may have ended while the handshake was held.
            if self._connection.is_closing:
                return
            await self._accept(position)
            if self._key.has_members and not await self._is_still_in():
                await self._connection.closed(POLICY_VIOLATION)
                return
            expiry = self._close_when_token_expires()
            if since is not None:
                await self._catch_up(since, position)
                outbox.release()
            await self._carry()
        except OSError:
            # The client went away in the middle of a write.
            pass
        finally:
            if expiry is not None:
                expiry.cancel()
            runtime.hub.leave(topic, outbox, ENCODER)

    async def _accept(self, position: Position) -> None:
        await self._connection.send(
            {
                "type": "websocket.accept",
                "subprotocol": None,
                "headers": [(b"x-last-seq", str(position.seq).encode())],
            }
        )

    async def _is_still_in(self) -> bool:
        # Who was put out between the handshake and the joining heard nothing of it.
        try:
            await held(partial(_require_may_enter, self._entrance))
        except NotFound:
            return False
        return True

    async def _catch_up(self, since: int, position: Position) -> None:
        """Send what came after ``since``; what comes meanwhile is held, and follows."""
        outbox = self._connection.outbox
        conversation = await held(partial(conversation_with_key, self._key))
        while conversation is not None and since < position.seq:
            limit = min(current_limits().history_page_max, position.seq - since)
            page = await held(
                partial(
                    history_of,
                    conversation,
                    viewer_id=self._entrance.user_id,
                    stretch=Stretch(after=since),
                    limit=limit,
                )
            )
            for message in page:
                if not message.deleted and not message.notice:
                    await outbox.send_patiently(text_frame(write_frame(message)))
            since = page[-1].seq if page else position.seq

    async def _carry(self) -> None:
        while True:
            event = await self._receive()
            if event["type"] != "websocket.receive":
                return
            try:
                raw = read_frame(event.get("text"))
            except BadFrame:
                if self._errs_too_often():
                    await self._connection.closed(POLICY_VIOLATION)
                    return
                continue
            if not await self._has_allowance():
                await self._connection.closed(POLICY_VIOLATION)
                return
            await queue_message(self._draft(raw), self._told)

    def _draft(self, raw: str) -> Draft:
        return Draft(
            key=self._key,
            sender_id=self._entrance.user_id,
            session_id=self._entrance.session_id,
            client_id=uuid4().hex,
            text=text_of(raw),
            raw=raw,
            is_first_try=True,
        )

    def _told(self, outcome: Outcome) -> None:
        # The echo tells of success. A refused message was not kept, and these
        # clients know no other sign than the end of the socket.
        if isinstance(outcome, Unavailable):
            self._connection.close(TRY_AGAIN_LATER)
        elif isinstance(outcome, DomainError):
            self._connection.close(POLICY_VIOLATION)

    def _errs_too_often(self) -> bool:
        return not _rates_are_off() and bool(self._bad_frames.wait("bad", BAD_FRAMES))

    async def _has_allowance(self) -> bool:
        """Wait for the sender's and the conversation's allowance; False ends a flood."""
        if _rates_are_off():
            return True
        limits = current_limits()
        user_id = self._entrance.user_id
        if user_id is None:
            sender, rate = f"guest:{self._connection.address}", limits.messages_guest
        else:
            sender, rate = f"member:{user_id}", limits.messages_member
        if not await self._has_sender_allowance(sender, rate):
            return False
        # Others may have used it up: that is waited for, and held against nobody.
        conversation = str(self._key)
        shared = limits.messages_conversation
        while wait := message_rates.wait(conversation, shared):  # noqa: ASYNC110
            await asyncio.sleep(wait)
        return True

    async def _has_sender_allowance(self, sender: str, rate: Rate) -> bool:
        clock = asyncio.get_running_loop().time
        if not (wait := message_rates.wait(sender, rate)):
            self._flooding_since = None
            return True
        if self._flooding_since is None:
            self._flooding_since = clock()
        while wait:
            if clock() - self._flooding_since > FLOOD_SECONDS:
                return False
            await asyncio.sleep(wait)
            wait = message_rates.wait(sender, rate)
        return True

    def _close_when_token_expires(self) -> asyncio.TimerHandle | None:
        expires_at = self._entrance.expires_at
        if expires_at is None:
            return None
        seconds = (expires_at - now()).total_seconds()
        loop = asyncio.get_running_loop()
        return loop.call_later(seconds, self._connection.close, POLICY_VIOLATION)


def _rates_are_off() -> bool:
    return not settings.RATE_LIMITS
