"""Changing what was said: editing, deleting, reacting.

Each change takes the conversation's lock and its next revision, which becomes the
message's; listeners find by it that something changed, and read what it is now.
"""

import re
import unicodedata

from django.db import transaction

from snappio.accounts.models import User
from snappio.chat import policies
from snappio.chat.errors import MessageNotFound, NotAnEmoji, TooManyReactions
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message, Reaction
from snappio.chat.queries import get_message
from snappio.chat.updates import MessageState
from snappio.core.clock import now
from snappio.realtime.publishing import publish_on_commit

# One emoji may be a family of seven code points; keycaps begin with ASCII.
_EMOJI = re.compile(r"[#*0-9]\ufe0f?\u20e3|[^\x00-\xa0]{1,16}")
# Kinds of emoji under one message.
REACTION_KINDS = 20


@transaction.atomic
def edit_message(*, editor: User, conversation: Conversation, seq: int, text: str) -> MessageState:
    """Replace the text of one's own message; the same text is no edit."""
    place, message = _locked(conversation, seq)
    policies.require_is_sender(editor, message)
    _require_can_write(editor, place)

    if text != message.text or message.raw:
        # What an old socket sent is over: its clients would show the old text.
        message.text, message.raw, message.edited_at = text, "", now()
        _save(message, place, "text", "raw", "edited_at")
        return _tell(message, place)
    return get_message(place, seq)


@transaction.atomic
def delete_message(*, remover: User, conversation: Conversation, seq: int) -> None:
    """Empty one's own message; its place stays, for everybody's order and numbers."""
    place, message = _locked(conversation, seq)
    policies.require_is_sender(remover, message)

    message.text, message.raw, message.deleted_at = "", "", now()
    message.reactions.all().delete()
    _save(message, place, "text", "raw", "deleted_at")
    _tell(message, place)


@transaction.atomic
def react(*, member: User, conversation: Conversation, seq: int, emoji: str) -> None:
    """Put an emoji to a message; putting it again changes nothing."""
    require_is_emoji(emoji)
    place, message = _locked(conversation, seq)
    _require_can_write(member, place)
    kinds = set(message.reactions.values_list("emoji", flat=True).distinct())
    if emoji not in kinds and len(kinds) >= REACTION_KINDS:
        raise TooManyReactions

    _, is_new = Reaction.objects.get_or_create(message=message, user=member, emoji=emoji)
    if is_new:
        _save(message, place)
        _tell(message, place)


@transaction.atomic
def unreact(*, member: User, conversation: Conversation, seq: int, emoji: str) -> None:
    """Take one's emoji away; taking it again changes nothing."""
    place, message = _locked(conversation, seq)

    deleted, _ = message.reactions.filter(user=member, emoji=emoji).delete()
    if deleted:
        _save(message, place)
        _tell(message, place)


def require_is_emoji(text: str) -> None:
    """Raise `NotAnEmoji` for what is text rather than a sign."""
    is_text = any(unicodedata.category(char)[0] in "LZ" for char in text)
    if is_text or not _EMOJI.fullmatch(text):
        raise NotAnEmoji


def _locked(conversation: Conversation, seq: int) -> tuple[Conversation, Message]:
    place = Conversation.objects.select_for_update().get(pk=conversation.pk)
    message = Message.objects.filter(
        conversation=place, seq=seq, deleted_at=None, kind=Message.Kind.MESSAGE
    ).first()
    if message is None:
        raise MessageNotFound
    return place, message


def _require_can_write(member: User, place: Conversation) -> None:
    key = ConversationKey.parse(place.key)
    active = User.objects.active().filter(pk__in=[member.pk, *key.member_ids])
    policies.require_can_write(
        key, sender_id=member.pk, active_members=set(active.values_list("pk", flat=True))
    )


def _save(message: Message, place: Conversation, *changed: str) -> None:
    place.revision += 1
    place.save(update_fields=["revision"])
    message.revision = place.revision
    message.save(update_fields=["revision", *changed])


def _tell(message: Message, place: Conversation) -> MessageState:
    state = get_message(place, message.seq)
    topic = ConversationKey.parse(place.key).topic
    publish_on_commit([state.to_update(topic, last_seq=place.last_seq).to_hint()])
    return state
