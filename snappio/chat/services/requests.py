"""Chats that strangers begin: they wait apart until the one who is asked accepts.

    begun       the first message of a chat between strangers; the place of the one who
                is asked, and the conversation, say `is_request`
    accepted    by saying so, by writing or by reacting; both say it no more
    declined    the place is gone, and with it the chat from every list and socket of
                the one who declined; the conversation goes on saying it

Whoever began it notices none of this: what they write is stored, and they are told
neither who reads nor who is there.
"""

from collections.abc import Collection, Iterable

from django.db import transaction

from snappio.accounts.models import User
from snappio.chat import keys, policies
from snappio.chat.acquaintances import acquainted_among
from snappio.chat.errors import NotARequest
from snappio.chat.keys import ConversationKey
from snappio.chat.models import ChatSettings, Conversation, Message, Participant
from snappio.chat.services.inboxes import touch_inboxes
from snappio.chat.services.locking import locked_place
from snappio.chat.updates import InboxChange


@transaction.atomic
def accept_request(*, conversation: Conversation, member: User) -> None:
    """Make a request a chat like any other; one that is already stays so.

    Raises `ConversationNotFound` for who has no place there.
    """
    locked, place = locked_place(conversation, member)
    if policies.require_participant(locked, place).is_request:
        touch_inboxes([accept(locked, member.pk)])


@transaction.atomic
def decline_request(*, conversation: Conversation, member: User) -> None:
    """Have a request out of sight until the member opens the chat themself.

    Raises `NotARequest` where the member was asked nothing.
    """
    place = policies.require_participant(*locked_place(conversation, member))
    if not place.is_request:
        raise NotARequest

    place.delete()
    touch_inboxes([(member.pk, InboxChange(str(conversation.pk), "removed", reason="left"))])


def accept(conversation: Conversation, member_id: int) -> tuple[int, InboxChange]:
    """Accept in the caller's transaction, which holds the conversation's lock.

    Who has declined before has a place again. Returns what is to be told of it.
    """
    conversation.is_request = False
    conversation.save(update_fields=["is_request"])
    places = Participant.objects.filter(conversation=conversation, user=member_id)
    event = "changed"
    if not places.update(is_request=False):
        Participant.objects.create(conversation=conversation, user_id=member_id)
        event = "added"
    return member_id, InboxChange(str(conversation.pk), event)


def accept_by_reacting(conversation: Conversation, member: User) -> None:
    """Accept, under the lock, if the member is the one who is asked."""
    if conversation.is_request and _is_asked(conversation, member.pk):
        touch_inboxes([accept(conversation, member.pk)])


def come_back(conversation: Conversation, opener: User) -> None:
    """Give who has declined, and opens the chat now, their place again.

    It is a request as before: only to look tells the stranger nothing.
    """
    if not conversation.is_request:
        return
    places = Participant.objects.filter(conversation=conversation, user=opener)
    if not places.exists():
        Participant.objects.create(conversation=conversation, user=opener, is_request=True)
        touch_inboxes([(opener.pk, InboxChange(str(conversation.pk), "added"))])


def note_requests(
    fresh: Iterable[Message], conversations: Iterable[Conversation]
) -> list[tuple[int, InboxChange]]:
    """Note what new messages make of the private chats that they are in.

    A first one between strangers begins a request; one by who is asked accepts it.
    Runs under the conversations' locks, before the messages are saved. Costs nothing
    for a chat that is neither new nor a request. Returns what is to be told of it.
    """
    private = {row.pk: row for row in conversations if row.kind == keys.PRIVATE}
    writers: dict[int, set[int]] = {}
    begun: dict[int, int] = {}
    for message in fresh:
        if message.conversation_id in private and message.sender_id is not None:
            writers.setdefault(message.conversation_id, set()).add(message.sender_id)
            if message.seq == 1:
                begun[message.conversation_id] = message.sender_id
    accepted = [
        accept(private[pk], member_id)
        for pk, members in writers.items()
        for member_id in (members if private[pk].is_request else ())
        if _is_asked(private[pk], member_id)
    ]
    # Whoever has answered in the same batch has accepted.
    new = [(private[pk], sender) for pk, sender in begun.items() if len(writers[pk]) == 1]
    return accepted + _begin(new)


def _begin(begun: Collection[tuple[Conversation, int]]) -> list[tuple[int, InboxChange]]:
    if not begun:
        return []
    asked = {row.pk: _other(row, sender) for row, sender in begun}
    known = acquainted_among({(sender, asked[row.pk]) for row, sender in begun})
    welcoming = set(
        ChatSettings.objects.filter(user__in=set(asked.values()), requests=False).values_list(
            "user", flat=True
        )
    )
    told = []
    for conversation, sender in begun:
        member_id = asked[conversation.pk]
        if (sender, member_id) in known or member_id in welcoming:
            continue
        conversation.is_request = True
        conversation.save(update_fields=["is_request"])
        Participant.objects.filter(conversation=conversation, user=member_id).update(
            is_request=True
        )
        told.append((member_id, InboxChange(str(conversation.pk), "changed")))
    return told


def _is_asked(conversation: Conversation, member_id: int) -> bool:
    # Who has declined has no place any more; who began it has one that is no request.
    places = Participant.objects.filter(conversation=conversation, user=member_id)
    return not places.filter(is_request=False).exists()


def _other(conversation: Conversation, member_id: int) -> int:
    one, other = ConversationKey.parse(conversation.key).member_ids
    return other if member_id == one else one
