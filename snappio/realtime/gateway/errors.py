"""How the socket itself may refuse.

InvalidInput
└── BadFrame            not JSON, or no frame of the agreed version
Forbidden
└── OtherMember         the token is of somebody else than who opened the socket
Conflict
└── EpochChanged        the database was restored; what the client has seen may be gone
TooMany
└── TooManyRequests     more unanswered than allowed
"""

from snappio.core.errors import Conflict, Forbidden, InvalidInput, TooMany


class BadFrame(InvalidInput):
    """Says what is wrong with it, in English."""

    code = "bad_frame"
    detail = "This is no frame that the server knows."


class OtherMember(Forbidden):
    """A socket belongs to one member from its beginning to its end."""

    code = "other_member"
    detail = "The token belongs to another member."


class EpochChanged(Conflict):
    """Revisions from before mean nothing now."""

    code = "epoch_changed"
    detail = "The database was restored. Begin again without revisions."


class TooManyRequests(TooMany):
    """Await answers first."""

    code = "too_many_requests"
    detail = "Too many requests are unanswered."

    def __init__(self) -> None:
        super().__init__(retry_after=0)
