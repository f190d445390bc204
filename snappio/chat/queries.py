"""What one reads of conversations."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, F, Q, QuerySet

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.chat.errors import ConversationNotFound, MessageNotFound, NobodyToTalkTo
from snappio.chat.keys import ConversationKey, key_of_topic
from snappio.chat.models import Conversation, Message, Participant, Reaction
from snappio.chat.updates import MessageState, ReactionState
from snappio.core.pagination import LARGEST_ID, Page, decode_numbers, encode_cursor
from snappio.realtime.updates import Missed, Position

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# How the sender of a message is called whose account is gone.
DELETED = "deleted"
# Of a reaction that thousands share, so many are named.
REACTION_NAMES = 100


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A conversation as its member sees it in the list."""

    conversation: Conversation
    members_count: int
    read_seq: int
    # The other member of a private chat; None in rooms.
    partner: User | None
    # None before the first.
    last_message: MessageState | None

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
    """Return the member's conversations, the latest message first. Five queries."""
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
    found = Message.objects.filter(conversation__in=ids, seq=F("conversation__last_seq"))
    last = {int(state.conversation): state for state in states_of(found)}
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
            last_message=last.get(conversation.pk),
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
) -> Sequence[MessageState]:
    """Return up to ``limit`` messages in order of ``seq``. Two queries.

    The oldest ones after ``after``; otherwise the newest, below ``before`` if given.
    """
    messages = Message.objects.filter(conversation=conversation)
    if after is not None:
        return states_of(messages.filter(seq__gt=after).order_by("seq")[:limit])
    if before is not None:
        messages = messages.filter(seq__lt=before)
    return states_of(messages.order_by("-seq")[:limit])[::-1]


def get_message(conversation: Conversation, seq: int) -> MessageState:
    """Return one message, or raise `MessageNotFound`."""
    found = states_of(Message.objects.filter(conversation=conversation, seq=seq))
    if not found:
        raise MessageNotFound
    return found[0]


def states_of(messages: QuerySet[Message]) -> list[MessageState]:
    """Return messages, in their order, in the form that is told. Two queries."""
    rows = list(messages.select_related("sender"))
    reactions = _reactions_to([row.pk for row in rows])
    return [_state_of(row, reactions.get(row.pk, ())) for row in rows]


def _state_of(message: Message, reactions: Sequence[ReactionState]) -> MessageState:
    sender = message.sender
    if sender is None or sender.deleted_at is None:
        return MessageState.of(
            message,
            sender=sender.username if sender else None,
            sender_name=sender.name if sender else "",
            reactions=reactions,
        )
    return MessageState.of(
        message, sender=None, sender_name="", sender_kind=DELETED, reactions=reactions
    )


def _reactions_to(message_ids: Sequence[int]) -> Mapping[int, Sequence[ReactionState]]:
    given: defaultdict[int, dict[str, list[str]]] = defaultdict(dict)
    rows = Reaction.objects.filter(message__in=message_ids, user__is_active=True).order_by("pk")
    for message_id, emoji, username in rows.values_list("message", "emoji", "user__username"):
        given[message_id].setdefault(emoji, []).append(username)
    return {
        message_id: [
            ReactionState(emoji, len(usernames), usernames[:REACTION_NAMES])
            for emoji, usernames in by_emoji.items()
        ]
        for message_id, by_emoji in given.items()
    }


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
        # the reads is left for the next time, not skipped.
        messages = Message.objects.filter(conversation=conversation)
        fresh = states_of(
            messages.filter(seq__gt=after.seq, seq__lte=conversation.last_seq).order_by("seq")[
                :limit
            ]
        )
        room = limit - len(fresh)
        if not room:
            revision = _revision_after(after.revision, fresh)
            return _missed(topic, fresh, Position(revision, fresh[-1].seq))
        changed = states_of(
            messages.filter(
                seq__lte=after.seq,
                revision__gt=after.revision,
                revision__lte=conversation.revision,
            ).order_by("revision")[:room]
        )
        is_all = len(changed) < room
        revision = conversation.revision if is_all else changed[-1].revision
        return _missed(topic, [*fresh, *changed], Position(revision, conversation.last_seq))


def _revision_after(revision: int, states: Sequence[MessageState]) -> int:
    # As far as nothing but these was changed. Behind the first message that was
    # edited since, changes of others may lie: those are read, and told again, when
    # all that is new has been told.
    for state in states:
        if state.revision != revision + 1:
            break
        revision += 1
    return revision


def _missed(topic: str, states: Sequence[MessageState], reached: Position) -> Missed:
    return Missed([state.to_update(topic, last_seq=reached.seq) for state in states], reached)
