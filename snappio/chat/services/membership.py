"""Coming into groups and rooms, leaving them, and roles there.

All of it happens under the conversation's lock: two moderators at once see each
other's deeds, and the last free place is given to one.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Case, Value, When

from snappio.accounts.models import User
from snappio.chat import keys, policies
from snappio.chat.errors import (
    Banned,
    ConversationFull,
    MemberNotFound,
    NobodyToTalkTo,
    NotAParticipant,
    NotInPrivateChats,
)
from snappio.chat.models import Ban, Conversation, Participant, Role
from snappio.chat.services.details import Event, record
from snappio.chat.services.inboxes import touch_inboxes
from snappio.chat.services.locking import locked_place
from snappio.chat.updates import InboxChange
from snappio.core.clock import now
from snappio.core.limits import current_limits
from snappio.relationships.conditions import blocked_with


@transaction.atomic
def add_members(*, by: User, conversation: Conversation, usernames: Sequence[str]) -> None:
    """Let a moderator bring members in: all of them, or nobody if one of them cannot come.

    Those who are in it already stay as they are. Raises `NobodyToTalkTo` for names of
    nobody, `Banned`, `ConversationFull`.
    """
    conversation, place = locked_place(conversation, by)
    policies.require_moderator(conversation, place)
    added = _not_yet_in(conversation, members_named(usernames, by=by))
    if not added:
        return
    if Ban.objects.in_force(at=now()).filter(conversation=conversation, user__in=added).exists():
        raise Banned

    enter(conversation, added)
    record(conversation, [Event("added", by, to=member) for member in added])
    added_to = InboxChange(str(conversation.pk), "added")
    touch_inboxes([(member.pk, added_to) for member in added])


@transaction.atomic
def remove_member(*, by: User, conversation: Conversation, username: str) -> None:
    """Let somebody with a higher role put a member out; they may come back as they came."""
    conversation, place = locked_place(conversation, by)
    actor = policies.require_moderator(conversation, place)
    other = place_named(conversation, username)
    policies.require_above(actor, other)

    depart(conversation, other)
    record(conversation, [Event("removed", by, to=other.user, leaver=other.user)])
    touch_inboxes([(other.user_id, InboxChange(str(conversation.pk), "removed", "removed"))])


@transaction.atomic
def leave(*, member: User, conversation: Conversation) -> None:
    """Give up one's place; an owner's role goes on to whoever is there longest."""
    conversation, place = locked_place(conversation, member)
    if conversation.kind == keys.PRIVATE:
        raise NotInPrivateChats
    if place is None:
        raise NotAParticipant

    if conversation.kind == keys.ROOM:
        _keep_silence(place, member)
    changes = step_out(conversation, place, member)
    left = InboxChange(str(conversation.pk), "removed", "left")
    touch_inboxes([*changes, (member.pk, left)])


def step_out(
    conversation: Conversation, place: Participant, member: User
) -> list[tuple[int, InboxChange]]:
    """Take a member's own place away, and tell of it; return whose place changed by it."""
    depart(conversation, place)
    events = [Event("left", member, to=member, leaver=member)]
    heir = _heir_of(conversation) if place.role == Role.OWNER else None
    if heir is None:
        record(conversation, events)
        return []
    heir.role = Role.OWNER
    heir.save(update_fields=["role"])
    record(conversation, [*events, Event("role", member, to=heir.user, detail=Role.OWNER)])
    return [(heir.user_id, InboxChange(str(conversation.pk), "changed"))]


