"""What was said about a post."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import BooleanField, Exists, OuterRef, Value

from snappio.accounts.models import User
from snappio.core.pagination import Page, encode_cursor
from snappio.posts.errors import CommentNotFound
from snappio.posts.models import Comment, CommentLike, Post
from snappio.posts.models.comments import CommentQuerySet
from snappio.posts.queries.posts import require_visible


class ShownComment(NamedTuple):
    """A comment with what is shown of its author, and whether the viewer likes it."""

    id: int
    post: int
    parent: int | None
    username: str
    name: str
    content: str
    # As JSON text; empty for none.
    entities: str
    created_at: datetime
    edited_at: datetime | None
    likes_count: int
    answers_count: int
    liked: bool


# In the order of `ShownComment`.
_COMMENT = (
    "pk",
    "post",
    "parent",
    "author__username",
    "author__name",
    "content",
    "entities",
    "created_at",
    "edited_at",
    "likes_count",
    "answers_count",
)


def comments_page(
    post_id: int, *, viewer: User | None, parent_id: int | None, limit: int, after: int | None
) -> Page[ShownComment]:
    """Return the comments on a post, the newest first, or the answers to one, the oldest first.

    Two queries; ``after`` is the last one seen. Raises `PostNotFound` for a post that
    the viewer may not see.
    """
    require_visible(post_id, viewer=viewer)
    comments = Comment.objects.filter(post=post_id, parent=parent_id)
    if parent_id is None:
        comments = comments.order_by("-pk")
        comments = comments if after is None else comments.filter(pk__lt=after)
    else:
        comments = comments.order_by("pk")
        comments = comments if after is None else comments.filter(pk__gt=after)
    found = _shown(comments, viewer, limit + 1)
    rows = found[:limit]
    return Page(rows, encode_cursor(rows[-1].id) if len(found) > limit else None)


def get_comment(comment_id: int, *, viewer: User | None) -> ShownComment:
    """Return one comment under a post that the viewer may see, or raise `CommentNotFound`."""
    posts = Post.objects.visible_to(viewer and viewer.pk).filter(pk=OuterRef("post"))
    for comment in _shown(Comment.objects.filter(Exists(posts), pk=comment_id), viewer, 1):
        return comment
    raise CommentNotFound


def _shown(comments: CommentQuerySet, viewer: User | None, count: int) -> list[ShownComment]:
    visible = comments.visible_to(viewer and viewer.pk)
    rows = visible.values_list(*_COMMENT, _liked_by(viewer))[:count]
    return [ShownComment._make(row) for row in rows]


def _liked_by(viewer: User | None) -> Any:
    if viewer is None:
        return Value(value=False, output_field=BooleanField())
    return Exists(CommentLike.objects.filter(comment=OuterRef("pk"), member=viewer))
