"""A conversation under its lock, with the place of whoever asks for it.

Whoever reads, writes or changes something there has to see it: this is asked here,
where nobody can leave or be banned meanwhile.
"""

from snappio.accounts.models import User
from snappio.chat import keys, policies
from snappio.chat.errors import ConversationNotFound
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Ban, Conversation, Participant
from snappio.core.clock import now


def locked_place(
    conversation: Conversation, member: User
) -> tuple[Conversation, Participant | None]:
    """Lock a conversation in the caller's transaction; return it with the member's place.

    There is no place for whoever looks into an open room, nor for whoever has declined
    a private chat. Raises `ConversationNotFound` for whoever cannot see it.
    """
    locked = Conversation.objects.select_for_update().filter(pk=conversation.pk).first()
    if locked is None:
        raise ConversationNotFound
    place = place_of(locked, member)
    if locked.kind == keys.PRIVATE:
        if member.pk not in ConversationKey.parse(locked.key).member_ids:
            raise ConversationNotFound
        return locked, place
    policies.require_can_enter(locked, place, is_banned=is_banned(locked, member))
    return locked, place


def place_of(conversation: Conversation, member: User) -> Participant | None:
    """Return a member's place, or None."""
    return conversation.participants.filter(user=member).first()


def is_banned(conversation: Conversation, member: User) -> bool:
    """Say whether a ban keeps the member out now."""
    bans = Ban.objects.in_force(at=now())
    return bans.filter(conversation=conversation, user=member).exists()
