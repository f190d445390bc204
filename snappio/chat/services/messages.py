"""Appending messages: the one way by which a message comes into being.

Sockets hand their drafts to a lane (`chat.lanes`), which appends whatever has
queued up in one transaction. Requests append a batch of one. Either way:

    lock and check    conversation rows locked in id order; senders' sessions live,
                      private chats' members still there
    write             seq and revision without gaps, a repeated client id answered
                      with the first message
    tell              after the commit, and only then
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from snappio.accounts.models import Session, User
from snappio.chat import keys, policies
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message, Participant
from snappio.chat.services.rows import insert
from snappio.chat.updates import MessagePosted
from snappio.core.clock import now
from snappio.core.errors import DomainError, NotAuthenticated
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
    is_first_try: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a live session belongs to, and how they are called."""

    user_id: int
    username: str
    name: str


Outcome = Message | DomainError

# (conversation, sender, client id): what makes a message the same message.
_Identity = tuple[int, int | None, str]


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
    conversations = _locked_conversations({draft.key for draft in accepted}, at)
    stored = _earlier(accepted, conversations, is_retry=is_retry)

    fresh: list[Message] = []
    for draft in accepted:
        conversation = conversations[draft.key]
        identity = (conversation.pk, draft.sender_id, draft.client_id)
        if identity not in stored:
            stored[identity] = _next_message(conversation, draft, at)
            fresh.append(stored[identity])
    _save(fresh, conversations.values())
    _note_participants(fresh, conversations)

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


def _refusals(
    drafts: Sequence[Draft], senders: Mapping[UUID, Sender]
) -> Sequence[DomainError | None]:
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


def _locked_conversations(
    wanted: Collection[ConversationKey], at: datetime
) -> dict[ConversationKey, Conversation]:
    texts = {str(key): key for key in wanted}
    found = _lock(texts)
    if len(found) < len(texts):
        _make(texts.keys() - {conversation.key for conversation in found}, at)
        found = _lock(texts)
    return {texts[conversation.key]: conversation for conversation in found}


def _lock(texts: Collection[str]) -> Sequence[Conversation]:
    # In id order, so that two batches never wait for each other in a circle.
    if not texts:
        return []
    locked = Conversation.objects.select_for_update().filter(key__one_of=set(texts))
    return list(locked.only("key", "last_seq", "revision").order_by("pk"))


def _make(texts: Iterable[str], at: datetime) -> None:
    # In order, so that two batches that make the same ones never wait in a circle.
    parsed = {text: ConversationKey.parse(text) for text in sorted(texts)}
    # Another process may make the same one at this moment; the unique key
    # lets one through, and both then lock that row.
    Conversation.objects.bulk_create(
        [
            Conversation(key=text, kind=key.kind, name=key.name, created_at=at, last_message_at=at)
            for text, key in parsed.items()
        ],
        ignore_conflicts=True,
    )
    made = Conversation.objects.filter(key__in=parsed, kind=keys.PRIVATE).values_list("pk", "key")
    Participant.objects.bulk_create(
        [
            Participant(conversation_id=pk, user_id=member, joined_at=at)
            for pk, text in made
            for member in parsed[text].member_ids
        ],
        ignore_conflicts=True,
    )


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
            posted = MessagePosted.of(
                outcome,
                sender=sender.username if sender else None,
                sender_name=sender.name if sender else "",
            )
            hints.append(posted.to_update(draft.key.topic).to_hint())
    if hints:
        publish_on_commit(hints)
