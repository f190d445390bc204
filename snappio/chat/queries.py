"""What one reads of conversations."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest

from snappio.accounts.models import User
from snappio.chat import keys, notices
from snappio.chat.errors import ConversationNotFound, MessageNotFound, NobodyToTalkTo
from snappio.chat.keys import ConversationKey
from snappio.chat.models import (
    Attachment,
    Ban,
    ChatSettings,
    Conversation,
    Message,
    Participant,
    Reaction,
    Role,
    ScheduledMessage,
)
from snappio.chat.updates import (
    AttachmentState,
    MessageState,
    NoticeState,
    ReactionState,
    Switches,
)
from snappio.core.clock import now
from snappio.core.limits import current_limits
from snappio.core.pagination import LARGEST_ID, Page, decode_numbers, encode_cursor
from snappio.media.models import Media
from snappio.media.shapes import media_json
from snappio.relationships.conditions import blocked_with

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# How the sender of a message is called whose account is gone.
DELETED = "deleted"
# So many that were read stand above the first unread one, for whoever comes back.
READ_BEFORE = 5
# Of a reaction that thousands share, so many are named.
REACTION_NAMES = 100


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A conversation as its member sees it in the list."""

    conversation: Conversation
    # None for somebody who only looks on in an open room.
    place: Participant | None
    # The other member of a private chat; None in groups and rooms.
    partner: User | None
    # None before the first that the member may see.
    last_message: MessageState | None

    @property
    def read_seq(self) -> int:
        """Up to where the member has read."""
        return self.place.read_seq if self.place else 0

    @property
    def first_seq(self) -> int:
        """The first message that the member may see."""
        return max(self.conversation.first_seq, self.place.first_seq if self.place else 1)

    @property
    def unread(self) -> int:
        """How many messages came after what the member has read."""
        return unread_in(self.conversation, self.place)


class Seat(NamedTuple):
    """A conversation, one who may read it, and that member's place; None as in `InboxEntry`."""

    conversation: Conversation
    member_id: int
    place: Participant | None


@dataclass(frozen=True, slots=True)
class UnreadTotals:
    """How many messages are unread, in how many conversations; muted ones apart."""

    total: int
    conversations: int
    muted_total: int
    muted_conversations: int
    # How many wait to be accepted, read or not.
    requests: int


def unread_in(conversation: Conversation, place: Participant | None) -> int:
    """Return how many messages are there to see that the member has not read."""
    if place is None:
        return conversation.last_seq
    known = max(place.read_seq, place.first_seq - 1, conversation.first_seq - 1)
    return max(0, conversation.last_seq - known)


def partner_named(username: str) -> User:
    """Return the active member whom one may address by this name, or raise `NobodyToTalkTo`."""
    # PostgreSQL takes no NUL, not even to look for it.
    found = User.objects.none() if "\0" in username else User.objects.active().named(username)
    return _require_partner(found)


def partner_for(viewer_id: int, username: str) -> User:
    """Return likewise the one with whom a member may begin a private chat.

    Whoever blocks the member or is blocked by them looks absent, in the same query.
    """
    # PostgreSQL takes no NUL, not even to look for it.
    found = User.objects.none() if "\0" in username else User.objects.active().named(username)
    return _require_partner(found.exclude(blocked_with(viewer_id, "pk")))


def _require_partner(found: QuerySet[User]) -> User:
    partner = found.first()
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


def get_room(room_id: str, *, viewer: User) -> Conversation:
    """Return the room of this id if the viewer may read it, or raise `ConversationNotFound`."""
    return room_among(Conversation.objects.visible_to(viewer), room_id)


def room_among(conversations: QuerySet[Conversation], room_id: str) -> Conversation:
    """Return the room of this id if it is among them, or raise `ConversationNotFound`."""
    # PostgreSQL takes no NUL, not even to look for it.
    rooms = conversations.filter(key=f"{keys.ROOM}:{room_id}")
    found = None if "\0" in room_id else rooms.first()
    if found is None:
        raise ConversationNotFound
    return found


