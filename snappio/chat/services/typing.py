"""Telling that somebody writes: told while it is true, and kept nowhere."""

from django.conf import settings

from snappio.accounts.models import User
from snappio.chat import policies
from snappio.chat.errors import ConversationNotFound
from snappio.chat.keys import ConversationKey
from snappio.chat.queries import get_conversation, switches_of
from snappio.chat.updates import Typing
from snappio.core.clock import now
from snappio.core.limits import Rate, current_limits
from snappio.core.rates import MemoryBuckets
from snappio.realtime.publishing import publish_on_commit

# Counted in this process: a round trip would cost more than what it spares.
_told = MemoryBuckets()


def tell_typing(*, typist: User, conversation_id: str, on: bool) -> None:
    """Tell the others in a conversation that the member begins or stops writing.

    Said again too soon, it is told to nobody and asks the database nothing. It is also
    told to nobody where the member's switch is off or the conversation is not told
    (`policies.tells_typing`). Raises `ConversationNotFound` and `Silenced`.
    """
    if not _is_due(typist, conversation_id, on=on):
        return
    conversation = get_conversation(conversation_id, viewer=typist)
    place = conversation.participants.filter(user=typist).first()
    if place is None and not conversation.is_open:
        raise ConversationNotFound
    if place is None or not policies.tells_typing(conversation, place, at=now()):
        return
    if switches_of(typist).typing:
        typing = Typing(str(conversation.pk), typist.username, on)
        topic = ConversationKey.parse(conversation.key).topic
        publish_on_commit([typing.to_update(topic).to_hint()])


def _is_due(typist: User, conversation_id: str, *, on: bool) -> bool:
    if not settings.RATE_LIMITS:
        return True
    once = Rate(1, current_limits().typing_interval)
    return not _told.wait(f"{typist.pk}:{conversation_id}:{on}", once)
