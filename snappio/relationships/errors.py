"""How relationships may refuse; who is hidden by a block is `UnknownMember`, as who is not there.

NotFound
└── RequestNotFound      this member has not asked to follow
InvalidInput
└── NotYourself          nobody follows, blocks or mutes themselves
Conflict
├── FollowsTooMany       as many are followed or asked as one member may
└── TooManyCloseFriends  likewise
"""

from snappio.core.errors import Conflict, InvalidInput, NotFound


class RequestNotFound(NotFound):
    """No request of this member waits."""

    code = "follow_request_not_found"
    detail = "No follow request matches the given query."


class NotYourself(InvalidInput):
    """What one does to another was tried on oneself."""

    code = "not_yourself"
    detail = "You cannot do this to yourself."


class FollowsTooMany(Conflict):
    """One member follows, or has asked, as many as they may."""

    code = "follows_too_many"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You already follow {limit} members.")


class TooManyCloseFriends(Conflict):
    """One member has as many close friends as they may."""

    code = "too_many_close_friends"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You already have {limit} close friends.")
