"""How posts may refuse.

NotFound
└── PostNotFound    absent, or of a member who is gone
Forbidden           somebody else's post (`policies`)
"""

from snappio.core.errors import NotFound


class PostNotFound(NotFound):
    """No such post that anybody may see."""

    detail = "No Post matches the given query."
