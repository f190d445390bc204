"""Where the live streams read what they missed (`realtime.updates.Source`)."""

from collections.abc import Collection, Mapping, Sequence

from snappio.chat import keys
from snappio.chat.keys import ConversationKey, inbox_topic, key_of_topic, member_of_topic
from snappio.chat.models import Ban, Conversation, Inbox, Message
from snappio.chat.queries import states_of
from snappio.chat.updates import UNKNOWN_CHANGE, ConversationState, MessageState
from snappio.core.clock import now
from snappio.realtime.updates import Missed, Position


class ChatSource:
    """Conversations: their messages, and what they are."""

    def positions(self, topics: Collection[str]) -> Mapping[str, Position]:
        """Return the positions of those conversations that exist."""
        by_key = {key_of_topic(topic): topic for topic in topics}
        rows = Conversation.objects.filter(key__in=by_key).values_list(
            "key", "revision", "last_seq"
        )
        return {by_key[key]: Position(revision, seq) for key, revision, seq in rows}

    def missed(self, topic: str, after: Position, limit: int) -> Missed:
        """Return the messages that are new or changed since, in their present state."""
        conversation = Conversation.objects.filter(key=key_of_topic(topic)).first()
        if conversation is None:
            return Missed([], after)
        # The position first, then the rows up to it: what is committed between
        # the reads is left for the next time, not skipped.
        messages = Message.objects.filter(conversation=conversation)
        fresh = states_of(
            messages.filter(seq__gt=after.seq, seq__lte=conversation.last_seq).order_by("seq")[
                :limit
            ]
        )
        room = limit - len(fresh)
        # On every page: who was put out must not hear the first of several either.
        may_bar = conversation.details_revision > after.revision
        if not room:
            revision = _revision_after(after.revision, fresh)
            return _missed(topic, fresh, Position(revision, fresh[-1].seq), may_bar=may_bar)
        changed = states_of(
            messages.filter(
                seq__lte=after.seq,
                revision__gt=after.revision,
                revision__lte=conversation.revision,
            ).order_by("revision")[:room]
        )
        if len(changed) == room:
            reached = Position(changed[-1].revision, conversation.last_seq)
            return _missed(topic, [*fresh, *changed], reached, may_bar=may_bar)
        reached = Position(conversation.revision, conversation.last_seq)
        missed = _missed(topic, [*fresh, *changed], reached, may_bar=may_bar)
        if not may_bar:
            return missed
        state = ConversationState.of(conversation, UNKNOWN_CHANGE)
        updates = [*missed.updates, state.to_update(topic, last_seq=reached.seq)]
        return Missed(updates, reached, may_bar=True)

    def may_read(self, topic: str, member_ids: Collection[int], after: Position) -> Collection[int]:
        """Return those who are in it; of an open room, all who are not banned.

        Not who came, or came back, behind ``after`` without a right to what was said
        there: their place begins later.

        A private chat's two always may: who has declined may still look at it with
        an old socket, and newer ones leave it on hearing of the change of the inbox.
        """
        key = ConversationKey.parse(key_of_topic(topic))
        if key.kind == keys.PRIVATE:
            return set(member_ids) & set(key.member_ids)
        conversation = Conversation.objects.filter(key=key_of_topic(topic)).first()
        if conversation is None or conversation.is_open:
            bans = Ban.objects.in_force(at=now()).filter(conversation=conversation)
            banned = bans.filter(user__in=member_ids).values_list("user", flat=True)
            return set(member_ids) - set(banned)
        places = conversation.participants.filter(user__in=member_ids, first_seq__lte=after.seq + 1)
        return set(places.values_list("user", flat=True))


def _revision_after(revision: int, states: Sequence[MessageState]) -> int:
    # As far as nothing but these was changed. Behind the first message that was
    # edited since, changes of others may lie: those are read, and told again, when
    # all that is new has been told.
    for state in states:
        if state.revision != revision + 1:
            break
        revision += 1
    return revision


def _missed(
    topic: str, states: Sequence[MessageState], reached: Position, *, may_bar: bool
) -> Missed:
    updates = [state.to_update(topic, last_seq=reached.seq) for state in states]
    return Missed(updates, reached, may_bar)


class InboxSource:
    """Members' lists of conversations: only that they changed, for whoever listens reads them."""

    def positions(self, topics: Collection[str]) -> Mapping[str, Position]:
        """Return how often each list has changed."""
        member_ids = list(map(member_of_topic, topics))
        rows = Inbox.objects.filter(user__in=member_ids).values_list("user", "revision")
        return {inbox_topic(member_id): Position(revision, 0) for member_id, revision in rows}

    def missed(self, topic: str, after: Position, limit: int) -> Missed:
        """Return the position that the list has reached, and nothing else."""
        return Missed([], self.positions([topic]).get(topic, after))

    def may_read(self, topic: str, member_ids: Collection[int], after: Position) -> Collection[int]:
        """Return the one whose list it is."""
        return set(member_ids) & {member_of_topic(topic)}
