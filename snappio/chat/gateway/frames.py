"""Chat's frames on `/ws/`: what members may ask, and what they are told.

A message is written as over HTTP (`chat.serializers`), once for all who hear of it, and
put into frames as it is.
"""

from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from snappio.chat.updates import Change, ConversationState
from snappio.core.limits import current_limits
from snappio.realtime.gateway.frames import Number, Outgoing, Request, Result, time_text
from snappio.realtime.presence.states import PresenceState

Conversation = Annotated[
    str, Meta(min_length=1, max_length=20, description="The conversation's opaque id.")
]
Seq = Annotated[Number, Meta(description="The message's number in its conversation.")]
# NUL is no text: PostgreSQL cannot keep it.
Text = Annotated[str, Meta(max_length=current_limits().message_length, pattern=r"^[^\x00]*\Z")]
ClientId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[!-~]*\Z",
        description="Your name for the message: sent again, it is the same message.",
    ),
]
Emoji = Annotated[str, Meta(min_length=1, max_length=32)]
Username = Annotated[str, Meta(min_length=1, max_length=50)]
# Written as over HTTP, and described there.
Usernames = Annotated[list[Username], Meta(max_length=current_limits().watched_members)]
Seen = Literal["online", "away", "offline", "unknown"]
Message = Annotated[Raw, Meta(extra_json_schema={"$ref": "#/components/schemas/Message"})]
Details = Annotated[
    Raw | None,
    Meta(
        description="The conversation, as over HTTP; null if it is unchanged.",
        # msgspec adds an `anyOf` of its own, which says nothing more.
        extra_json_schema={
            "oneOf": [{"$ref": "#/components/schemas/Conversation"}, {"type": "null"}]
        },
    ),
]
Revision = Annotated[int, Meta(description="The conversation's revision after the change.")]


class Send(Request, tag="send"):
    """Send a message."""

    conversation: Conversation
    client_id: ClientId
    text: Annotated[Text, Meta(description="May be empty if something is attached.")] = ""
    attachments: Annotated[
        list[Number],
        Meta(
            max_length=current_limits().attachments,
            description="Ids from `POST /api/v1/media/`, in the order in which they are shown.",
        ),
    ] = []
    reply_to: Annotated[Number | None, Meta(description="The `seq` that it answers.")] = None


class Sent(Result):
    """The message is stored."""

    seq: int
    revision: Revision
    sent_at: str
    duplicate: Annotated[bool, Meta(description="It was stored before; this is the first one.")]


class Edit(Request, tag="edit"):
    """Replace the text of your own message."""

    conversation: Conversation
    seq: Seq
    text: Text


class Delete(Request, tag="delete"):
    """Empty your own message; its place stays."""

    conversation: Conversation
    seq: Seq


class React(Request, tag="react"):
    """Put an emoji to a message."""

    conversation: Conversation
    seq: Seq
    emoji: Emoji


class Unreact(Request, tag="unreact"):
    """Take your emoji away."""

    conversation: Conversation
    seq: Seq
    emoji: Emoji


class Pin(Request, tag="pin"):
    """Pin a message to the top."""

    conversation: Conversation
    seq: Seq


class Unpin(Request, tag="unpin"):
    """Take a pin away."""

    conversation: Conversation
    seq: Seq


class Done(Result):
    """The message is changed, or was like that already."""

    revision: Revision


class Typing(Request, tag="typing"):
    """You write, or stopped. Once in three seconds; more is swallowed."""

    conversation: Conversation
    on: bool


class History(Request, tag="history"):
    """Page through older messages; at most one of the places to look from."""

    conversation: Conversation
    before: Number | None = None
    after: Number | None = None
    around: Number | None = None
    first_unread: Annotated[
        bool, Meta(description="Where you left off, with a few messages before it.")
    ] = False
    limit: Annotated[int, Meta(ge=1, le=current_limits().history_page_max)] = (
        current_limits().history_page_default
    )


class Page(Result):
    """Messages in order of `seq`."""

    messages: list[Message]
    first_seq: Annotated[int, Meta(description="The first message there is for you.")]
    last_seq: Annotated[int, Meta(description="The last message there is.")]


class Read(Request, tag="read"):
    """You have read everything up to `seq`."""

    conversation: Conversation
    seq: Seq


class ReadResult(Result):
    """How far you are; it never moves back."""

    read_seq: int
    unread: int


class Delivered(Request, tag="delivered"):
    """Everything up to `seq` has reached this device."""

    conversation: Conversation
    seq: Seq


