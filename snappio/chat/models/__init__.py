"""What chat keeps: conversations, who is in them, and what was said."""

from snappio.chat.models.conversations import Conversation, Visibility
from snappio.chat.models.messages import Attachment, Message, Reaction, ScheduledMessage
from snappio.chat.models.people import (
    FOR_EVER,
    Ban,
    ChatSettings,
    Inbox,
    Invite,
    Participant,
    Role,
)

__all__ = [
    "FOR_EVER",
    "Attachment",
    "Ban",
    "ChatSettings",
    "Conversation",
    "Inbox",
    "Invite",
    "Message",
    "Participant",
    "Reaction",
    "Role",
    "ScheduledMessage",
    "Visibility",
]
