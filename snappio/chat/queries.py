"""What one reads of conversations."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, F, Q

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.chat.errors import ConversationNotFound, NobodyToTalkTo
from snappio.chat.keys import ConversationKey, key_of_topic
from snappio.chat.models import Conversation, Message, Participant
from snappio.chat.updates import MessagePosted
from snappio.core.pagination import LARGEST_ID, Page, decode_numbers, encode_cursor
from snappio.realtime.updates import Missed, Position

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# How the sender of a message is called whose account is gone.
DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A conversation as its member sees it in the list."""

    conversation: Conversation
    members_count: int
    read_seq: int
    # The other member of a private chat; None in rooms.
    partner: User | None
    # None before the first.
    last_message: MessagePosted | None

    @property
    def unread(self) -> int:
        """How many messages came after what the member has read."""
        return self.conversation.last_seq - self.read_seq


def partner_named(username: str) -> User:
    """Return the active member whom one may address by this name, or raise `NobodyToTalkTo`."""
    # PostgreSQL takes no NUL, not even to look for it.
    found = User.objects.none() if "\0" in username else User.objects.active().named(username)
    partner: User | None = found.first()
    if partner is None:
        raise NobodyToTalkTo
    return partner


def get_conversation(conversation_id: str, *, viewer: User) -> Conversation:
    """Return a conversation that the viewer may read, or raise `ConversationNotFound`."""
    is_number = conversation_id.isascii() and conversation_id.isdecimal()
    if not is_number or len(conversation_id) > len(str(LARGEST_ID)):
        raise ConversationNotFound
    found = Conversation.objects.visible_to(viewer).filter(pk=int(conversation_id)).first()
    if found is None:
        raise ConversationNotFound
    return found


def conversation_with_key(key: ConversationKey) -> Conversation | None:
    """Return the conversation that a key names, or None before its first message."""
    return Conversation.objects.filter(key=str(key)).first()


def inbox_of(member: User, *, cursor: str | None, limit: int) -> Page[InboxEntry]:
    """Return the member's conversations, the latest message first. Four queries."""
    # Opened and never written in, it would only be noise to the other.
    conversations = (
        Conversation.objects.of(member).filter(last_seq__gt=0).order_by("-last_message_at", "-pk")
    )
    if cursor:
        microseconds, pk = decode_numbers(cursor, count=2)
        at = _time_of(microseconds)
        conversations = conversations.filter(
            Q(last_message_at__lt=at) | Q(last_message_at=at, pk__lt=pk)
        )
    rows = list(conversations[: limit + 1])
    shown = rows[:limit]
    next_cursor = _cursor_of(shown[-1]) if len(rows) > limit else None
    return Page(_entries(shown, member), next_cursor)


def entry_of(conversation: Conversation, *, member: User) -> InboxEntry:
    """Return one conversation as it stands in its member's list."""
    return _entries([conversation], member)[0]


def _entries(conversations: Sequence[Conversation], member: User) -> Sequence[InboxEntry]:
    ids = [conversation.pk for conversation in conversations]
    last = {
        message.conversation_id: message
        for message in Message.objects.filter(
            conversation__in=ids, seq=F("conversation__last_seq")
        ).select_related("sender")
    }
    # All of a private chat's two; of a room, which may have thousands, only oneself.
    participants = Participant.objects.filter(
        Q(conversation__in=ids, user=member)
        | Q(conversation__in=[row.pk for row in conversations if row.kind == keys.PRIVATE])
    ).select_related("user")
    mine, partners = {}, {}
    for row in participants:
        if row.user_id == member.pk:
            mine[row.conversation_id] = row.read_seq
        else:
            partners[row.conversation_id] = row.user
    counts = dict(
        Participant.objects.filter(conversation__in=ids)
        .values_list("conversation")
        .annotate(Count("pk"))
        .order_by()
    )
    return [
        InboxEntry(
            conversation,
            members_count=counts.get(conversation.pk, 0),
            read_seq=mine.get(conversation.pk, 0),
            partner=partners.get(conversation.pk),
            last_message=(posted(last[conversation.pk]) if conversation.pk in last else None),
        )
        for conversation in conversations
    ]


def _cursor_of(conversation: Conversation) -> str:
    return encode_cursor((conversation.last_message_at - EPOCH) // MICROSECOND, conversation.pk)


def _time_of(microseconds: int) -> datetime:
    try:
        return EPOCH + microseconds * MICROSECOND
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def history_of(
    conversation: Conversation, *, before: int | None, after: int | None, limit: int
) -> Sequence[MessagePosted]:
    """Return up to ``limit`` messages in order of ``seq``.

    The oldest ones after ``after``; otherwise the newest, below ``before`` if given.
    """
    messages = Message.objects.filter(conversation=conversation).select_related("sender")
    if after is not None:
        return [posted(row) for row in messages.filter(seq__gt=after).order_by("seq")[:limit]]
    if before is not None:
        messages = messages.filter(seq__lt=before)
    newest = list(messages.order_by("-seq")[:limit])
    return [posted(row) for row in reversed(newest)]


def posted(message: Message) -> MessagePosted:
    """Return a message in the form that is told; its sender must be loaded."""
    sender = message.sender
    if sender is None or sender.deleted_at is None:
        return MessagePosted.of(
            message,
            sender=sender.username if sender else None,
            sender_name=sender.name if sender else "",
        )
    return MessagePosted.of(message, sender=None, sender_name="", sender_kind=DELETED)


class ChatSource:
    """Where the live streams read what they missed (`realtime.updates.Source`)."""

    def positions(self, topics: Collection[str]) -> Mapping[str, Position]:
        """Return the positions of those conversations that exist."""
        by_key = {key_of_topic(topic): topic for topic in topics}
        rows = Conversation.objects.filter(key__in=by_key).values_list(
            "key", "revision", "last_seq"
        )
        return {by_key[key]: Position(revision, seq) for key, revision, seq in rows}

    def missed(self, topic: str, after: Position, limit: int) -> Missed:
        """Return the messages that are new or changed since, in their present state."""
        conversation = Conversation.objects.filter(key=key_of_topic(topic)).first()
        if conversation is None:
            return Missed([], after)
        # The position first, then the rows up to it: what is committed between
        # the two reads is left for the next time, not skipped.
        rows = list(
            Message.objects.filter(
                conversation=conversation,
                revision__gt=after.revision,
                revision__lte=conversation.revision,
            )
            .select_related("sender")
            .order_by("revision")[:limit]
        )
        updates = [posted(row).to_update(topic) for row in rows]
        if len(rows) == limit:
            return Missed(updates, Position(updates[-1].revision, updates[-1].seq))
        return Missed(updates, Position(conversation.revision, conversation.last_seq))
