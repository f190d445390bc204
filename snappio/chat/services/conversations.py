"""Opening conversations, and locking them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import transaction

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.chat.acquaintances import acquainted_among
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Participant, Visibility
from snappio.chat.queries import conversation_with_key, partner_for
from snappio.chat.services.inboxes import touch_inboxes
from snappio.chat.services.requests import come_back
from snappio.chat.updates import InboxChange
from snappio.core import rates
from snappio.core.clock import now
from snappio.core.limits import current_limits


@transaction.atomic
def open_private_chat(*, opener: User, username: str) -> Conversation:
    """Return the chat with the member of this name, making it if it is new.

    Raises `NobodyToTalkTo` for oneself, for whoever is not there and across a block, and
    `TooMany` for a new one with yet another stranger. Old sockets make chats by their
    first message, which must not fail: they are not counted.
    """
    partner = partner_for(opener.pk, username)
    key = ConversationKey.private(opener.pk, partner.pk)
    if conversation_with_key(key) is None and not acquainted_among({(opener.pk, partner.pk)}):
        rates.take("chats:strangers", str(opener.pk), current_limits().stranger_chats)

    conversations, told = locked_conversations({key}, now())
    touch_inboxes(told)
    conversation = conversations[key]
    come_back(conversation, opener)
    return conversation


def locked_conversations(
    wanted: Collection[ConversationKey], at: datetime
) -> tuple[dict[ConversationKey, Conversation], list[tuple[int, InboxChange]]]:
    """Lock these conversations, in the caller's transaction; make those that are new.

    Groups and rooms with members are made by somebody, not by a message: where there
    is none, there is none in the answer either. Returns also what is to be told of
    those that are new.
    """
    texts = {str(key): key for key in wanted}
    found = _lock(texts)
    missing = texts.keys() - {conversation.key for conversation in found}
    makeable = {text for text in missing if not texts[text].has_members}
    told = []
    if makeable:
        told = _make(makeable, at)
        found = _lock(texts)
    return {texts[conversation.key]: conversation for conversation in found}, told


# What appending reads and moves.
_WRITTEN = (
    "key",
    "kind",
    "visibility",
    "last_seq",
    "revision",
    "members_count",
    "slow_mode_seconds",
    "is_request",
)


def _lock(texts: Collection[str]) -> Sequence[Conversation]:
    # In id order, so that two batches never wait for each other in a circle.
    if not texts:
        return []
    locked = Conversation.objects.select_for_update().filter(key__one_of=set(texts))
    return list(locked.only(*_WRITTEN).order_by("pk"))


def _make(texts: Iterable[str], at: datetime) -> list[tuple[int, InboxChange]]:
    # In order, so that two batches that make the same ones never wait in a circle.
    parsed = {text: ConversationKey.parse(text) for text in sorted(texts)}
    # Another process may make the same one at this moment; the unique key
    # lets one through, and both then lock that row.
    Conversation.objects.bulk_create(
        [
            Conversation(
                key=text,
                kind=key.kind,
                name=key.name,
                visibility=Visibility.OPEN if key.is_by_name else Visibility.PRIVATE,
                members_count=len(key.member_ids),
                created_at=at,
                last_message_at=at,
            )
            for text, key in parsed.items()
        ],
        ignore_conflicts=True,
    )
    # Another process may have made some of them; who makes the participants tells of it.
    made = Conversation.objects.filter(
        key__in=parsed, kind=keys.PRIVATE, participants=None
    ).values_list("pk", "key")
    places = [(pk, member) for pk, text in made for member in parsed[text].member_ids]
    if places:
        Participant.objects.bulk_create(
            [
                Participant(conversation_id=pk, user_id=member, joined_at=at)
                for pk, member in places
            ],
            ignore_conflicts=True,
        )
    return [(member, InboxChange(str(pk), "added")) for pk, member in places]
