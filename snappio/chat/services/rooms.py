"""Making rooms, and coming into them."""

from django.db import IntegrityError, transaction

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.chat.directory import usable_invites
from snappio.chat.errors import BadRoomName, ConversationNotFound, InviteNotFound, RoomExists
from snappio.chat.keys import ConversationKey, room_id_of
from snappio.chat.models import Conversation, Invite, Role, Visibility
from snappio.chat.services.details import Event, record
from snappio.chat.services.groups import take_making
from snappio.chat.services.inboxes import touch_inboxes
from snappio.chat.services.locking import is_banned, place_of
from snappio.chat.services.membership import enter
from snappio.chat.updates import InboxChange

# What the addresses below `rooms/` cannot carry.
_NOT_AN_ADDRESS = frozenset({"join", ".", ".."})


@transaction.atomic
def make_room(
    *,
    maker: User,
    name: str,
    description: str = "",
    visibility: str = Visibility.MEMBERS,
    slow_mode_seconds: int = 0,
    history_for_newcomers: bool = True,
) -> Conversation:
    """Make a room that the maker owns. The name of an open one is its address.

    Raises `BadRoomName`, and `RoomExists` for an open room that is there, also if it
    came into being by somebody writing in it.
    """
    is_open = visibility == Visibility.OPEN
    if is_open and ("/" in name or name in _NOT_AN_ADDRESS):
        raise BadRoomName
    key = ConversationKey.open_room(name) if is_open else ConversationKey.closed_room()
    take_making(maker)
    try:
        with transaction.atomic():
            room = Conversation.objects.create(
                key=str(key),
                kind=keys.ROOM,
                name=name,
                description=description,
                visibility=visibility,
                is_listed=visibility != Visibility.PRIVATE,
                slow_mode_seconds=slow_mode_seconds,
                # Whoever looks into an open room sees everything.
                history_for_newcomers=history_for_newcomers or is_open,
            )
    except IntegrityError:
        raise RoomExists from None
    enter(room, [maker], role=Role.OWNER)
    record(room, [Event("created", maker)])
    touch_inboxes([(maker.pk, InboxChange(str(room.pk), "added"))])
    return room


@transaction.atomic
def join_room(*, member: User, room: Conversation) -> Conversation:
    """Come into a room that any member may join; whoever is in it stays.

    Raises `ConversationNotFound` for one that they may not know of, `ConversationFull`.
    """
    locked = Conversation.objects.select_for_update().get(pk=room.pk)
    if not Conversation.objects.known_to(member).filter(pk=locked.pk).exists():
        raise ConversationNotFound
    _come_in(locked, member)
    return locked


@transaction.atomic
def join_by_invite(*, member: User, code: str, room_id: str | None = None) -> Conversation:
    """Come into the room to which this code invites, or raise `InviteNotFound`.

    So does a code to another room than ``room_id``, if that is given. The code is not
    used up by who is in the room already.
    """
    # PostgreSQL takes no NUL, not even to look for it.
    invites = usable_invites().select_related("conversation")
    found = None if "\0" in code else invites.filter(code=code).first()
    if found is None or room_id not in (None, room_id_of(found.conversation.key)):
        raise InviteNotFound
    room = Conversation.objects.select_for_update().get(pk=found.conversation_id)
    # Uses are counted under the room's lock: the last one is for one.
    invite = usable_invites().filter(pk=found.pk).first()
    if invite is None or is_banned(room, member):
        raise InviteNotFound
    if _come_in(room, member):
        _use(invite)
    return room


def _come_in(room: Conversation, member: User) -> bool:
    if place_of(room, member):
        return False
    enter(room, [member])
    record(room, [Event("joined", member, to=member)])
    touch_inboxes([(member.pk, InboxChange(str(room.pk), "added"))])
    return True


def _use(invite: Invite) -> None:
    if invite.uses_left is not None:
        invite.uses_left -= 1
        invite.save(update_fields=["uses_left"])
