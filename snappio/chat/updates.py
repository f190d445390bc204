"""What listeners hear of a conversation.

    MessageState    a message that is new or was changed, as it now is

Everything that changes a conversation changes a message of it (a notice tells of
members who come and go), so this is all there is to hear.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from snappio.chat.models import Message
from snappio.realtime.updates import Update


class ReactionState(msgspec.Struct, frozen=True, gc=False):
    """One emoji under a message, and who put it there."""

    emoji: str
    count: int
    # The first hundred.
    usernames: list[str]


class MessageState(msgspec.Struct, frozen=True, gc=False):
    """A message, as every process and every kind of socket can render it."""

    conversation: str
    seq: int
    revision: int
    kind: str
    sender: str | None
    sender_name: str
    sender_kind: str
    client_id: str
    text: str
    # The value as an old socket sent it; empty for messages of newer clients.
    raw: str
    sent_at: datetime
    reply_to: int | None = None
    edited_at: datetime | None = None
    deleted: bool = False
    reactions: list[ReactionState] = []

    @classmethod
    def of(
        cls,
        message: Message,
        *,
        sender: str | None,
        sender_name: str,
        sender_kind: str | None = None,
        reactions: Sequence[ReactionState] = (),
    ) -> "MessageState":
        """Tell of a stored message; the sender's names are given, since rows differ in cost."""
        return cls(
            conversation=str(message.conversation_id),
            seq=message.seq,
            revision=message.revision,
            kind=message.kind,
            sender=sender,
            sender_name=sender_name,
            sender_kind=sender_kind or message.sender_kind,
            client_id=message.client_id,
            text=message.text,
            raw=message.raw,
            sent_at=message.sent_at,
            reply_to=message.reply_to,
            edited_at=message.edited_at,
            deleted=message.deleted_at is not None,
            reactions=list(reactions),
        )

    def to_update(self, topic: str, *, last_seq: int) -> Update:
        """Return the update that carries this on a topic whose last message is ``last_seq``."""
        return Update(topic, self.revision, last_seq, self.seq, _encoder.encode(self))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(MessageState)


def read_update(update: Update) -> MessageState:
    """Return what an update carries."""
    return _decoder.decode(update.body)
