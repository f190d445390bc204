"""Changing what was said: editing, deleting, reacting.

Each change takes the conversation's lock and its next revision, which becomes the
message's; listeners find by it that something changed, and read what it is now.
"""

import re
import unicodedata

from django.db import transaction

from snappio.accounts.entities import entities_of
from snappio.accounts.models import User
from snappio.chat import policies
from snappio.chat.errors import EmptyMessage, NotAnEmoji, TooManyReactions
from snappio.chat.models import Conversation, Reaction
from snappio.chat.services.attachments import drop_attachments
from snappio.chat.services.requests import accept_by_reacting
from snappio.chat.services.targets import locked_target
from snappio.chat.updates import MessageState

# One emoji may be a family of seven code points; keycaps begin with ASCII.
_EMOJI = re.compile(r"[#*0-9]\ufe0f?\u20e3|[^\x00-\xa0]{1,16}")
# Kinds of emoji under one message.
REACTION_KINDS = 20


@transaction.atomic
def edit_message(*, editor: User, conversation: Conversation, seq: int, text: str) -> MessageState:
    """Replace the text of one's own message; the same text is no edit."""
    target = locked_target(member=editor, conversation=conversation, seq=seq)
    message = target.message
    policies.require_is_sender(editor, message)
    target.require_can_write()
    if not text and not message.has_attachments:
        raise EmptyMessage

    if text == message.text and not message.raw:
        return target.state()
    # What an old socket sent is over: its clients would show the old text.
    message.text, message.entities = text, entities_of(text)
    message.raw, message.edited_at = "", target.at
    target.save("text", "entities", "raw", "edited_at")
    return target.tell()


@transaction.atomic
def delete_message(*, remover: User, conversation: Conversation, seq: int) -> MessageState:
    """Empty a message; its place stays, for everybody's order and numbers.

    One's own, or as the owner or a moderator of a group or room anybody's.
    """
    target = locked_target(member=remover, conversation=conversation, seq=seq)
    message = target.message
    policies.require_can_delete(remover, message, target.place)

    message.text, message.entities, message.raw = "", "", ""
    message.deleted_at, message.pinned_at = target.at, None
    message.reactions.all().delete()
    if message.has_attachments:
        drop_attachments([message.pk])
        message.has_attachments = False
    target.save("text", "entities", "raw", "has_attachments", "deleted_at", "pinned_at")
    return target.tell()


@transaction.atomic
def react(*, member: User, conversation: Conversation, seq: int, emoji: str) -> MessageState:
    """Put an emoji to a message; putting it again changes nothing."""
    require_is_emoji(emoji)
    target = locked_target(member=member, conversation=conversation, seq=seq)
    message = target.message
    target.require_can_write()
    kinds = set(message.reactions.values_list("emoji", flat=True).distinct())
    if emoji not in kinds and len(kinds) >= REACTION_KINDS:
        raise TooManyReactions

    _, is_new = Reaction.objects.get_or_create(message=message, user=member, emoji=emoji)
    if not is_new:
        return target.state()
    accept_by_reacting(target.conversation, member)
    target.save()
    return target.tell()


@transaction.atomic
def unreact(*, member: User, conversation: Conversation, seq: int, emoji: str) -> MessageState:
    """Take one's emoji away; taking it again changes nothing."""
    target = locked_target(member=member, conversation=conversation, seq=seq)

    deleted, _ = target.message.reactions.filter(user=member, emoji=emoji).delete()
    if not deleted:
        return target.state()
    target.save()
    return target.tell()


def require_is_emoji(text: str) -> None:
    """Raise `NotAnEmoji` for what is text rather than a sign."""
    is_text = any(unicodedata.category(char)[0] in "LZ" for char in text)
    if is_text or not _EMOJI.fullmatch(text):
        raise NotAnEmoji
