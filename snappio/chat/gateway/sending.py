"""Saying something: `send`, and that one is about to, `typing`."""

import time
from functools import partial

from django.conf import settings

from snappio.chat.errors import ConversationNotFound
from snappio.chat.gateway import frames
from snappio.chat.gateway.subscriptions import Subscriptions
from snappio.chat.keys import ConversationKey, key_of_topic
from snappio.chat.lanes import message_rates, queue_message
from snappio.chat.queries import get_conversation
from snappio.chat.services.drafts import Draft
from snappio.chat.services.messages import Outcome
from snappio.chat.services.typing import tell_typing
from snappio.core.errors import DomainError, TooMany
from snappio.core.limits import current_limits
from snappio.realtime.database import in_database
from snappio.realtime.gateway.frames import time_text
from snappio.realtime.gateway.registry import Answer
from snappio.realtime.gateway.session import Session


async def send(session: Session, frame: frames.Send, answer: Answer) -> None:
    """Queue a message; the answer comes when it is committed."""
    key = await _key_of(session, frame.conversation)
    _take_allowance(session, key)
    draft = Draft(
        key=key,
        sender_id=session.user_id,
        session_id=session.identity.session_id,
        client_id=frame.client_id,
        text=frame.text,
        attachments=tuple(frame.attachments),
        reply_to=frame.reply_to,
    )
    await queue_message(draft, partial(_tell_sender, answer))


def _tell_sender(answer: Answer, outcome: Outcome) -> None:
    if isinstance(outcome, DomainError):
        answer(outcome)
        return
    answer(
        frames.Sent(
            seq=outcome.message.seq,
            revision=outcome.message.revision,
            sent_at=time_text(outcome.message.sent_at),
            duplicate=outcome.is_duplicate,
        )
    )


async def _key_of(session: Session, conversation_id: str) -> ConversationKey:
    subscriptions = session.part(Subscriptions)
    if subscription := subscriptions.of(conversation_id):
        return ConversationKey.parse(key_of_topic(subscription.topic))
    # Whether the member may write there is asked under the lock; what they may not
    # even see must not be found here.
    found = await in_database(
        lambda: get_conversation(conversation_id, viewer=subscriptions.member())
    )
    return ConversationKey.parse(found.key)


def _take_allowance(session: Session, key: ConversationKey) -> None:
    if not settings.RATE_LIMITS:
        return
    limits = current_limits()
    for subject, rate in (
        (f"member:{session.user_id}", limits.messages_member),
        (str(key), limits.messages_conversation),
    ):
        if wait := message_rates.wait(subject, rate):
            raise TooMany(retry_after=wait)


async def typing(session: Session, frame: frames.Typing) -> None:
    """Tell those who listen, unless it was told a moment ago."""
    subscriptions = session.part(Subscriptions)
    if subscriptions.of(frame.conversation) is None:
        raise ConversationNotFound
    if subscriptions.typed(frame.conversation, on=frame.on, at=time.monotonic()):
        await in_database(_tell_typing, subscriptions, frame)


def _tell_typing(subscriptions: Subscriptions, frame: frames.Typing) -> None:
    tell_typing(typist=subscriptions.member(), conversation_id=frame.conversation, on=frame.on)
