"""Messages that disappear when they are old.

They go from the beginning, in order, and the conversation's ``first_seq`` says how far:
there is no other hole. Each removal is a change of the conversation with the next
revision, so listeners hear of it and a resume finds it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from snappio.accounts.models import User
from snappio.chat import keys, policies
from snappio.chat.errors import BadRetention
from snappio.chat.models import Conversation, Message
from snappio.chat.services.attachments import drop_attachments
from snappio.chat.services.details import Event, record, record_unsaid
from snappio.chat.services.locking import locked_place
from snappio.chat.services.targets import require_can_write
from snappio.core.clock import now
from snappio.core.limits import current_limits

# Messages that go in one transaction: senders wait for its lock.
BATCH = 500
# Messages that one run removes, so that it has an end.
RUN = 50_000
# Conversations that are looked at in one query.
LOOK = 500


@transaction.atomic
def set_retention(*, member: User, conversation: Conversation, seconds: int | None) -> Conversation:
    """Let messages disappear when they are so old, or keep them; return the conversation.

    In a private chat either may say so, in groups and rooms the owner and
    moderators. Raises `BadRetention` for what is shorter or longer than the limits.
    """
    limits = current_limits()
    if seconds is not None and not (
        limits.retention_shortest <= seconds <= limits.retention_longest
    ):
        raise BadRetention
    conversation, place = locked_place(conversation, member)
    if conversation.kind == keys.PRIVATE:
        require_can_write(member, conversation, place, now())
    else:
        policies.require_moderator(conversation, place)

    if seconds != conversation.retention_seconds:
        conversation.retention_seconds = seconds
        record(conversation, [Event("changed", member)], "retention_seconds")
    return conversation


def remove_expired() -> int:
    """Remove what has become too old, and return how many messages went.

    Safe to repeat and to run twice at once. What does not fit into one run is left
    for the next.
    """
    at, removed = now(), 0
    for conversation_id in _due(at):
        while gone := _remove_oldest(conversation_id, at):
            removed += gone
            if gone < BATCH or removed >= RUN:
                break
        if removed >= RUN:
            break
    return removed


def _due(at: datetime) -> Iterator[int]:
    oldest = Message.objects.filter(conversation=OuterRef("pk"), seq=OuterRef("first_seq"))
    kept = (
        Conversation.objects.filter(retention_seconds__isnull=False, last_seq__gte=F("first_seq"))
        .order_by("pk")
        .annotate(oldest=Subquery(oldest.values("sent_at")))
        .values_list("pk", "retention_seconds", "oldest")
    )
    last = 0
    while rows := list(kept.filter(pk__gt=last)[:LOOK]):
        for pk, seconds, sent_at in rows:
            if seconds and sent_at and sent_at < at - timedelta(seconds=seconds):
                yield pk
        last = rows[-1][0]


@transaction.atomic
def _remove_oldest(conversation_id: int, at: datetime) -> int:
    place = Conversation.objects.select_for_update().get(pk=conversation_id)
    if place.retention_seconds is None:
        # Somebody has changed their mind meanwhile.
        return 0
    expired_at = at - timedelta(seconds=place.retention_seconds)
    oldest = Message.objects.filter(conversation=place).order_by("seq")[:BATCH]
    rows = oldest.values_list("pk", "seq", "sent_at", "has_attachments")
    # Up to the first that is young: messages may have been stored in another order
    # than their times, and no hole may come of it.
    expired = list(takewhile(lambda row: row[2] < expired_at, rows))
    if not expired:
        return 0

    if any(row[3] for row in expired):
        drop_attachments([row[0] for row in expired])
    Message.objects.filter(pk__in=[row[0] for row in expired]).delete()
    place.first_seq = expired[-1][1] + 1
    record_unsaid(place, "first_seq")
    return len(expired)
