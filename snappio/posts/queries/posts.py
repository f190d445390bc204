"""Posts as their viewers see them, read flat: one statement, however many posts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Exists,
    OuterRef,
    QuerySet,
    TextField,
    Value,
)

from snappio.accounts.models import User
from snappio.accounts.names import is_well_formed
from snappio.core.compiled import JsonList, compiled, parameter, parameters
from snappio.core.pagination import Page, encode_cursor
from snappio.posts.errors import PostNotFound
from snappio.posts.models import Bookmark, Like, Post, PostImage, Visibility
from snappio.relationships.conditions import Viewer


class ShownImage(NamedTuple):
    """An image of a post; its renditions as `Media` keeps them, the largest first."""

    alt: str
    width: int
    height: int
    blurhash: str
    renditions: Sequence[Mapping[str, Any]]


class ShownPost(NamedTuple):
    """A post with what is shown of its author, and what the viewer did with it."""

    id: int
    username: str
    name: str
    content: str
    created_at: datetime
    edited_at: datetime | None
    # As JSON text; empty for none.
    entities: str
    is_sensitive: bool
    warning: str
    visibility: str
    commenting: str
    likes_count: int
    comments_count: int
    liked: bool
    bookmarked: bool
    images: Sequence[ShownImage]


# The existing app asks for all ids of its member at once; nobody takes ten thousand
# photographs, and a list without an end is a way to be flooded.
IDS_AT_MOST = 10_000

# In the order of `ShownPost` and `ShownImage`.
_POST = (
    "pk",
    "author__username",
    "author__name",
    "content",
    "created_at",
    "edited_at",
    "entities",
    "is_sensitive",
    "warning",
    "visibility",
    "commenting",
    "likes_count",
    "comments_count",
)
_IMAGE = ("alt", "media__width", "media__height", "media__blurhash", "media__renditions")


def posts_page(
    *, viewer: User | None, limit: int, username: str | None = None, before: int | None = None
) -> Page[ShownPost]:
    """Return the newest posts that the viewer may see.

    Of one member if named, older than ``before`` if given.
    """
    # What cannot be a name need not be looked for (and may hold a NUL, at
    # which PostgreSQL's driver raises).
    if username is not None and not is_well_formed(username):
        return Page([], None)
    # One more than asked for tells whether there is a next page.
    newest = _newest(
        count=limit + 1,
        is_of_one=username is not None,
        is_continued=before is not None,
        is_for_member=viewer is not None,
    )
    found = newest.rows(username=username, before=before, viewer=viewer and viewer.pk)
    rows = [_shown(row) for row in found[:limit]]
    return Page(rows, encode_cursor(rows[-1].id) if len(found) > limit else None)


def posts_among(post_ids: Sequence[int], *, viewer: User | None) -> Sequence[ShownPost]:
    """Return those of the posts that the viewer may see, in the order of the ids given."""
    if not post_ids:
        return []
    found = _among(is_for_member=viewer is not None).rows(
        post_ids=post_ids, viewer=viewer and viewer.pk
    )
    posts = {row[0]: _shown(row) for row in found}
    return [posts[post_id] for post_id in post_ids if post_id in posts]


def get_post(post_id: int, *, viewer: User | None) -> ShownPost:
    """Return one post that the viewer may see, or raise `PostNotFound`."""
    one = _one(is_for_member=viewer is not None)
    for row in one.rows(post_id=post_id, viewer=viewer and viewer.pk):
        return _shown(row)
    raise PostNotFound


def require_visible(post_id: int, *, viewer: User | None) -> None:
    """Raise `PostNotFound` unless the viewer may see the post."""
    visible = _is_there(is_for_member=viewer is not None)
    if not visible.rows(post_id=post_id, viewer=viewer and viewer.pk):
        raise PostNotFound


@compiled
def _newest(
    *, count: int, is_of_one: bool, is_continued: bool, is_for_member: bool
) -> QuerySet[Post, Any]:
    viewer = _viewer(is_for_member=is_for_member)
    posts = Post.objects.visible_to(viewer)
    if is_of_one:
        posts = posts.by(parameter("username", TextField()))
    if is_continued:
        posts = posts.before(parameter("before", BigIntegerField()))
    return _described(posts.order_by("-pk")[:count], viewer)


@compiled
def _among(*, is_for_member: bool) -> QuerySet[Post, Any]:
    viewer = _viewer(is_for_member=is_for_member)
    among = Post.objects.filter(pk__in=parameters("post_ids", BigIntegerField()))
    return _described(among.visible_to(viewer), viewer)


@compiled
def _one(*, is_for_member: bool) -> QuerySet[Post, Any]:
    viewer = _viewer(is_for_member=is_for_member)
    named = Post.objects.filter(pk=parameter("post_id", BigIntegerField()))
    return _described(named.visible_to(viewer), viewer)


@compiled
def _is_there(*, is_for_member: bool) -> QuerySet[Post, Any]:
    visible = Post.objects.visible_to(_viewer(is_for_member=is_for_member))
    return visible.filter(pk=parameter("post_id", BigIntegerField())).values_list("pk")


def _viewer(*, is_for_member: bool) -> Viewer:
    # Two shapes: the anonymous have no relations that could be asked about.
    return parameter("viewer", BigIntegerField()) if is_for_member else None


def _described(posts: QuerySet[Post], viewer: Viewer) -> QuerySet[Post, Any]:
    # In the same statement: a second one costs more than all that Python does with the rows.
    images = PostImage.objects.filter(post=OuterRef("pk")).order_by("position")
    return posts.values_list(
        *_POST, _made(Like, viewer), _made(Bookmark, viewer), JsonList(images, *_IMAGE)
    )


def _made(model: type[Like | Bookmark], viewer: Viewer) -> Exists | Value:
    if viewer is None:
        return Value(value=False, output_field=BooleanField())
    return Exists(model.objects.filter(post=OuterRef("pk"), member=viewer))


def _shown(row: Sequence[Any]) -> ShownPost:
    images = [ShownImage(*image) for image in orjson.loads(row[-1])]
    return ShownPost._make((*row[:-1], images))


def post_ids_of(author: User) -> list[int]:
    """Return the ids of a member's posts, newest first. One query."""
    ids = Post.objects.filter(author=author).order_by("-pk").values_list("pk", flat=True)
    return list(ids[:IDS_AT_MOST])


def posts_count(author: User) -> int:
    """Return how many posts a member has, but for those that only close friends know of."""
    posts = Post.objects.filter(author=author).exclude(visibility=Visibility.CLOSE_FRIENDS)
    count: int = posts.count()
    return count
