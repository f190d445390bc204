"""Keeping one's place in a conversation: how far one has read, and whether it may notify.

Markers are moved without the conversation's lock, by one conditional statement: they
only grow, and so does what they are compared with.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Greatest

from snappio.accounts.models import User
from snappio.chat import policies
from snappio.chat.errors import NotSaidYet
from snappio.chat.keys import ConversationKey
from snappio.chat.models import FOR_EVER, Conversation, Participant
from snappio.chat.queries import switches_of, unread_in
from snappio.chat.services.inboxes import mention_to, touch_inboxes
from snappio.chat.services.locking import locked_place
from snappio.chat.services.partings import is_parted
from snappio.chat.updates import InboxChange, Marker
from snappio.core.clock import now
from snappio.realtime.publishing import publish_on_commit


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a member is, and how many messages are left to read."""

    read_seq: int
    delivered_seq: int
    unread: int


@transaction.atomic
def mark_read(*, conversation: Conversation, reader: User, seq: int) -> Progress:
    """Remember that the reader has read, and so received, everything up to ``seq``.

    It never moves back; what is there already tells nobody. Raises `NotSaidYet`
    beyond the last message, and `NotAParticipant` for somebody who only looks on.
    """
    place = _place_to_mark(conversation, reader, seq)

    has_moved = Participant.objects.filter(pk=place.pk, read_seq__lt=seq).update(
        read_seq=seq, delivered_seq=Greatest("delivered_seq", Value(seq))
    )

    if has_moved:
        # The member's other devices show what is unread.
        mention_to(reader.pk, InboxChange(str(conversation.pk), "changed"))
        _tell_others(place, reader, seq, is_read=True)
    return _progress_of(place)


@transaction.atomic
def mark_delivered(*, conversation: Conversation, receiver: User, seq: int) -> Progress:
    """Remember that everything up to ``seq`` has reached a device of the receiver.

    As `mark_read` otherwise; what was read has been received.
    """
    place = _place_to_mark(conversation, receiver, seq)

    has_moved = Participant.objects.filter(
        pk=place.pk, delivered_seq__lt=seq, read_seq__lt=seq
    ).update(delivered_seq=seq)

    if has_moved:
        _tell_others(place, receiver, seq, is_read=False)
    return _progress_of(place)


@transaction.atomic
def mute(*, conversation: Conversation, member: User, seconds: int | None) -> None:
    """Have a conversation notify the member of nothing for so long; None is for ever."""
    place = _own_locked_place(conversation, member)
    _set_muted(place, FOR_EVER if seconds is None else now() + timedelta(seconds=seconds))


@transaction.atomic
def unmute(*, conversation: Conversation, member: User) -> None:
    """Have it notify them again; one that does already changes nothing."""
    _set_muted(_own_locked_place(conversation, member), None)


def _place_to_mark(conversation: Conversation, member: User, seq: int) -> Participant:
    place = _place_of(conversation, member)
    if seq > place.conversation.last_seq:
        raise NotSaidYet
    return place


def _place_of(conversation: Conversation, member: User) -> Participant:
    places = Participant.objects.filter(conversation=conversation, user=member)
    place = places.select_related("conversation").first()
    return policies.require_participant(conversation, place)


def _own_locked_place(conversation: Conversation, member: User) -> Participant:
    # Whoever sends here holds this lock before a place and an inbox: the same order
    # keeps the two from waiting for each other.
    return policies.require_participant(*locked_place(conversation, member))


def _tell_others(place: Participant, member: User, seq: int, *, is_read: bool) -> None:
    conversation = place.conversation
    if not policies.tells_markers(conversation) or is_parted(conversation):
        return
    if switches_of(member).receipts:
        marker = Marker(str(conversation.pk), member.username, seq, is_read)
        topic = ConversationKey.parse(conversation.key).topic
        publish_on_commit([marker.to_update(topic).to_hint()])


def _progress_of(place: Participant) -> Progress:
    # Another device may have come further meanwhile.
    place.refresh_from_db(fields=["read_seq", "delivered_seq"])
    return Progress(
        read_seq=place.read_seq,
        delivered_seq=max(place.read_seq, place.delivered_seq),
        unread=unread_in(place.conversation, place),
    )


def _set_muted(place: Participant, until: datetime | None) -> None:
    if place.muted_until != until:
        place.muted_until = until
        place.save(update_fields=["muted_until"])
        touch_inboxes([(place.user_id, InboxChange(str(place.conversation_id), "changed"))])
