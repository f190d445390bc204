"""Posts as everybody sees them, read flat: one statement, however many posts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db.models import BigIntegerField, OuterRef, QuerySet, TextField

from snappio.accounts.models import User
from snappio.accounts.names import is_well_formed
from snappio.core.compiled import JsonList, compiled, parameter
from snappio.core.pagination import Page, encode_cursor
from snappio.posts.errors import PostNotFound
from snappio.posts.models import Post, PostImage, PostQuerySet


class ShownImage(NamedTuple):
    """An image of a post; its renditions as `Media` keeps them, the largest first."""

    alt: str
    width: int
    height: int
    blurhash: str
    renditions: Sequence[Mapping[str, Any]]


class ShownPost(NamedTuple):
    """A post with what is shown of its author."""

    id: int
    username: str
    name: str
    content: str
    created_at: datetime
    edited_at: datetime | None
    images: Sequence[ShownImage]


# The existing app asks for all ids of its member at once; nobody takes ten thousand
# photographs, and a list without an end is a way to be flooded.
IDS_AT_MOST = 10_000

# In the order of `ShownPost` and `ShownImage`.
_POST = ("pk", "author__username", "author__name", "content", "created_at", "edited_at")
_IMAGE = ("alt", "media__width", "media__height", "media__blurhash", "media__renditions")


def posts_page(
    *, limit: int, username: str | None = None, before: int | None = None
) -> Page[ShownPost]:
    """Return the newest visible posts, of one member if named, older than ``before`` if given."""
    # What cannot be a name need not be looked for (and may hold a NUL, at
    # which PostgreSQL's driver raises).
    if username is not None and not is_well_formed(username):
        return Page([], None)
    # One more than asked for tells whether there is a next page.
    newest = _newest(
        count=limit + 1, is_of_one=username is not None, is_continued=before is not None
    )
    found = newest.rows(username=username, before=before)
    rows = [_shown(row) for row in found[:limit]]
    return Page(rows, encode_cursor(rows[-1].id) if len(found) > limit else None)


def get_post(post_id: int) -> ShownPost:
    """Return one visible post, or raise `PostNotFound`."""
    for row in _one().rows(post_id=post_id):
        return _shown(row)
    raise PostNotFound


@compiled
def _newest(*, count: int, is_of_one: bool, is_continued: bool) -> QuerySet[Post, Any]:
    posts = Post.objects.visible()
    if is_of_one:
        posts = posts.by(parameter("username", TextField()))
    if is_continued:
        posts = posts.before(parameter("before", BigIntegerField()))
    return _with_images(posts.order_by("-pk")[:count])


@compiled
def _one() -> QuerySet[Post, Any]:
    return _with_images(Post.objects.visible().filter(pk=parameter("post_id", BigIntegerField())))


def _with_images(posts: PostQuerySet) -> QuerySet[Post, Any]:
    # In the same statement: a second one costs more than all that Python does with the rows.
    images = PostImage.objects.filter(post=OuterRef("pk")).order_by("position")
    return posts.values_list(*_POST, JsonList(images, *_IMAGE))


def _shown(row: Sequence[Any]) -> ShownPost:
    images = [ShownImage(*image) for image in orjson.loads(row[-1])]
    return ShownPost._make((*row[:-1], images))


def post_ids_of(author: User) -> list[int]:
    """Return the ids of a member's posts, newest first. One query."""
    ids = Post.objects.filter(author=author).order_by("-pk").values_list("pk", flat=True)
    return list(ids[:IDS_AT_MOST])


def posts_count(author: User) -> int:
    """Return how many posts a member has."""
    count: int = Post.objects.filter(author=author).count()
    return count
