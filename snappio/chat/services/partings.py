"""What a block does to the private chat of the two: nothing more is said in it.

What was said stays readable, to both: it was said to both, and one of them may want to
report it. To whoever writes it is as if the other were gone. A block is made under the
lock of the chat, so that nothing is stored behind it.
"""

from collections.abc import Mapping

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.chat.errors import NobodyToTalkTo
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation
from snappio.chat.services.inboxes import touch_inboxes
from snappio.chat.updates import InboxChange, Parting
from snappio.realtime.publishing import publish_on_commit
from snappio.relationships.queries import blocked_pairs_among, is_blocked_between

# What the change of an inbox names where the two have no chat: no conversation.
NONE = "0"


def lock_private_chat(one: User, other: User) -> Conversation | None:
    """Lock the chat of two members in the caller's transaction; return it if there is one.

    Before the members themselves, as everywhere.
    """
    key = ConversationKey.private(one.pk, other.pk)
    return Conversation.objects.select_for_update().filter(key=str(key)).first()


def tell_parting(one: User, other: User, chat: Conversation | None) -> None:
    """Tell both, after the commit, that they are not there for each other any more.

    The old sockets of their chat close. Others look again whose presence they may see.
    """
    changed = InboxChange(str(chat.pk) if chat else NONE, "changed")
    touch_inboxes([(one.pk, changed), (other.pk, changed)])
    if chat is not None:
        topic = ConversationKey.parse(chat.key).topic
        partings = [Parting(str(chat.pk)).to_update(topic, leaver=who.pk) for who in (one, other)]
        publish_on_commit([update.to_hint() for update in partings])


def is_parted(conversation: Conversation) -> bool:
    """Say whether it is a private chat and one of the two blocks the other."""
    if conversation.kind != keys.PRIVATE:
        return False
    return is_blocked_between(*ConversationKey.parse(conversation.key).member_ids)


def require_not_parted(conversation: Conversation) -> None:
    """Raise `NobodyToTalkTo` where it is so."""
    if is_parted(conversation):
        raise NobodyToTalkTo


def parted_among(conversations: Mapping[ConversationKey, Conversation]) -> set[int]:
    """Return the ids of those for which it is so; the caller holds their locks."""
    private = {key: row for key, row in conversations.items() if key.kind == keys.PRIVATE}
    if not private:
        return set()
    # One that is made just now was not there to be locked by a block.
    begun = {
        member for key, row in private.items() if not row.last_seq for member in key.member_ids
    }
    if begun:
        list(User.objects.filter(pk__in=begun).order_by("pk").locked().values_list("pk"))
    parted = blocked_pairs_among({_pair_of(key) for key in private})
    return {row.pk for key, row in private.items() if _pair_of(key) in parted}


def _pair_of(key: ConversationKey) -> tuple[int, int]:
    one, other = key.member_ids
    return one, other