def conversation_with_key(key: ConversationKey) -> Conversation | None:
    """Return the conversation that a key names, or None before its first message."""
    return Conversation.objects.filter(key=str(key)).first()


def switches_of(member: User) -> Switches:
    """Return the member's private switches. One query."""
    return switches_among([member.pk]).get(member.pk, Switches())


def switches_among(member_ids: Collection[int]) -> Mapping[int, Switches]:
    """Return the switches of those members who have ever changed one. One query."""
    names = Switches.__struct_fields__
    rows = ChatSettings.objects.filter(user__in=member_ids).values_list("user", *names)
    return {member_id: Switches(*values) for member_id, *values in rows}


def require_may_enter(key: ConversationKey, member_id: int) -> None:
    """Raise `ConversationNotFound` unless a member may listen and write in a room.

    In an open one that is everybody who is not banned, in others who is in it.
    """
    if "\0" in key.name:
        raise ConversationNotFound
    if key.has_members:
        places = Participant.objects.filter(conversation__key=str(key), user=member_id)
        is_welcome = places.exists()
    else:
        bans = Ban.objects.in_force(at=now())
        is_welcome = not bans.filter(conversation__key=str(key), user=member_id).exists()
    if not is_welcome:
        raise ConversationNotFound


def inbox_of(
    member: User, *, cursor: str | None, limit: int, requests: bool = False
) -> Page[InboxEntry]:
    """Return the member's conversations, the latest message first. Five queries.

    Those that strangers began and the member has not accepted are a list of their own.
    """
    # A private chat opened and never written in would only be noise to the other.
    is_begun = ~Q(kind=keys.PRIVATE) | Q(last_seq__gt=0)
    conversations = Conversation.objects.filter(
        is_begun, participants__user=member, participants__is_request=requests
    ).order_by("-last_message_at", "-pk")
    if cursor:
        microseconds, pk = decode_numbers(cursor, count=2)
        at = _time_of(microseconds)
        conversations = conversations.filter(
            Q(last_message_at__lt=at) | Q(last_message_at=at, pk__lt=pk)
        )
    rows = list(conversations[: limit + 1])
    shown = rows[:limit]
    next_cursor = _cursor_of(shown[-1]) if len(rows) > limit else None
    return Page(entries_of(shown, member), next_cursor)


def unread_totals_of(member: User) -> UnreadTotals:
    """Return what is unread in all of the member's conversations. One query."""
    known = Greatest("read_seq", F("first_seq") - 1, F("conversation__first_seq") - 1)
    unread = Greatest(F("conversation__last_seq") - known, Value(0))
    is_muted = Q(muted_until__gt=now())
    here = Q(is_request=False)
    sums = (
        Participant.objects.filter(user=member, conversation__last_seq__gt=0)
        .annotate(unread=unread)
        .aggregate(
            total=Sum("unread", filter=here & ~is_muted, default=0),
            conversations=Count("pk", filter=here & ~is_muted & Q(unread__gt=0)),
            muted_total=Sum("unread", filter=here & is_muted, default=0),
            muted_conversations=Count("pk", filter=here & is_muted & Q(unread__gt=0)),
            requests=Count("pk", filter=~here),
        )
    )
    return UnreadTotals(**sums)


def entry_of(conversation: Conversation, *, member: User) -> InboxEntry:
    """Return one conversation as it stands in its member's list."""
    return entries_of([conversation], member)[0]


def entries_of(conversations: Sequence[Conversation], member: User) -> Sequence[InboxEntry]:
    """Return conversations as they stand in their member's list, in their order. Four queries."""
    ids = [conversation.pk for conversation in conversations]
    found = Participant.objects.filter(conversation__in=ids, user=member)
    mine = {place.conversation_id: place for place in found}
    return entries_at([Seat(each, member.pk, mine.get(each.pk)) for each in conversations])


