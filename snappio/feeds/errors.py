"""How feeds may refuse.

NotFound
└── TagNotFound     what cannot be a tag
Conflict
└── TooManyTags     as many as one may follow
"""

from snappio.core.errors import Conflict, NotFound


class TagNotFound(NotFound):
    """No post could have this tag."""

    code = "tag_not_found"
    detail = "No such tag."


class TooManyTags(Conflict):
    """As many tags as one may follow."""

    code = "too_many_tags"
    detail = "You follow as many tags as one may. Unfollow some first."
