"""What listeners hear of a conversation.

    MessageState         a message that is new or was changed, as it now is
    ConversationState    the conversation itself was changed: its name, rules, members
    Marker               how far somebody has read or received; told once, and not kept
    Typing               somebody writes; told once, and not kept
    Parting              a member hears no more here, because of a block; told once

And on a member's own topic (`keys.inbox_topic`):

    InboxChange          the member came into a conversation, or out of it, or their
                         place in it changed
    Switches             the member's private switches, after one was turned
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from snappio.chat.models import Conversation, Message
from snappio.realtime.updates import EPHEMERAL, Update


class ReactionState(msgspec.Struct, frozen=True, gc=False):
    """One emoji under a message, and who put it there."""

    emoji: str
    count: int
    # The first hundred.
    usernames: list[str]


class AttachmentState(msgspec.Struct, frozen=True, gc=False):
    """An upload that a message shows; sizes are None for what is no image."""

    id: int
    kind: str
    name: str
    content_type: str
    bytes: int
    url: str
    width: int | None
    height: int | None
    blurhash: str | None
    alt: str


class NoticeState(msgspec.Struct, frozen=True, gc=False):
    """What the server tells in a notice, for clients that word it themselves."""

    event: str
    # To whom it happened, and who did it; None if gone.
    username: str | None
    by: str | None


class MessageState(msgspec.Struct, frozen=True, gc=False, tag="message"):
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
    pinned: bool = False
    # `[{"type", "start", "end", "value"}]` as JSON text; empty is none.
    entities: str = ""
    attachments: list[AttachmentState] = []
    reactions: list[ReactionState] = []
    notice: NoticeState | None = None

    @classmethod
    def of(
        cls,
        message: Message,
        *,
        sender: str | None,
        sender_name: str,
        sender_kind: str | None = None,
        reactions: Sequence[ReactionState] = (),
        attachments: Sequence[AttachmentState] = (),
        notice: NoticeState | None = None,
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
            pinned=message.pinned_at is not None,
            entities=message.entities,
            attachments=list(attachments),
            reactions=list(reactions),
            notice=notice,
        )

    def to_update(self, topic: str, *, last_seq: int) -> Update:
        """Return the update that carries this on a topic whose last message is ``last_seq``."""
        return Update(topic, self.revision, last_seq, self.seq, _encoder.encode(self))


class Change(msgspec.Struct, frozen=True, gc=False):
    """What happened to a conversation, to whom (None: to nobody), and by whom."""

    event: str
    username: str | None = None
    by: str | None = None


# What a listener is told that missed it: present states do not say what happened.
UNKNOWN_CHANGE = Change("changed")


class ConversationState(msgspec.Struct, frozen=True, gc=False, tag="conversation"):
    """A conversation as all its members see it, after a change."""

    conversation: str
    revision: int
    change: Change
    kind: str
    name: str
    description: str
    visibility: str
    members_count: int
    first_seq: int
    history_for_newcomers: bool
    slow_mode_seconds: int
    retention_seconds: int | None

    @classmethod
    def of(cls, conversation: Conversation, change: Change) -> "ConversationState":
        """Tell of a conversation that is saved."""
        return cls(
            conversation=str(conversation.pk),
            revision=conversation.details_revision,
            change=change,
            kind=conversation.kind,
            name=conversation.name,
            description=conversation.description,
            visibility=conversation.visibility,
            members_count=conversation.members_count,
            first_seq=conversation.first_seq,
            history_for_newcomers=conversation.history_for_newcomers,
            slow_mode_seconds=conversation.slow_mode_seconds,
            retention_seconds=conversation.retention_seconds,
        )

    def to_update(self, topic: str, *, last_seq: int, leaver: int = 0) -> Update:
        """Return the update that carries this; after it, ``leaver`` hears no more."""
        body = _encoder.encode(self)
        return Update(topic, self.revision, last_seq, 0, body, leaver)


class Marker(msgspec.Struct, frozen=True, gc=False, tag="marker"):
    """A member has read, or only received, everything up to ``seq``."""

    conversation: str
    username: str
    seq: int
    is_read: bool

    def to_update(self, topic: str) -> Update:
        """Return the update that carries this."""
        return Update(topic, EPHEMERAL, 0, 0, _encoder.encode(self))


class Typing(msgspec.Struct, frozen=True, gc=False, tag="typing"):
    """A member begins or stops writing."""

    conversation: str
    username: str
    on: bool

    def to_update(self, topic: str) -> Update:
        """Return the update that carries this."""
        return Update(topic, EPHEMERAL, 0, 0, _encoder.encode(self))


class Parting(msgspec.Struct, frozen=True, gc=False, tag="parting"):
    """The two of a private chat are parted by a block; no client is told of it.

    If it is lost, a socket stays open on which nothing can be said.
    """

    conversation: str

    def to_update(self, topic: str, *, leaver: int) -> Update:
        """Return the update after which ``leaver`` hears no more."""
        return Update(topic, EPHEMERAL, 0, 0, _encoder.encode(self), leaver)


class InboxChange(msgspec.Struct, frozen=True, gc=False, tag="inbox"):
    """The member's own place: ``event`` is added, changed or removed."""

    conversation: str
    event: str
    # Why it was removed: left, removed, banned, deleted.
    reason: str = ""

    def to_update(self, topic: str, revision: int) -> Update:
        """Return the update that carries this on the member's own topic."""
        return Update(topic, revision, 0, 0, _encoder.encode(self))


class Switches(msgspec.Struct, frozen=True, gc=False, tag="switches"):
    """A member's private switches (`models.ChatSettings`), as they are now.

    Nothing is published for who has switched it off. Sockets keep it the other way
    round: whose `receipts` or `typing` is off is not told of others', and whose
    `presence` is off watches nobody.
    """

    receipts: bool = True
    typing: bool = True
    presence: bool = True
    requests: bool = True

    def to_update(self, topic: str, revision: int) -> Update:
        """Return the update that carries this on the member's own topic."""
        return Update(topic, revision, 0, 0, _encoder.encode(self))


Told = MessageState | ConversationState | Marker | Typing | Parting | InboxChange | Switches

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)


def read_update(update: Update) -> Told:
    """Return what an update carries."""
    return _decoder.decode(update.body)
