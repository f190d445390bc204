"""Appending messages: the one way by which a message comes into being.

Sockets hand their drafts to a lane (`chat.lanes`), which appends whatever has
queued up in one transaction. Requests append a batch of one. Either way:

    lock and check    conversation rows locked in id order; senders' sessions live,
                      private chats' members still there and no block between them,
                      a place in groups and rooms
    write             seq and revision without gaps, a repeated client id answered
                      with the first message
    tell              after the commit, and only then

On PostgreSQL, what is plain takes one statement instead (`services.plain`), and only
the rest comes this long way.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.db import connection, transaction

from snappio.accounts.entities import entities_of
from snappio.accounts.models import Session
from snappio.chat import keys, policies
from snappio.chat.errors import (
    BadClientId,
    ConversationNotFound,
    EmptyMessage,
    NobodyToTalkTo,
    NotSaidYet,
)
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message, Participant
from snappio.chat.queries import attachment_state, states_of
from snappio.chat.services.attachments import keep_attachments, take_uploads
from snappio.chat.services.conversations import locked_conversations
from snappio.chat.services.drafts import (
    Draft,
    Places,
    Sender,
    live_senders,
    places_of,
    refusals_of,
)
from snappio.chat.services.inboxes import touch_inboxes
from snappio.chat.services.plain import append_plain
from snappio.chat.services.requests import note_requests
from snappio.chat.services.rows import insert
from snappio.chat.updates import InboxChange, MessageState
from snappio.core import rates
from snappio.core.clock import now
from snappio.core.errors import DomainError
from snappio.core.limits import current_limits
from snappio.media.models import Media
from snappio.realtime.publishing import publish_on_commit


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that is stored now; ``is_duplicate`` if it was before this sending."""

    message: MessageState
    is_duplicate: bool


Outcome = Stored | DomainError

# Printable ASCII: it comes from a header, and ends in logs and frames.
_CLIENT_ID = re.compile(r"[!-~]{1,64}")

# (conversation, sender, client id): what makes a message the same message.
_Identity = tuple[int, int | None, str]


@dataclass(frozen=True, slots=True)
class _Fresh:
    # To be stored with what it shows.
    message: Message
    uploads: Sequence[Media]


def send_message(
    *,
    session: Session,
    conversation: Conversation,
    text: str,
    client_id: str | None,
    reply_to: int | None = None,
    attachments: Sequence[int] = (),
) -> MessageState:
    """Append one message, from a request; ``client_id`` is made here if the client gave none.

    Spends of the same allowance as sockets do, but counted for all processes.
    """
    limits = current_limits()
    rates.take("messages:member", str(session.user_id), limits.messages_member)
    rates.take("messages:conversation", str(conversation.pk), limits.messages_conversation)
    require_client_id(client_id)
    draft = Draft(
        key=ConversationKey.parse(conversation.key),
        sender_id=session.user_id,
        session_id=session.pk,
        client_id=client_id or uuid4().hex,
        text=text,
        reply_to=reply_to,
        attachments=tuple(attachments),
        is_first_try=client_id is None,
    )

    (outcome,) = append_messages([draft])

    if isinstance(outcome, DomainError):
        raise outcome
    return outcome.message


def require_client_id(client_id: str | None) -> None:
    """Raise `BadClientId` for what cannot name a message; None leaves the naming to us."""
    if client_id is not None and not _CLIENT_ID.fullmatch(client_id):
        raise BadClientId


def append_messages(drafts: Sequence[Draft], *, is_retry: bool = False) -> Sequence[Outcome]:
    """Store the drafts in their order; return for each its message, or why it was refused.

    Sending a client id again returns the first message. ``is_retry`` says that
    an earlier try of this very batch may have been committed.
    """
    if is_retry or connection.vendor != "postgresql":
        return _append_any(drafts, is_retry=is_retry)
    outcomes: dict[int, Outcome] = {
        index: Stored(message, is_duplicate=False)
        for index, message in append_plain(drafts).items()
    }
    _tell([drafts[index] for index in outcomes], list(outcomes.values()))
    rest = [index for index in range(len(drafts)) if index not in outcomes]
    if rest:
        # If this fails, the batch comes again, and what was plain is stored by then.
        outcomes |= zip(rest, _append_any([drafts[i] for i in rest], is_retry=True), strict=True)
    return [outcomes[index] for index in range(len(drafts))]


