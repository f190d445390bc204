"""How chat may refuse.

NotFound
├── ConversationNotFound    absent, or not the viewer's
├── MessageNotFound         no such number, or deleted
├── MemberNotFound          nobody of this name is in it
├── InviteNotFound          unknown, expired, used up, revoked: all alike
├── NobodyToTalkTo          unknown, gone, disabled, oneself: all alike
└── ScheduledMessageNotFound    absent, sent meanwhile, or somebody else's
Forbidden
├── GuestsNotWelcome        a token is needed here
├── NotAParticipant         one may look on, but has no place here
├── NotYourMessage          only who sent it may change it
├── RoleTooLow              not for this role, or not against that one
├── NotInPrivateChats       only groups and rooms can do that
├── Banned                  who is banned is added by nobody
└── Silenced                a moderator has asked for silence
Conflict
├── NotARequest             nothing there waits to be accepted
├── ConversationFull        as many members as it may have
├── RoomExists              an open room has this name
└── TooManyInvites          as many invites as a room may have at once
TooMany
└── SlowMode                the room wants a pause between two messages
InvalidInput
├── BadRoomName             not 1 to 100 characters, or of the server's own kind
├── EmptyMessage            neither words nor an upload
├── TooManyAttachments      more uploads than one message shows
├── BadRetention            messages kept for less or more time than the limits
├── BadSendTime             a message for too soon or too late
├── TooManyScheduled        more messages for later than one member may have
├── BadClientId             an `Idempotency-Key` that cannot name a message
├── NotSaidYet              a place beyond the last message
├── NotAnEmoji              a reaction that is text
├── TooManyPins             more of them than fit at the top
├── TooManyReactions        more kinds of them than anybody reads
├── TooManySubscriptions    more conversations than one socket carries
└── RuleOfOpenRooms         what an open room cannot be
"""

from snappio.core.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany


class ConversationNotFound(NotFound):
    """It does not exist, or the viewer takes no part in it."""

    code = "conversation_not_found"
    detail = "No Conversation matches the given query."


class NobodyToTalkTo(NotFound):
    """No such member, or none who would talk; nobody can tell which."""

    code = "nobody_to_talk_to"
    detail = "There is nobody of this name to talk to."


class GuestsNotWelcome(Forbidden):
    """Only members may enter."""

    code = "guests_not_welcome"
    detail = "Sign in to enter."


class BadRoomName(InvalidInput):
    """A room's name has 1 to 100 characters and does not begin with `~`."""

    code = "bad_room_name"
    detail = "This cannot be the name of a room."


class EmptyMessage(InvalidInput):
    """A message says or shows something."""

    code = "empty_message"
    detail = "This field may not be blank."

    def __init__(self) -> None:
        super().__init__(fields={"text": [self.detail]})


class TooManyAttachments(InvalidInput):
    """A message shows only so many uploads."""

    code = "too_many_attachments"
    detail = "This message has too many attachments."


class BadRetention(InvalidInput):
    """Messages are kept for ever, or for a time within the limits."""

    code = "bad_retention"
    detail = "Messages can be kept for an hour to a year."


class ScheduledMessageNotFound(NotFound):
    """No message of the member's waits under this id, or none any more."""

    code = "scheduled_message_not_found"
    detail = "No ScheduledMessage matches the given query."


class BadSendTime(InvalidInput):
    """A message is scheduled for a time within the limits."""

    code = "bad_send_time"
    detail = "A message can be scheduled a minute to a year ahead."


class TooManyScheduled(InvalidInput):
    """Only so many messages of one member wait at once."""

    code = "too_many_scheduled"
    detail = "You have as many scheduled messages as you can; cancel one first."


class NotAParticipant(Forbidden):
    """Whoever has said nothing in a room has no place in it to keep."""

    code = "not_a_participant"
    detail = "You take no part in this conversation yet."


class NotSaidYet(InvalidInput):
    """Nobody can have read what was not said."""

    code = "not_said_yet"
    detail = "There is no message with this number yet."


class BadClientId(InvalidInput):
    """A client's name for a message has 1 to 64 printable characters."""

    code = "bad_client_id"
    detail = "An Idempotency-Key has 1 to 64 printable ASCII characters."


class MessageNotFound(NotFound):
    """There is no message of this number, or none any more."""

    code = "message_not_found"
    detail = "No Message matches the given query."


class NotYourMessage(Forbidden):
    """Only who sent a message may change it."""

    code = "not_your_message"
    detail = "Only its sender may change a message."


class NotAnEmoji(InvalidInput):
    """A reaction is one emoji."""

    code = "not_an_emoji"
    detail = "A reaction is one emoji."


class TooManyReactions(InvalidInput):
    """A message has only so much room below it."""

    code = "too_many_reactions"
    detail = "This message has too many different reactions."


class TooManyPins(InvalidInput):
    """The top of a conversation has only so much room."""

    code = "too_many_pins"
    detail = "This conversation has as many pins as it can; unpin one first."


class Silenced(Forbidden):
    """May read and not write, until the time is over."""

    code = "silenced"
    detail = "A moderator has silenced you here for a while."


class SlowMode(TooMany):
    """One message, then a pause."""

    code = "slow_mode"
    detail = "This room takes one message from each member in a while."


class TooManySubscriptions(InvalidInput):
    """One socket carries so many conversations; unsubscribe one first."""

    code = "too_many_subscriptions"
    detail = "This socket carries as many conversations as it can."


class NotARequest(Conflict):
    """No stranger asks for anything there, or they were accepted."""

    code = "not_a_request"
    detail = "This conversation does not wait to be accepted."


class MemberNotFound(NotFound):
    """Nobody of this name is in this conversation."""

    code = "member_not_found"
    detail = "Nobody of this name is in this conversation."


class RoleTooLow(Forbidden):
    """Moderators and owners may do it, and only to those below them."""

    detail = "Your role here does not allow this."


class NotInPrivateChats(Forbidden):
    """A private chat is of two members, for ever."""

    code = "not_in_private_chats"
    detail = "This can be done in groups and rooms only."


class Banned(Forbidden):
    """Whoever bans somebody does not mean others to bring them back."""

    code = "banned"
    detail = "This member is banned here; lift the ban first."


class ConversationFull(Conflict):
    """There is no room for one more."""

    code = "conversation_full"
    detail = "There are as many members as there may be."


class RuleOfOpenRooms(InvalidInput):
    """An open room is known by its name, and hides nothing from anybody."""

    code = "rule_of_open_rooms"
    detail = "An open room keeps its name, and shows its history to everybody."


class InviteNotFound(NotFound):
    """No such invite, or none that still opens anything; nobody can tell which."""

    code = "invite_not_found"
    detail = "This invite is not valid, or not any more."


class RoomExists(Conflict):
    """The name of an open room is its address, and this one is taken."""

    code = "room_exists"
    detail = "There is an open room of this name."


class TooManyInvites(Conflict):
    """Invites that nobody can keep count of are not made."""

    code = "too_many_invites"
    detail = "This room has as many invites as it may have; revoke one first."
