"""The message that somebody changes, under its conversation's lock."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from snappio.accounts.models import User
from snappio.chat import policies
from snappio.chat.errors import MessageNotFound
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation, Message, Participant
from snappio.chat.queries import states_of
from snappio.chat.services.locking import locked_place
from snappio.chat.services.partings import require_not_parted
from snappio.chat.updates import MessageState
from snappio.core.clock import now
from snappio.realtime.publishing import publish_on_commit


@dataclass(slots=True)
class Target:
    """A message that can be changed, where it stands, and who wants to change it."""

    conversation: Conversation
    message: Message
    member: User
    # None for whoever only looks on.
    place: Participant | None
    at: datetime

    def require_can_write(self) -> None:
        """Raise unless the member may write there; a pause between messages is not asked for."""
        require_can_write(self.member, self.conversation, self.place, self.at)

    def save(self, *changed: str) -> None:
        """Save these fields of the message under the conversation's next revision."""
        self.conversation.revision += 1
        self.conversation.save(update_fields=["revision"])
        self.message.revision = self.conversation.revision
        self.message.save(update_fields=["revision", *changed])

    def state(self) -> MessageState:
        """Return what the message is now."""
        (state,) = states_of(Message.objects.filter(pk=self.message.pk))
        return state

    def tell(self) -> MessageState:
        """Tell listeners what the message is now, after the commit."""
        state = self.state()
        topic = ConversationKey.parse(self.conversation.key).topic
        update = state.to_update(topic, last_seq=self.conversation.last_seq)
        publish_on_commit([update.to_hint()])
        return state


def locked_target(*, member: User, conversation: Conversation, seq: int) -> Target:
    """Lock the conversation in the caller's transaction and return the message in it.

    Raises `ConversationNotFound` or `MessageNotFound` for what the member cannot see,
    the latter also for what is deleted, and for notices, which nobody changes.
    """
    locked, place = locked_place(conversation, member)
    message = _changeable(locked, place).filter(seq=seq).first()
    if message is None:
        raise MessageNotFound
    return Target(locked, message, member, place, now())


def require_can_write(
    member: User, conversation: Conversation, place: Participant | None, at: datetime
) -> None:
    """Raise unless the member, who has this place there, may write; slow mode is not asked."""
    key = ConversationKey.parse(conversation.key)
    active = User.objects.active().filter(pk__in=[member.pk, *key.member_ids])
    policies.require_can_write(
        key, sender_id=member.pk, active_members=set(active.values_list("pk", flat=True))
    )
    require_not_parted(conversation)
    policies.require_not_silenced(place, at=at)


def _changeable(conversation: Conversation, place: Participant | None) -> QuerySet[Message]:
    said = Message.objects.filter(
        conversation=conversation, deleted_at=None, kind=Message.Kind.MESSAGE
    )
    return said.filter(seq__gte=place.first_seq) if place else said
