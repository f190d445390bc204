"""Messages to be sent later.

A row waits for its time; sending it and removing the row is one transaction, so a
message is neither lost nor doubled, whatever dies in between. Whether the member may
write there is asked when it is scheduled and again when it is sent. What is refused
then stays, with the reason, until the member changes or deletes it.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet

from snappio.accounts.models import User
from snappio.chat.errors import (
    BadSendTime,
    ConversationNotFound,
    NotSaidYet,
    ScheduledMessageNotFound,
    TooManyScheduled,
)
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, ScheduledMessage
from snappio.chat.services.drafts import Draft
from snappio.chat.services.locking import locked_place
from snappio.chat.services.messages import append_messages, require_client_id
from snappio.chat.services.targets import require_can_write
from snappio.core.clock import now
from snappio.core.errors import DomainError, NotAuthenticated, TooMany, Unavailable
from snappio.core.limits import current_limits

logger = logging.getLogger(__name__)

# Messages that one run sends, so that it has an end.
RUN = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be sent, and when; ``client_id`` is made here if the client gave none."""

    text: str
    send_at: datetime
    client_id: str | None = None
    reply_to: int | None = None


@transaction.atomic
def schedule_message(*, sender: User, conversation: Conversation, plan: Plan) -> ScheduledMessage:
    """Keep a message for later; the same ``client_id`` again is the same one.

    Raises `BadSendTime`, `TooManyScheduled`, or why the sender may not write there.
    """
    require_client_id(plan.client_id)
    _lock(sender)
    earlier = _own(sender, conversation).filter(client_id=plan.client_id or "").first()
    if earlier is not None:
        return earlier
    _require_timely(plan.send_at)
    _require_may_write(sender, conversation, reply_to=plan.reply_to)
    _require_room(sender)

    return ScheduledMessage.objects.create(
        conversation=conversation,
        sender=sender,
        client_id=plan.client_id or uuid4().hex,
        text=plan.text,
        reply_to=plan.reply_to,
        send_at=plan.send_at,
    )


@transaction.atomic
def reschedule_message(
    *,
    sender: User,
    conversation: Conversation,
    scheduled_id: int,
    text: str | None = None,
    send_at: datetime | None = None,
) -> ScheduledMessage:
    """Change the text or the time of one's own; with a new time, one that was refused waits again.

    None leaves what is there. Raises `ScheduledMessageNotFound` for any other, and for
    what was sent meanwhile.
    """
    _lock(sender)
    row = _own(sender, conversation).select_for_update().filter(pk=scheduled_id).first()
    if row is None:
        raise ScheduledMessageNotFound
    if send_at is not None:
        _require_timely(send_at)
    _require_may_write(sender, conversation)

    if text is not None:
        row.text = text
    if send_at is not None:
        row.send_at, row.refusal = send_at, ""
    row.save(update_fields=["text", "send_at", "refusal"])
    return row


def cancel_message(*, sender: User, conversation: Conversation, scheduled_id: int) -> None:
    """Delete one's own, unless it was sent meanwhile: that and others are not found."""
    deleted, _ = _own(sender, conversation).filter(pk=scheduled_id).delete()
    if not deleted:
        raise ScheduledMessageNotFound


def discard_scheduled_of(sender: User) -> None:
    """Delete all that a member has scheduled, in the caller's transaction."""
    ScheduledMessage.objects.filter(sender=sender).delete()


def send_due() -> int:
    """Send what is due, and return how many were sent; one that fails holds up no other."""
    due = ScheduledMessage.objects.filter(send_at__lte=now(), refusal="").order_by("send_at", "pk")
    return sum(map(send_scheduled, list(due.values_list("pk", flat=True)[:RUN])))


def coming_up(within: timedelta) -> list[tuple[int, datetime]]:
    """Return the messages that come due so soon, with their times."""
    at = now()
    coming = ScheduledMessage.objects.filter(
        send_at__gt=at, send_at__lte=at + within, refusal=""
    ).order_by("send_at", "pk")
    return list(coming.values_list("pk", "send_at")[:RUN])


def send_scheduled(scheduled_id: int) -> bool:
    """Send one message if it is due, and say whether that was done. Safe to repeat."""
    try:
        return _send(scheduled_id)
    # One must not keep the others from being sent; the next run tries it again.
    except Exception:
        logger.exception("Scheduled message %s could not be sent.", scheduled_id)
        return False


@transaction.atomic
def _send(scheduled_id: int) -> bool:
    # Another worker that has it needs no help.
    rows = ScheduledMessage.objects.select_for_update(of=("self",), skip_locked=True)
    row = rows.filter(pk=scheduled_id, send_at__lte=now(), refusal="").first()
    if row is None:
        return False

    (outcome,) = append_messages([_draft(row)])

    if isinstance(outcome, TooMany | Unavailable):
        # Its time comes: the next run tries again.
        return False
    if isinstance(outcome, NotAuthenticated | ConversationNotFound):
        # Who is gone, or sees that conversation no more, has no list to find it in.
        row.delete()
        return False
    if isinstance(outcome, DomainError):
        row.refusal = outcome.code
        row.save(update_fields=["refusal"])
        return False
    row.delete()
    return True


def _draft(row: ScheduledMessage) -> Draft:
    return Draft(
        key=ConversationKey.parse(row.conversation.key),
        sender_id=row.sender_id,
        session_id=None,
        client_id=row.client_id,
        text=row.text,
        reply_to=row.reply_to,
    )


def _lock(sender: User) -> None:
    # So that parallel requests are counted one after the other, and an account
    # being deleted leaves nothing behind.
    if User.objects.active().locked().filter(pk=sender.pk).first() is None:
        raise NotAuthenticated


def _require_timely(send_at: datetime) -> None:
    limits = current_limits()
    ahead = (send_at - now()).total_seconds()
    if not limits.scheduling_shortest <= ahead <= limits.scheduling_longest:
        raise BadSendTime(fields={"send_at": [BadSendTime.detail]})


def _require_may_write(
    sender: User, conversation: Conversation, *, reply_to: int | None = None
) -> None:
    locked, place = locked_place(conversation, sender)
    require_can_write(sender, locked, place, now())
    if reply_to is not None and reply_to > locked.last_seq:
        raise NotSaidYet


def _require_room(sender: User) -> None:
    if (
        ScheduledMessage.objects.filter(sender=sender).count()
        >= current_limits().scheduled_messages
    ):
        raise TooManyScheduled


def _own(sender: User, conversation: Conversation) -> QuerySet[ScheduledMessage]:
    return ScheduledMessage.objects.filter(conversation=conversation, sender=sender)