def entries_at(seats: Sequence[Seat]) -> Sequence[InboxEntry]:
    """Return conversations as they stand in the lists of these members. Three queries."""
    ids = {seat.conversation.pk for seat in seats}
    found = Message.objects.filter(conversation__in=ids, seq=F("conversation__last_seq"))
    last = {int(state.conversation): state for state in states_of(found)}
    partner_ids = [_partner_in(seat) for seat in seats]
    partners = User.objects.in_bulk({pk for pk in partner_ids if pk is not None})
    return [
        InboxEntry(
            seat.conversation,
            place=seat.place,
            partner=None if partner_id is None else partners.get(partner_id),
            last_message=_last_seen_from(seat, last.get(seat.conversation.pk)),
        )
        for seat, partner_id in zip(seats, partner_ids, strict=True)
    ]


def _last_seen_from(seat: Seat, last: MessageState | None) -> MessageState | None:
    # A newcomer may not be shown what was said before.
    first_seq = seat.place.first_seq if seat.place else 1
    return None if last is None or last.seq < first_seq else last


def _partner_in(seat: Seat) -> int | None:
    # By the key: whoever declined has no place, which the other must not notice.
    member_ids = ConversationKey.parse(seat.conversation.key).member_ids
    return next((each for each in member_ids if each != seat.member_id), None)


@dataclass(frozen=True, slots=True)
class MemberEntry:
    """A member of a conversation, as another one sees them."""

    place: Participant
    # Of moderators alone: until when the member is silenced.
    silenced_until: datetime | None


def members_of(
    conversation: Conversation, *, viewer: User, cursor: int | None, limit: int
) -> Page[MemberEntry]:
    """Return the members in the order in which they came. Two queries."""
    places = conversation.participants.filter(user__is_active=True).order_by("pk")
    if cursor is not None:
        places = places.filter(pk__gt=cursor)
    rows = list(places.select_related("user")[: limit + 1])
    role = conversation.participants.filter(user=viewer).values_list("role", flat=True).first()
    sees_all = role in (Role.MODERATOR, Role.OWNER)
    shown = [MemberEntry(row, row.silenced_until if sees_all else None) for row in rows[:limit]]
    return Page(shown, encode_cursor(rows[limit - 1].pk) if len(rows) > limit else None)


