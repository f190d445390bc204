"""Drafts, and what is asked before one becomes a message.

Who the senders are is asked before the conversations are locked, what their place is
there, after: it may change until then. All is asked for the whole batch at once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from snappio.accounts.models import Session, User
from snappio.chat import keys, policies
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Ban, Conversation, Participant
from snappio.chat.services.partings import parted_among
from snappio.core.errors import DomainError, NotAuthenticated


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that somebody wants to send.

    ``session_id`` and ``sender_id`` are None for guests. A member's without a session
    was scheduled while there was one; the member has to be active still.
    ``is_first_try`` says that the client id was made a moment ago and cannot be
    stored yet, which saves looking for it.
    """

    key: ConversationKey
    sender_id: int | None
    session_id: UUID | None
    client_id: str
    text: str
    raw: str = ""
    reply_to: int | None = None
    # Ids of the sender's uploads, in their order.
    attachments: tuple[int, ...] = ()
    is_first_try: bool = False

    @property
    def proof(self) -> UUID | int | None:
        """What proves who sends it: a session, or the member for what was scheduled."""
        return self.session_id or self.sender_id


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and how they are called."""

    user_id: int
    username: str
    name: str


# By what proves who they are.
Senders = Mapping[UUID | int, Sender]


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a batch's senders in its groups and rooms, and who is parted by a block."""

    participants: Mapping[tuple[int, int], Participant]
    banned: Collection[tuple[int, int]]
    # Private chats between whose two a block is.
    parted: Collection[int]

    def of(self, conversation: Conversation, sender_id: int | None) -> Participant | None:
        """Return the sender's place, or None for one who has none (yet)."""
        return None if sender_id is None else self.participants.get((conversation.pk, sender_id))

    def bans(self, conversation: Conversation, sender_id: int | None) -> bool:
        """Say whether the sender is banned there."""
        return (conversation.pk, sender_id) in self.banned


def live_senders(drafts: Iterable[Draft], at: datetime) -> Senders:
    """Return who the drafts' senders are, by their proof; what proves nothing is not in it."""
    proofs = {draft.proof for draft in drafts}
    return {
        **_session_holders({proof for proof in proofs if isinstance(proof, UUID)}, at),
        **_active_members({proof for proof in proofs if isinstance(proof, int)}),
    }


def _session_holders(sessions: Collection[UUID], at: datetime) -> Senders:
    if not sessions:
        return {}
    rows = (
        Session.objects.live(at=at)
        .filter(pk__one_of=sessions)
        .values_list("pk", "user_id", "user__username", "user__name")
    )
    return {pk: Sender(user_id, username, name) for pk, user_id, username, name in rows}


def _active_members(member_ids: Collection[int]) -> Senders:
    if not member_ids:
        return {}
    rows = User.objects.active().filter(pk__in=member_ids).values_list("pk", "username", "name")
    return {pk: Sender(pk, username, name) for pk, username, name in rows}


def refusals_of(drafts: Sequence[Draft], senders: Senders) -> list[DomainError | None]:
    """Return for each draft why its sender may not write at all, or None."""
    parties = {member for draft in drafts for member in draft.key.member_ids}
    active = _active_among(parties) if parties else set()
    return [_refusal(draft, senders, active) for draft in drafts]


def _active_among(members: set[int]) -> set[int]:
    return set(User.objects.active().filter(pk__one_of=members).values_list("pk", flat=True))


def _refusal(draft: Draft, senders: Senders, active: Collection[int]) -> DomainError | None:
    if draft.proof is not None and draft.proof not in senders:
        return NotAuthenticated()
    try:
        policies.require_can_write(draft.key, sender_id=draft.sender_id, active_members=active)
    except DomainError as refusal:
        return refusal
    return None


def places_of(
    drafts: Iterable[Draft], conversations: Mapping[ConversationKey, Conversation], at: datetime
) -> Places:
    """Return what keeps the senders from writing, or lets them, as it is under the locks."""
    parted = parted_among(conversations)
    asked = {
        (conversations[draft.key].pk, draft.sender_id)
        for draft in drafts
        if draft.key.kind != keys.PRIVATE and draft.sender_id is not None
    }
    if not asked:
        return Places({}, (), parted)
    rooms, senders = {room for room, _ in asked}, {sender for _, sender in asked}
    participants = Participant.objects.filter(
        conversation__pk__one_of=rooms, user__pk__one_of=senders
    )
    banned = Ban.objects.in_force(at=at).filter(
        conversation__pk__one_of=rooms, user__pk__one_of=senders
    )
    return Places(
        {(row.conversation_id, row.user_id): row for row in participants},
        set(banned.values_list("conversation_id", "user_id")),
        parted,
    )
