"""Posts as everybody sees them, read flat: two statements, however many posts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from snappio.accounts.models import User
from snappio.accounts.names import is_well_formed
from snappio.core.pagination import Page, encode_cursor
from snappio.posts.errors import PostNotFound
from snappio.posts.models import Post, PostImage, PostQuerySet


@dataclass(frozen=True, slots=True)
class ShownImage:
    """An image of a post; its renditions as `Media` keeps them, the largest first."""

    alt: str
    width: int
    height: int
    blurhash: str
    renditions: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ShownPost:
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

_POST = ("pk", "author__username", "author__name", "content", "created_at", "edited_at")
_IMAGE = ("alt", "media__width", "media__height", "media__blurhash", "media__renditions")


def posts_page(
    *, limit: int, username: str | None = None, before: int | None = None
) -> Page[ShownPost]:
    """Return the newest visible posts, of one member if named, older than ``before`` if given."""
    posts = Post.objects.visible()
    if username is not None:
        # What cannot be a name need not be looked for (and may hold a NUL, at
        # which PostgreSQL's driver raises).
        if not is_well_formed(username):
            return Page([], None)
        posts = posts.by(username)
    if before is not None:
        posts = posts.before(before)
    # One more than asked for tells whether there is a next page.
    found = _shown(posts.order_by("-pk")[: limit + 1])
    rows = found[:limit]
    return Page(rows, encode_cursor(rows[-1].id) if len(found) > limit else None)


def get_post(post_id: int) -> ShownPost:
    """Return one visible post, or raise `PostNotFound`."""
    found = _shown(Post.objects.visible().filter(pk=post_id))
    if not found:
        raise PostNotFound
    return found[0]


def _shown(posts: PostQuerySet) -> list[ShownPost]:
    rows = list(posts.values_list(*_POST))
    images = _images_of([row[0] for row in rows])
    return [
        ShownPost(pk, username, name, content, created_at, edited_at, images[pk])
        for pk, username, name, content, created_at, edited_at in rows
    ]


def _images_of(post_ids: Sequence[int]) -> Mapping[int, Sequence[ShownImage]]:
    images: defaultdict[int, list[ShownImage]] = defaultdict(list)
    rows = PostImage.objects.filter(post__in=post_ids).order_by("post", "position")
    for post_id, *image in rows.values_list("post_id", *_IMAGE):
        images[post_id].append(ShownImage(*image))
    return images


def post_ids_of(author: User) -> list[int]:
    """Return the ids of a member's posts, newest first. One query."""
    ids = Post.objects.filter(author=author).order_by("-pk").values_list("pk", flat=True)
    return list(ids[:IDS_AT_MOST])


def posts_count(author: User) -> int:
    """Return how many posts a member has."""
    count: int = Post.objects.filter(author=author).count()
    return count
