"""Requests that change something: each calls one service, in threads that may wait for locks.

Of one conversation they come one after the other, so that one which is locked takes
one thread at most; too many that wait are told to come back.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakValueDictionary

from snappio.accounts.models import User
from snappio.chat.gateway import frames
from snappio.chat.gateway.subscriptions import Subscriptions
from snappio.chat.models import Conversation
from snappio.chat.queries import get_conversation
from snappio.chat.services import changes, conversations, pins, places
from snappio.chat.updates import MessageState
from snappio.core.errors import Unavailable
from snappio.realtime.database import changed_in_database
from snappio.realtime.gateway.session import Session

# Of one conversation; each waits for a second at most.
WAITING = 32

T = TypeVar("T")

_turns: "WeakValueDictionary[str, asyncio.Lock]" = WeakValueDictionary()
_waiting: Counter[str] = Counter()


async def _in_turn(
    session: Session, conversation_id: str, change: Callable[[User, Conversation], T]
) -> T:
    """Run a change of a conversation that the member may see, when it is its turn."""
    subscriptions = session.part(Subscriptions)

    def run() -> T:
        member = subscriptions.member()
        return change(member, get_conversation(conversation_id, viewer=member))

    if _waiting[conversation_id] >= WAITING:
        raise Unavailable
    turn = _turns.setdefault(conversation_id, asyncio.Lock())
    _waiting[conversation_id] += 1
    try:
        async with turn:
            return await changed_in_database(run)
    finally:
        _waiting[conversation_id] -= 1
        if not _waiting[conversation_id]:
            del _waiting[conversation_id]


async def _done(
    session: Session, conversation_id: str, change: Callable[[User, Conversation], MessageState]
) -> frames.Done:
    state = await _in_turn(session, conversation_id, change)
    return frames.Done(revision=state.revision)


async def edit(session: Session, frame: frames.Edit) -> frames.Done:
    """Replace the text of one's own message."""

    def change(member: User, conversation: Conversation) -> MessageState:
        return changes.edit_message(
            editor=member, conversation=conversation, seq=frame.seq, text=frame.text
        )

    return await _done(session, frame.conversation, change)


async def delete(session: Session, frame: frames.Delete) -> frames.Done:
    """Empty one's own message."""

    def change(member: User, conversation: Conversation) -> MessageState:
        return changes.delete_message(remover=member, conversation=conversation, seq=frame.seq)

    return await _done(session, frame.conversation, change)


async def react(session: Session, frame: frames.React) -> frames.Done:
    """Put an emoji to a message."""

    def change(member: User, conversation: Conversation) -> MessageState:
        return changes.react(
            member=member, conversation=conversation, seq=frame.seq, emoji=frame.emoji
        )

    return await _done(session, frame.conversation, change)


async def unreact(session: Session, frame: frames.Unreact) -> frames.Done:
    """Take it away."""

    def change(member: User, conversation: Conversation) -> MessageState:
        return changes.unreact(
            member=member, conversation=conversation, seq=frame.seq, emoji=frame.emoji
        )

    return await _done(session, frame.conversation, change)


async def pin(session: Session, frame: frames.Pin) -> frames.Done:
    """Pin a message."""

    def change(member: User, conversation: Conversation) -> MessageState:
        return pins.pin_message(member=member, conversation=conversation, seq=frame.seq)

    return await _done(session, frame.conversation, change)


async def unpin(session: Session, frame: frames.Unpin) -> frames.Done:
    """Take a pin away."""

    def change(member: User, conversation: Conversation) -> MessageState:
        return pins.unpin_message(member=member, conversation=conversation, seq=frame.seq)

    return await _done(session, frame.conversation, change)


async def read(session: Session, frame: frames.Read) -> frames.ReadResult:
    """Remember how far the member has read."""

    def change(member: User, conversation: Conversation) -> frames.ReadResult:
        progress = places.mark_read(conversation=conversation, reader=member, seq=frame.seq)
        return frames.ReadResult(read_seq=progress.read_seq, unread=progress.unread)

    return await _in_turn(session, frame.conversation, change)


async def delivered(session: Session, frame: frames.Delivered) -> frames.DeliveredResult:
    """Remember how far the member's devices have received."""

    def change(member: User, conversation: Conversation) -> frames.DeliveredResult:
        progress = places.mark_delivered(conversation=conversation, receiver=member, seq=frame.seq)
        return frames.DeliveredResult(delivered_seq=progress.delivered_seq)

    return await _in_turn(session, frame.conversation, change)


async def open_chat(session: Session, frame: frames.Open) -> frames.Opened:
    """Open the private chat with a member; it is subscribed before the answer."""
    subscriptions = session.part(Subscriptions)

    def run() -> str:
        opener = subscriptions.member()
        return str(conversations.open_private_chat(opener=opener, username=frame.username).pk)

    conversation_id = await changed_in_database(run)
    # What is said there next is to be heard here.
    await subscriptions.subscribe(conversation_id, None)
    return frames.Opened(conversation=conversation_id)
