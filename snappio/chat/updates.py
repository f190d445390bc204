"""What listeners hear of a conversation.

MessagePosted    a message was stored
"""

from datetime import datetime

import msgspec

from snappio.chat.models import Message
from snappio.realtime.updates import Update


class MessagePosted(msgspec.Struct, frozen=True, gc=False):
    """A message, as every process and every kind of socket can render it."""

    conversation: str
    seq: int
    revision: int
    sender: str | None
    sender_name: str
    sender_kind: str
    client_id: str
    text: str
    # The value as an old socket sent it; empty for messages of newer clients.
    raw: str
    sent_at: datetime

    @classmethod
    def of(
        cls,
        message: Message,
        *,
        sender: str | None,
        sender_name: str,
        sender_kind: str | None = None,
    ) -> "MessagePosted":
        """Tell of a stored message; the sender's names are given, since rows differ in cost."""
        return cls(
            conversation=str(message.conversation_id),
            seq=message.seq,
            revision=message.revision,
            sender=sender,
            sender_name=sender_name,
            sender_kind=sender_kind or message.sender_kind,
            client_id=message.client_id,
            text=message.text,
            raw=message.raw,
            sent_at=message.sent_at,
        )

    def to_update(self, topic: str) -> Update:
        """Return the update that carries this on a topic."""
        return Update(topic, self.revision, self.seq, _encoder.encode(self))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(MessagePosted)


def read_update(update: Update) -> MessagePosted:
    """Return what an update carries."""
    return _decoder.decode(update.body)
