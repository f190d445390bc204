"""Appending messages: the one way by which a message comes into being.

Sockets hand their drafts to a lane (`chat.lanes`), which appends whatever has
queued up in one transaction. Requests append a batch of one. Either way:

    lock and check    conversation rows locked in id order; senders' sessions live,
                      private chats' members still there
    write             seq and revision without gaps, a repeated client id answered
                      with the first message
    tell              after the commit, and only then
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from snappio.accounts.models import Session, User
from snappio.chat import keys, policies
from snappio.chat.errors import BadClientId, NotSaidYet
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message, Participant
from snappio.chat.services.conversations import locked_conversations
from snappio.chat.services.rows import insert
from snappio.chat.updates import MessageState
from snappio.core import rates
from snappio.core.clock import now
from snappio.core.errors import DomainError, NotAuthenticated
from snappio.core.limits import current_limits
from snappio.realtime.publishing import publish_on_commit


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that somebody wants to send.

    ``session_id`` and ``sender_id`` are None for guests. ``is_first_try`` says
    that the client id was made a moment ago and cannot be stored yet, which
    saves looking for it.
    """

    key: ConversationKey
    sender_id: int | None
    session_id: UUID | None
    client_id: str
    text: str
    raw: str = ""
    reply_to: int | None = None
    is_first_try: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a live session belongs to, and how they are called."""

    user_id: int
    username: str
    name: str


Outcome = Message | DomainError

# Printable ASCII: it comes from a header, and ends in logs and frames.
_CLIENT_ID = re.compile(r"[!-~]{1,64}")

# (conversation, sender, client id): what makes a message the same message.
_Identity = tuple[int, int | None, str]


def send_message(
    *,
    session: Session,
    conversation: Conversation,
    text: str,
    client_id: str | None,
    reply_to: int | None = None,
) -> MessageState:
    """Append one message, from a request; ``client_id`` is made here if the client gave none.

    Spends of the same allowance as sockets do, but counted for all processes.
    """
    limits = current_limits()
    rates.take("messages:member", str(session.user_id), limits.messages_member)
    rates.take("messages:conversation", str(conversation.pk), limits.messages_conversation)
    if client_id is not None and not _CLIENT_ID.fullmatch(client_id):
        raise BadClientId
    draft = Draft(
        key=ConversationKey.parse(conversation.key),
        sender_id=session.user_id,
        session_id=session.pk,
        client_id=client_id or uuid4().hex,
        text=text,
        reply_to=reply_to,
        is_first_try=client_id is None,
    )

    (outcome,) = append_messages([draft])

    if isinstance(outcome, DomainError):
        raise outcome
    sender = session.user
    return MessageState.of(outcome, sender=sender.username, sender_name=sender.name)


@transaction.atomic
def append_messages(drafts: Sequence[Draft], *, is_retry: bool = False) -> Sequence[Outcome]:
    """Store the drafts in their order; return for each its message, or why it was refused.

    Sending a client id again returns the first message. ``is_retry`` says that
    an earlier try of this very batch may have been committed.
    """
    at = now()
    senders = _live_senders(drafts, at)
    refusals = _refusals(drafts, senders)
    accepted = [draft for draft, refusal in zip(drafts, refusals, strict=True) if not refusal]
    conversations = locked_conversations({draft.key for draft in accepted}, at)
    stored = _earlier(accepted, conversations, is_retry=is_retry)

    fresh: list[Message] = []
    for index, draft in enumerate(drafts):
        if refusals[index]:
            continue
        conversation = conversations[draft.key]
        identity = (conversation.pk, draft.sender_id, draft.client_id)
        if identity in stored:
            continue
        if draft.reply_to is not None and draft.reply_to > conversation.last_seq:
            refusals[index] = NotSaidYet()
            continue
        stored[identity] = _next_message(conversation, draft, at)
        fresh.append(stored[identity])
    _note_participants(fresh, conversations)
    _save(fresh, conversations.values())

    outcomes = [
        refusal or stored[(conversations[draft.key].pk, draft.sender_id, draft.client_id)]
        for draft, refusal in zip(drafts, refusals, strict=True)
    ]
    _tell(drafts, outcomes, senders)
    return outcomes


def _live_senders(drafts: Iterable[Draft], at: datetime) -> Mapping[UUID, Sender]:
    sessions = {draft.session_id for draft in drafts if draft.session_id}
    if not sessions:
        return {}
    rows = (
        Session.objects.live(at=at)
        .filter(pk__one_of=sessions)
        .values_list("pk", "user_id", "user__username", "user__name")
    )
    return {pk: Sender(user_id, username, name) for pk, user_id, username, name in rows}


def _refusals(drafts: Sequence[Draft], senders: Mapping[UUID, Sender]) -> list[DomainError | None]:
    parties = {member for draft in drafts for member in draft.key.member_ids}
    active = _active_among(parties) if parties else set()
    return [_refusal(draft, senders, active) for draft in drafts]


def _active_among(members: set[int]) -> set[int]:
    return set(User.objects.active().filter(pk__one_of=members).values_list("pk", flat=True))


def _refusal(
    draft: Draft, senders: Mapping[UUID, Sender], active: Collection[int]
) -> DomainError | None:
    if draft.session_id is not None and draft.session_id not in senders:
        return NotAuthenticated()
    try:
        policies.require_can_write(draft.key, sender_id=draft.sender_id, active_members=active)
    except DomainError as refusal:
        return refusal
    return None


def _earlier(
    drafts: Iterable[Draft],
    conversations: Mapping[ConversationKey, Conversation],
    *,
    is_retry: bool,
) -> dict[_Identity, Message]:
    # Read after the locks were granted: a twin that was committed while we
    # waited is seen now.
    known = [draft for draft in drafts if is_retry or not draft.is_first_try]
    if not known:
        return {}
    rows = Message.objects.filter(
        conversation__in={conversations[draft.key].pk for draft in known},
        client_id__in={draft.client_id for draft in known},
    )
    return {(row.conversation_id, row.sender_id, row.client_id): row for row in rows}


def _next_message(conversation: Conversation, draft: Draft, at: datetime) -> Message:
    conversation.last_seq += 1
    conversation.revision += 1
    conversation.last_message_at = at
    is_guest = draft.sender_id is None
    return Message(
        conversation_id=conversation.pk,
        seq=conversation.last_seq,
        revision=conversation.revision,
        sender_id=draft.sender_id,
        sender_kind=Message.SenderKind.GUEST if is_guest else Message.SenderKind.MEMBER,
        client_id=draft.client_id,
        text=draft.text,
        raw=draft.raw,
        reply_to=draft.reply_to,
        sent_at=at,
    )


def _save(fresh: Sequence[Message], conversations: Iterable[Conversation]) -> None:
    if not fresh:
        return
    changed = {message.conversation_id for message in fresh}
    insert(fresh, [row for row in conversations if row.pk in changed])


def _note_participants(
    fresh: Iterable[Message], conversations: Mapping[ConversationKey, Conversation]
) -> None:
    # Who speaks in an open room finds it among the own conversations from then on.
    rooms = {row.pk for key, row in conversations.items() if key.kind == keys.ROOM}
    spoke = {
        (message.conversation_id, message.sender_id)
        for message in fresh
        if message.conversation_id in rooms and message.sender_id is not None
    }
    if spoke:
        Participant.objects.bulk_create(
            [Participant(conversation_id=room, user_id=member) for room, member in sorted(spoke)],
            ignore_conflicts=True,
        )


def _tell(
    drafts: Sequence[Draft], outcomes: Sequence[Outcome], senders: Mapping[UUID, Sender]
) -> None:
    # A message that was stored by an earlier try is told again: that try may
    # have died before it told.
    hints = []
    for draft, outcome in zip(drafts, outcomes, strict=True):
        if isinstance(outcome, Message):
            sender = senders[draft.session_id] if draft.session_id else None
            posted = MessageState.of(
                outcome,
                sender=sender.username if sender else None,
                sender_name=sender.name if sender else "",
            )
            hints.append(posted.to_update(draft.key.topic, last_seq=outcome.seq).to_hint())
    if hints:
        publish_on_commit(hints)