def _cursor_of(conversation: Conversation) -> str:
    return encode_cursor((conversation.last_message_at - EPOCH) // MICROSECOND, conversation.pk)


def _time_of(microseconds: int) -> datetime:
    try:
        return EPOCH + microseconds * MICROSECOND
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def visible_messages(conversation: Conversation, *, viewer_id: int | None) -> QuerySet[Message]:
    """Return the messages of a conversation that a member may see, or a guest (None).

    Every read of one conversation begins here: newcomers may begin where they came,
    and nobody goes below what retention has removed.
    """
    place = Participant.objects.filter(conversation=conversation, user=viewer_id)
    # Not joined to each message: the database asks once, and begins at the right one.
    first_seq = Coalesce(Subquery(place.values("first_seq")), 1)
    return Message.objects.filter(
        conversation=conversation, seq__gte=conversation.first_seq
    ).filter(seq__gte=first_seq)


def messages_visible_to(viewer_id: int) -> QuerySet[Message]:
    """Return the messages that a member may see in those conversations that they may read.

    Every read of several conversations begins here, and names the conversations.
    """
    hidden = Participant.objects.filter(
        conversation=OuterRef("conversation"), user=viewer_id, first_seq__gt=OuterRef("seq")
    )
    return Message.objects.filter(~Exists(hidden), seq__gte=F("conversation__first_seq"))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which part of a history: the newest, unless one of these says otherwise."""

    before: int | None = None
    after: int | None = None
    # The page that has this one in its middle.
    around: int | None = None
    # The page on which the viewer's first unread one is near the top.
    first_unread: bool = False


def history_of(
    conversation: Conversation, *, viewer_id: int | None, stretch: Stretch, limit: int
) -> Sequence[MessageState]:
    """Return up to ``limit`` messages in order of ``seq``. Two queries, three for the unread."""
    messages = visible_messages(conversation, viewer_id=viewer_id)
    after = stretch.after
    # Numbers have no gaps, so the middle and the end of a page can be reckoned. A
    # page that would reach beyond the newest begins earlier instead.
    latest_page = conversation.last_seq - limit
    if stretch.around is not None:
        after = max(0, min(stretch.around - 1 - limit // 2, latest_page))
    elif stretch.first_unread:
        read_seq = _read_seq(conversation, viewer_id)
        context = min(READ_BEFORE, limit // 2)
        after = latest_page if read_seq is None else min(read_seq - context, latest_page)
    if after is not None:
        return states_of(messages.filter(seq__gt=after).order_by("seq")[:limit])
    if stretch.before is not None:
        messages = messages.filter(seq__lt=stretch.before)
    return states_of(messages.order_by("-seq")[:limit])[::-1]


def _read_seq(conversation: Conversation, viewer_id: int | None) -> int | None:
    places = Participant.objects.filter(conversation=conversation, user=viewer_id)
    return places.values_list("read_seq", flat=True).first()


def get_message(conversation: Conversation, seq: int, *, viewer_id: int | None) -> MessageState:
    """Return one message, or raise `MessageNotFound`."""
    found = states_of(visible_messages(conversation, viewer_id=viewer_id).filter(seq=seq))
    if not found:
        raise MessageNotFound
    return found[0]


def pins_of(conversation: Conversation, *, viewer_id: int | None) -> Sequence[MessageState]:
    """Return the pinned messages that the viewer may read, the latest pin first. Two queries."""
    visible = visible_messages(conversation, viewer_id=viewer_id)
    return states_of(
        visible.filter(pinned_at__isnull=False).order_by("-pinned_at", "-seq")[
            : current_limits().pins
        ]
    )


def scheduled_by(sender: User, conversation: Conversation) -> Sequence[ScheduledMessage]:
    """Return what the member has scheduled there, the next first. One query."""
    rows = ScheduledMessage.objects.filter(conversation=conversation, sender=sender)
    return list(rows.order_by("send_at", "pk")[: current_limits().scheduled_messages])


def states_of(messages: QuerySet[Message]) -> list[MessageState]:
    """Return messages, in their order, in the form that is told.

    Two queries, and a third where something is attached.
    """
    rows = list(messages.select_related("sender", "subject"))
    reactions = _reactions_to([row.pk for row in rows])
    attachments = _attachments_to([row.pk for row in rows if row.has_attachments])
    return [_state_of(row, reactions.get(row.pk, ()), attachments.get(row.pk, ())) for row in rows]


def _state_of(
    message: Message,
    reactions: Sequence[ReactionState],
    attachments: Sequence[AttachmentState],
) -> MessageState:
    sender = message.sender
    is_gone = sender is not None and sender.deleted_at is not None
    state = MessageState.of(
        message,
        sender=_name_of(sender),
        sender_name=sender.name if sender else "",
        sender_kind=DELETED if is_gone else None,
        reactions=reactions,
        attachments=attachments,
        notice=_notice_of(message),
    )
    return msgspec.structs.replace(state, text=_sentence_of(message)) if state.notice else state


def _sentence_of(message: Message) -> str:
    by, to = message.sender, message.subject
    return notices.sentence(
        message.event, by=by.name if by else "", to=to.name if to else "", detail=message.text
    )


def _notice_of(message: Message) -> NoticeState | None:
    if message.kind != Message.Kind.NOTICE:
        return None
    return NoticeState(message.event, _name_of(message.subject), by=_name_of(message.sender))


def _name_of(member: User | None) -> str | None:
    return None if member is None or member.deleted_at else member.username


def _attachments_to(message_ids: Sequence[int]) -> Mapping[int, Sequence[AttachmentState]]:
    if not message_ids:
        return {}
    shown: defaultdict[int, list[AttachmentState]] = defaultdict(list)
    rows = Attachment.objects.filter(message__in=message_ids).select_related("media")
    for row in rows.order_by("message", "position"):
        shown[row.message_id].append(attachment_state(row.media))
    return shown


def attachment_state(media: Media) -> AttachmentState:
    """Return an upload in the form that is told; its address is the same everywhere."""
    told = media_json(media)
    return AttachmentState(**{name: told[name] for name in AttachmentState.__struct_fields__})


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