@transaction.atomic
def set_role(*, by: User, conversation: Conversation, username: str, role: Role) -> Participant:
    """Let the owner make somebody a moderator, a member or the next owner; return their place."""
    conversation, place = locked_place(conversation, by)
    actor = policies.require_owner(conversation, place)
    other = place_named(conversation, username)
    policies.require_above(actor, other)
    if other.role == role:
        return other

    other.role = role
    changed, events = [other], [Event("role", by, to=other.user, detail=role)]
    if role == Role.OWNER:
        # There is one owner at a time.
        actor.role = Role.MODERATOR
        changed.append(actor)
        events.append(Event("role", by, to=by, detail=Role.MODERATOR))
    Participant.objects.bulk_update(changed, ["role"])
    record(conversation, events)
    has_changed = InboxChange(str(conversation.pk), "changed")
    touch_inboxes([(row.user_id, has_changed) for row in changed])
    return other


def place_named(conversation: Conversation, username: str) -> Participant:
    """Return the place of the member of this name, or raise `MemberNotFound`."""
    # PostgreSQL takes no NUL, not even to look for it.
    places = conversation.participants.filter(user__deleted_at=None).select_related("user")
    found = None if "\0" in username else places.filter(user__username=username).first()
    if found is None:
        raise MemberNotFound
    return found


def members_named(usernames: Sequence[str], *, by: User) -> list[User]:
    """Return the active members of these names in order of id, or raise `NobodyToTalkTo`.

    Whoever blocks the one who names them, or is blocked by them, looks absent.
    """
    names = set(usernames)
    if any("\0" in name for name in names):
        raise NobodyToTalkTo
    active = User.objects.active().exclude(blocked_with(by.pk, "pk"))
    found = list(active.filter(username__in=names).order_by("pk"))
    if len(found) < len(names):
        raise NobodyToTalkTo
    return found


def enter(conversation: Conversation, members: Sequence[User], *, role: Role = Role.MEMBER) -> None:
    """Give members places; the caller holds the lock, and records and tells it.

    Raises `ConversationFull`, and `NobodyToTalkTo` for one who leaves the instance at
    this moment.
    """
    limits = current_limits()
    most = limits.group_members if conversation.kind == keys.GROUP else limits.room_members
    if conversation.members_count + len(members) > most:
        raise ConversationFull
    at = now()
    Participant.objects.bulk_create(
        [
            Participant(
                conversation=conversation,
                user=member,
                role=role,
                joined_at=at,
                first_seq=1 if conversation.history_for_newcomers else conversation.last_seq + 1,
                read_seq=conversation.last_seq,
                delivered_seq=conversation.last_seq,
                # Or who left and came back would get around the pause of slow mode.
                wrote_at=at if conversation.slow_mode_seconds else None,
            )
            for member in members
        ]
    )
    # Rows refer to them now, so that no account can be closed until this is committed;
    # one that was closed a moment before is seen only now.
    if User.objects.active().filter(pk__in=[member.pk for member in members]).count() < len(
        members
    ):
        raise NobodyToTalkTo
    conversation.members_count += len(members)


def depart(conversation: Conversation, place: Participant) -> None:
    """Take a place away; the caller holds the lock, and records and tells it."""
    place.delete()
    conversation.members_count -= 1


def _not_yet_in(conversation: Conversation, members: Sequence[User]) -> list[User]:
    present = conversation.participants.filter(user__in=members).values_list("user", flat=True)
    is_in = set(present)
    return [member for member in members if member.pk not in is_in]


def _keep_silence(place: Participant, member: User) -> None:
    # Leaving and coming back is no way around a silence: until it is over they stay out.
    until = place.silenced_until
    if until is not None and until > now():
        Ban.objects.update_or_create(
            conversation_id=place.conversation_id,
            user=member,
            defaults={
                "by": member,
                "until": place.silenced_until,
                "reason": "Left while silenced.",
            },
        )


def _heir_of(conversation: Conversation) -> Participant | None:
    # Moderators before members, and nobody who is shut out of the instance before one
    # who can act.
    rank = Case(When(role=Role.MODERATOR, then=Value(0)), default=Value(1))
    others = conversation.participants.select_related("user")
    return others.order_by("-user__is_active", rank, "joined_at", "pk").first()
