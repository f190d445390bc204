"""Recording what happens to a conversation itself: its name, its rules, who is in it.

lock       by the caller (`services.locking`), who checks and changes rows
record     each event takes the next revision; in a group a notice says it, too
tell       after the commit: the notice, then the conversation as it now is
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message, Participant
from snappio.chat.queries import states_of
from snappio.chat.updates import UNKNOWN_CHANGE, Change, ConversationState
from snappio.core.clock import now
from snappio.realtime.publishing import publish_on_commit
from snappio.realtime.updates import Update


@dataclass(frozen=True, slots=True)
class Event:
    """What happened; ``name`` is created, renamed, changed, joined, added, left, removed or so."""

    name: str
    by: User
    # To whom.
    to: User | None = None
    # The new name, or the new role.
    detail: str = ""
    # Who hears no more after this.
    leaver: User | None = None


# What every change of a conversation moves.
_MOVED = ("revision", "details_revision")


def record(conversation: Conversation, events: Sequence[Event], *changed: str) -> None:
    """Save a conversation with the fields that changed, and tell its listeners what happened.

    Runs in the transaction that makes the change, under the conversation's lock.
    """
    topic = ConversationKey.parse(conversation.key).topic
    at = now()
    notices: list[Message] = []
    updates: list[Update] = []
    for event in events:
        if conversation.kind == keys.GROUP:
            notices.append(_next_notice(conversation, event, at))
        change = Change(event.name, _name_of(event.to), by=_name_of(event.by))
        updates.append(_next_state(conversation, change, topic, leaver=event.leaver))
    conversation.save(
        update_fields=[*_MOVED, "last_seq", "last_message_at", "members_count", *changed]
    )
    if notices:
        updates += _saved(notices, conversation, topic)
    updates.sort(key=lambda update: update.revision)
    publish_on_commit([update.to_hint() for update in updates])


def record_unsaid(conversation: Conversation, *changed: str) -> None:
    """Save and tell likewise what nobody did, and no notice says."""
    topic = ConversationKey.parse(conversation.key).topic
    update = _next_state(conversation, UNKNOWN_CHANGE, topic)
    conversation.save(update_fields=[*_MOVED, *changed])
    publish_on_commit([update.to_hint()])


def _next_notice(conversation: Conversation, event: Event, at: datetime) -> Message:
    conversation.last_seq += 1
    conversation.revision += 1
    conversation.last_message_at = at
    return Message(
        conversation=conversation,
        seq=conversation.last_seq,
        revision=conversation.revision,
        sender=event.by,
        sender_kind=Message.SenderKind.MEMBER,
        kind=Message.Kind.NOTICE,
        event=event.name,
        subject=event.to,
        client_id=f"notice:{uuid4().hex}",
        text=event.detail,
        sent_at=at,
    )


def _next_state(
    conversation: Conversation, change: Change, topic: str, *, leaver: User | None = None
) -> Update:
    conversation.revision += 1
    conversation.details_revision = conversation.revision
    return ConversationState.of(conversation, change).to_update(
        topic, last_seq=conversation.last_seq, leaver=leaver.pk if leaver else 0
    )


def _name_of(member: User | None) -> str | None:
    return None if member is None or member.deleted_at else member.username


def _saved(notices: Sequence[Message], conversation: Conversation, topic: str) -> list[Update]:
    Message.objects.bulk_create(notices)
    before, last = notices[0].seq - 1, notices[-1]
    # Who had read everything has read what they did themselves, too.
    Participant.objects.filter(
        conversation=conversation, user=last.sender_id, read_seq=before
    ).update(read_seq=last.seq)
    told = Message.objects.filter(conversation=conversation, seq__gt=before).order_by("seq")
    return [state.to_update(topic, last_seq=state.seq) for state in states_of(told)]
