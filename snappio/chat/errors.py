"""How chat may refuse.

NotFound
├── ConversationNotFound    absent, or not the viewer's
├── MessageNotFound         no such number, or deleted
└── NobodyToTalkTo          unknown, gone, disabled, oneself: all alike
Forbidden
├── GuestsNotWelcome        a token is needed here
├── NotAParticipant         one may look on, but has no place here
└── NotYourMessage          only who sent it may change it
InvalidInput
├── BadRoomName             not 1 to 100 characters, or of the server's own kind
├── BadClientId             an `Idempotency-Key` that cannot name a message
├── NotSaidYet              a place beyond the last message
├── NotAnEmoji              a reaction that is text
└── TooManyReactions        more kinds of them than anybody reads
"""

from snappio.core.errors import Forbidden, InvalidInput, NotFound


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
