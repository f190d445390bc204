"""Pinning messages to the top of a conversation."""

from django.db import transaction

from snappio.accounts.models import User
from snappio.chat import policies
from snappio.chat.errors import TooManyPins
from snappio.chat.models import Conversation, Message
from snappio.chat.services.targets import Target, locked_target
from snappio.chat.updates import MessageState
from snappio.core.limits import current_limits


@transaction.atomic
def pin_message(*, member: User, conversation: Conversation, seq: int) -> MessageState:
    """Pin a message; pinning it again changes nothing."""
    target = _target(member, conversation, seq)
    if target.message.pinned_at is not None:
        return target.state()
    pinned = Message.objects.filter(conversation=conversation, pinned_at__isnull=False)
    if pinned.count() >= current_limits().pins:
        raise TooManyPins

    target.message.pinned_at = target.at
    target.save("pinned_at")
    return target.tell()


@transaction.atomic
def unpin_message(*, member: User, conversation: Conversation, seq: int) -> MessageState:
    """Take a pin away; taking it again changes nothing."""
    target = _target(member, conversation, seq)
    if target.message.pinned_at is None:
        return target.state()

    target.message.pinned_at = None
    target.save("pinned_at")
    return target.tell()


def _target(member: User, conversation: Conversation, seq: int) -> Target:
    target = locked_target(member=member, conversation=conversation, seq=seq)
    policies.require_can_pin(target.conversation, target.place)
    target.require_can_write()
    return target
