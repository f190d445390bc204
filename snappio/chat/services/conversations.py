"""Opening conversations and keeping one's place in them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import transaction

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.chat.errors import NotAParticipant, NotSaidYet
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Participant
from snappio.chat.queries import partner_named
from snappio.core.clock import now


@transaction.atomic
def open_private_chat(*, opener: User, username: str) -> Conversation:
    """Return the chat with the member of this name, making it if it is new.

    Raises `NobodyToTalkTo` for oneself and for whoever is not there.
    """
    partner = partner_named(username)
    key = ConversationKey.private(opener.pk, partner.pk)

    return locked_conversations({key}, now())[key]


@transaction.atomic
def mark_read(*, conversation: Conversation, reader: User, seq: int) -> int:
    """Remember that the reader has read up to ``seq``, and return how far they are.

    It never moves back. Raises `NotSaidYet` beyond the last message, and
    `NotAParticipant` for somebody who only looks on.
    """
    if seq > Conversation.objects.values_list("last_seq", flat=True).get(pk=conversation.pk):
        raise NotSaidYet
    places = Participant.objects.filter(conversation=conversation, user=reader)

    places.filter(read_seq__lt=seq).update(read_seq=seq)

    read_seq = places.values_list("read_seq", flat=True).first()
    if read_seq is None:
        raise NotAParticipant
    return read_seq


def locked_conversations(
    wanted: Collection[ConversationKey], at: datetime
) -> dict[ConversationKey, Conversation]:
    """Lock these conversations, in the caller's transaction; make those that are new."""
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
