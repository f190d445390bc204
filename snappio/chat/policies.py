"""Who may say what, asked inside the transaction that stores it."""

from collections.abc import Collection

from django.conf import settings

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.chat.errors import GuestsNotWelcome, NobodyToTalkTo, NotYourMessage
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Message


def require_can_write(
    key: ConversationKey, *, sender_id: int | None, active_members: Collection[int]
) -> None:
    """Raise unless the sender may write there; ``active_members`` are those who still exist."""
    if key.kind == keys.PRIVATE:
        is_party = sender_id in key.member_ids
        if not is_party or any(member not in active_members for member in key.member_ids):
            raise NobodyToTalkTo
    elif sender_id is None:
        require_guests_welcome()


def require_guests_welcome() -> None:
    """Raise unless this instance lets guests into open rooms."""
    if not settings.GUEST_ROOMS:
        raise GuestsNotWelcome


def require_is_sender(member: User, message: Message) -> None:
    """Raise unless the message is the member's own."""
    if message.sender_id != member.pk:
        raise NotYourMessage
