"""Telling that somebody writes: told while it is true, and kept nowhere."""

from snappio.accounts.models import User
from snappio.chat import policies
from snappio.chat.errors import ConversationNotFound
from snappio.chat.keys import ConversationKey
from snappio.chat.queries import get_conversation, switches_of
from snappio.chat.services.partings import is_parted
from snappio.chat.updates import Typing
from snappio.core.clock import now
from snappio.realtime.publishing import publish_on_commit


def tell_typing(*, typist: User, conversation_id: str, on: bool) -> None:
    """Tell the others in a conversation that the member begins or stops writing.

    It is told to nobody where the member's switch is off or the conversation is not told
    (`policies.tells_typing`), and across a block. Raises `ConversationNotFound` and `Silenced`.
    """
    conversation = get_conversation(conversation_id, viewer=typist)
    place = conversation.participants.filter(user=typist).first()
    if place is None and not conversation.is_open:
        raise ConversationNotFound
    if place is None or not policies.tells_typing(conversation, place, at=now()):
        return
    if is_parted(conversation):
        return
    if switches_of(typist).typing:
        typing = Typing(str(conversation.pk), typist.username, on)
        topic = ConversationKey.parse(conversation.key).topic
        publish_on_commit([typing.to_update(topic).to_hint()])
