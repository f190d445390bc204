"""How posts may refuse.

NotFound
├── PostNotFound        absent, or hidden from the viewer
└── CommentNotFound     absent, or hidden, or of a post that is
Forbidden               somebody else's post or comment (`policies`)
└── CommentsRestricted  the author of the post wants no comment from this member
InvalidInput
├── NotImages           an upload that is no image
├── WrongAlts           not one description for each image
└── AnswerToAnswer      comments are answered one level deep
Conflict
├── PostChanged         its images were replaced meanwhile
├── TooManyEdits        as often edited as a post may be
└── TooManyBookmarks    as many as one may keep
"""

from snappio.core.errors import Conflict, Forbidden, InvalidInput, NotFound


class PostNotFound(NotFound):
    """No such post that the viewer may see."""

    detail = "No Post matches the given query."


class CommentNotFound(NotFound):
    """No such comment that the viewer may see."""

    code = "comment_not_found"
    detail = "No such comment."


class CommentsRestricted(Forbidden):
    """The author has chosen who may comment, and this member is not among them."""

    code = "comments_restricted"
    detail = "The author of this post does not take comments from you."


class NotImages(InvalidInput):
    """A post shows images and nothing else."""

    code = "not_images"
    detail = "Only images can be shown in a post."


class WrongAlts(InvalidInput):
    """Images are described all at once, in their order."""

    code = "wrong_alts"
    detail = "Give one text for each image, in their order; it may be empty."


class AnswerToAnswer(InvalidInput):
    """An answer is answered by commenting under the same comment."""

    code = "answer_to_answer"
    detail = "This comment is an answer itself. Answer the comment above it."


class PostChanged(Conflict):
    """The post has changed between two steps of an edit."""

    code = "post_changed"
    detail = "The post was changed meanwhile. Try again."


class TooManyEdits(Conflict):
    """Every earlier text is kept, so there is an end to them."""

    code = "too_many_edits"
    detail = "This post has been edited as often as a post may be."


class TooManyBookmarks(Conflict):
    """As many bookmarks as one may keep."""

    code = "too_many_bookmarks"
    detail = "You keep as many bookmarks as one may. Remove some first."
