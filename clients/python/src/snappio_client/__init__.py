"""The reference client of Snappio's socket; `README.md` is its page."""

from snappio_client.client import Client
from snappio_client.conversation import Conversation, Sent
from snappio_client.errors import (
    ConnectionLost,
    Displaced,
    Ended,
    HandshakeRefused,
    HelloTooLate,
    ProtocolBroken,
    Refused,
    SessionEnded,
    SnappioError,
    VersionUnknown,
)
from snappio_client.events import (
    Added,
    Breach,
    ChangedMessage,
    Connected,
    ConversationChanged,
    Disconnected,
    EpochBegun,
    Event,
    NewMessage,
    Receipt,
    Removed,
    Skipped,
    Typing,
)
from snappio_client.frames import Message, Presence
from snappio_client.http import Api, Tokens
from snappio_client.store import FileStore, MemoryStore, Position, Store

__all__ = [
    "Added",
    "Api",
    "Breach",
    "ChangedMessage",
    "Client",
    "Connected",
    "ConnectionLost",
    "Conversation",
    "ConversationChanged",
    "Disconnected",
    "Displaced",
    "Ended",
    "EpochBegun",
    "Event",
    "FileStore",
    "HandshakeRefused",
    "HelloTooLate",
    "MemoryStore",
    "Message",
    "NewMessage",
    "Position",
    "Presence",
    "ProtocolBroken",
    "Receipt",
    "Refused",
    "Removed",
    "Sent",
    "SessionEnded",
    "Skipped",
    "SnappioError",
    "Store",
    "Tokens",
    "Typing",
    "VersionUnknown",
]