class DeliveredResult(Result):
    """How far your devices are; it never moves back."""

    delivered_seq: int


class Presence(Request, tag="presence"):
    """Be online or away, and watch whether others are there."""

    state: Annotated[
        Literal["online", "away"] | None, Meta(description="Null changes nothing.")
    ] = None
    watch: Annotated[
        Usernames | None,
        Meta(description="Watch these and nobody else; null changes nothing."),
    ] = None


class Member(Struct, kw_only=True, gc=False):
    """What somebody is seen as; `unknown` is also whom you may not see."""

    username: str
    state: Seen
    last_seen: Annotated[str | None, Meta(description="ISO 8601; null while they are there.")]

    @classmethod
    def of(cls, username: str, seen: PresenceState) -> "Member":
        """Return how a member is seen."""
        return cls(username=username, state=seen.state, last_seen=_last_seen(seen))


class PresenceResult(Result):
    """Whom you have asked to watch, as they are now."""

    members: list[Member]


class Open(Request, tag="open"):
    """Open the private chat with a member."""

    username: Username


class Opened(Result):
    """The same one, whenever it is opened."""

    conversation: str


class Subscribe(Request, tag="subscribe"):
    """Hear of a conversation: an open room, or one that you have unsubscribed."""

    conversation: Conversation
    since: Annotated[Number | None, Meta(description="The last revision that you have of it.")] = (
        None
    )


class Unsubscribe(Request, tag="unsubscribe"):
    """Hear no more of a conversation, on this socket."""

    conversation: Conversation


class Subscribed(Outgoing, tag="subscribed"):
    """From now on you hear of this conversation; here is what you have missed."""

    conversation: str
    revision: Annotated[int, Meta(description="What comes live follows this one.")]
    last_seq: int
    first_seq: int
    read_seq: int
    delivered_seq: int
    unread: int
    complete: Annotated[
        bool, Meta(description="Whether `messages` are all that is new or changed.")
    ]
    messages: list[Message]
    details: Details


class MessageChanged(Outgoing, tag="message"):
    """A message is new or has changed."""

    conversation: str
    message: Message


class State(Struct, kw_only=True, gc=False):
    """A conversation as all its members see it."""

    kind: str
    name: str
    description: str
    visibility: str
    members_count: int
    first_seq: Annotated[int, Meta(description="Retention has removed everything below.")]
    history_for_newcomers: bool
    slow_mode_seconds: int
    retention_seconds: int | None

    @classmethod
    def of(cls, told: ConversationState) -> "State":
        """Return what an update tells of a conversation."""
        return cls(**{name: getattr(told, name) for name in cls.__struct_fields__})


class ConversationChanged(Outgoing, tag="changed"):
    """The conversation itself changed: its name, its rules, its members."""

    conversation: str
    revision: int
    change: Annotated[
        Change, Meta(description="What happened, to whom, by whom; `changed` if that is unknown.")
    ]
    state: State


class Passed(Outgoing, tag="passed"):
    """Something changed that is not yours to see."""

    conversation: str
    revision: int


class Gap(Outgoing, tag="gap"):
    """Changes `after`+1 to `revision` follow as present states."""

    conversation: str
    after: int
    revision: int


class Membership(Outgoing, tag="membership"):
    """Your own place changed, often by another device of yours."""

    conversation: str
    role: str
    muted_until: str | None
    read_seq: int
    delivered_seq: int
    unread: int


class Removed(Outgoing, tag="removed"):
    """You are no longer in the conversation."""

    conversation: str
    reason: Annotated[str, Meta(description="left, removed, banned or deleted.")]


class ReadBy(Outgoing, tag="read"):
    """A member has read everything up to `seq`. May be lost."""

    conversation: str
    username: str
    seq: int


class DeliveredTo(Outgoing, tag="delivered"):
    """Everything up to `seq` has reached a device of a member. May be lost."""

    conversation: str
    username: str
    seq: int


class PresenceChanged(Outgoing, tag="presence"):
    """Somebody whom you watch came, went, or is away. May be lost."""

    username: str
    state: Seen
    last_seen: str | None

    @classmethod
    def of(cls, username: str, seen: PresenceState) -> "PresenceChanged":
        """Return what tells how a member is seen now."""
        return cls(username=username, state=seen.state, last_seen=_last_seen(seen))


class TypingBy(Outgoing, tag="typing"):
    """A member writes; forget it after 6 seconds. May be lost."""

    conversation: str
    username: str
    on: bool


def _last_seen(seen: PresenceState) -> str | None:
    return time_text(seen.last_seen) if seen.last_seen else None