@transaction.atomic
def _append_any(drafts: Sequence[Draft], *, is_retry: bool) -> Sequence[Outcome]:
    at = now()
    senders = live_senders(drafts, at)
    refusals = refusals_of(drafts, senders)
    accepted = [draft for draft, refusal in zip(drafts, refusals, strict=True) if not refusal]
    conversations, told = locked_conversations({draft.key for draft in accepted}, at)
    for index, draft in enumerate(drafts):
        if not refusals[index] and draft.key not in conversations:
            refusals[index] = ConversationNotFound()
    accepted = [draft for draft in accepted if draft.key in conversations]
    earlier = _earlier(accepted, conversations, is_retry=is_retry)
    places = places_of(accepted, conversations, at)

    fresh: dict[_Identity, _Fresh] = {}
    for index, draft in enumerate(drafts):
        if refusals[index]:
            continue
        identity = _identity_of(draft, conversations)
        if identity in earlier or identity in fresh:
            continue
        try:
            _require_fits(conversations[draft.key], draft, places, at)
            uploads = take_uploads(draft)
        except DomainError as refusal:
            refusals[index] = refusal
            continue
        fresh[identity] = _Fresh(_next_message(conversations[draft.key], draft, at), uploads)
    messages = [one.message for one in fresh.values()]
    told += _note_newcomers(messages, conversations, places)
    told += note_requests(messages, conversations.values())
    touch_inboxes(told)
    _save(messages, conversations.values())
    keep_attachments({one.message: one.uploads for one in fresh.values() if one.uploads})

    outcomes: list[Outcome] = []
    answered: set[_Identity] = set()
    for draft, refused in zip(drafts, refusals, strict=True):
        if refused:
            outcomes.append(refused)
        elif (identity := _identity_of(draft, conversations)) in earlier:
            outcomes.append(Stored(earlier[identity], is_duplicate=True))
        else:
            sender = senders[draft.proof] if draft.proof else None
            state = _state_of(fresh[identity], sender)
            # Two devices may send one message at once, and come in one batch.
            outcomes.append(Stored(state, is_duplicate=identity in answered))
            answered.add(identity)
    _tell(drafts, outcomes)
    return outcomes


def _identity_of(draft: Draft, conversations: Mapping[ConversationKey, Conversation]) -> _Identity:
    return conversations[draft.key].pk, draft.sender_id, draft.client_id


def _state_of(one: _Fresh, sender: Sender | None) -> MessageState:
    return MessageState.of(
        one.message,
        sender=sender.username if sender else None,
        sender_name=sender.name if sender else "",
        attachments=list(map(attachment_state, one.uploads)),
    )


def _earlier(
    drafts: Iterable[Draft],
    conversations: Mapping[ConversationKey, Conversation],
    *,
    is_retry: bool,
) -> dict[_Identity, MessageState]:
    # Read after the locks were granted: a twin that was committed while we
    # waited is seen now.
    known = [draft for draft in drafts if is_retry or not draft.is_first_try]
    if not known:
        return {}
    rows = Message.objects.filter(
        conversation__in={conversations[draft.key].pk for draft in known},
        client_id__in={draft.client_id for draft in known},
    )
    places = {
        (conversation_id, seq): (conversation_id, sender_id, client_id)
        for conversation_id, seq, sender_id, client_id in rows.values_list(
            "conversation_id", "seq", "sender_id", "client_id"
        )
    }
    states = states_of(rows) if places else []
    return {places[int(state.conversation), state.seq]: state for state in states}


def _require_fits(conversation: Conversation, draft: Draft, places: Places, at: datetime) -> None:
    if not (draft.text or draft.raw or draft.attachments):
        raise EmptyMessage
    if conversation.pk in places.parted:
        raise NobodyToTalkTo
    if draft.key.kind != keys.PRIVATE:
        place = places.of(conversation, draft.sender_id)
        is_banned = places.bans(conversation, draft.sender_id)
        policies.require_place(conversation, place, is_banned=is_banned, at=at)
        if place is not None:
            # For what else of theirs is in this batch.
            place.wrote_at = at
    if draft.reply_to is not None and draft.reply_to > conversation.last_seq:
        raise NotSaidYet


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
        entities=entities_of(draft.text),
        raw=draft.raw,
        reply_to=draft.reply_to,
        has_attachments=bool(draft.attachments),
        sent_at=at,
    )


def _save(fresh: Sequence[Message], conversations: Iterable[Conversation]) -> None:
    if not fresh:
        return
    changed = {message.conversation_id for message in fresh}
    insert(fresh, [row for row in conversations if row.pk in changed])


def _note_newcomers(
    fresh: Iterable[Message],
    conversations: Mapping[ConversationKey, Conversation],
    places: Places,
) -> list[tuple[int, InboxChange]]:
    # Who speaks in an open room finds it among the own conversations from then on.
    by_id = {row.pk: row for row in conversations.values() if row.is_open}
    spoke = {
        (message.conversation_id, message.sender_id)
        for message in fresh
        if message.conversation_id in by_id
        and message.sender_id is not None
        and (message.conversation_id, message.sender_id) not in places.participants
    }
    if not spoke:
        return []
    Participant.objects.bulk_create(
        [Participant(conversation_id=room, user_id=member) for room, member in sorted(spoke)]
    )
    for room, count in Counter(room for room, _ in spoke).items():
        by_id[room].members_count += count
        by_id[room].save(update_fields=["members_count"])
    return [(member, InboxChange(str(room), "added")) for room, member in sorted(spoke)]


def _tell(drafts: Sequence[Draft], outcomes: Sequence[Outcome]) -> None:
    # A message that was stored by an earlier try is told again: that try may
    # have died before it told.
    hints = [
        outcome.message.to_update(draft.key.topic, last_seq=outcome.message.seq).to_hint()
        for draft, outcome in zip(drafts, outcomes, strict=True)
        if isinstance(outcome, Stored)
    ]
    if hints:
        publish_on_commit(hints)
