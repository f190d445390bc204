"""What happens on the instance, for whoever looks around."""

import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, DateTimeField, Exists, OuterRef, QuerySet

from snappio.accounts.models import User
from snappio.core.clock import now
from snappio.core.compiled import compiled, parameter
from snappio.core.pagination import LARGEST_ID, Page, decode_numbers, encode_cursor
from snappio.posts.models import Like, Post, Visibility
from snappio.posts.queries.posts import ShownPost, posts_among
from snappio.relationships.conditions import Viewer, muted_by

# Of the newest posts so many are ranked, however many there are.
WINDOW = 500
# What one doubling of likes is worth.
DOUBLING = timedelta(hours=12)
# A rank as a whole number for the cursor.
_PARTS = 1_000_000


class Candidate(NamedTuple):
    """A post that may be shown, with what it is ranked by."""

    id: int
    author_id: int
    likes_count: int
    created_at: datetime
    is_liked_by_author: bool


class Ranked(NamedTuple):
    """A candidate's place: the higher rank first, then the newer post."""

    rank: int
    id: int


def explore_page(*, viewer: User | None, limit: int, cursor: str | None) -> Page[ShownPost]:
    """Return recent public posts, the best ranked first. Two queries.

    The cursor names the newest post of the first page, so that later pages rank the
    same posts, and the last place seen. A post that is liked meanwhile may move up
    past the reader, and none comes twice but for likes that are taken back.
    """
    newest, *place = decode_numbers(cursor, count=3) if cursor else (LARGEST_ID,)
    candidates = _candidates(viewer, newest)
    left = [one for one in ranked(candidates) if not place or one < tuple(place)]
    shown = left[:limit]
    posts = posts_among([one.id for one in shown], viewer=viewer)
    if len(left) <= limit:
        return Page(posts, None)
    top = max(candidate.id for candidate in candidates)
    return Page(posts, encode_cursor(top, *shown[-1]))


def ranked(candidates: Iterable[Candidate]) -> list[Ranked]:
    """Return the places of posts, the best first.

    A post's rank is the moment it was published, moved forward by twelve hours for
    each doubling of 1 + likes, the author's own like not counted:

        rank = published / 12 h + log2(1 + likes of others)

    and of the posts of one author the second best falls back by twelve hours, the
    third by twenty-four, and so on, so that nobody fills the page. A member can like
    a post once. What one member can do any number of times (comments, edits,
    looking) moves nothing, and neither does anything that the reader did.
    """
    alone = sorted(((_rank(one), one.id, one.author_id) for one in candidates), reverse=True)
    better: Counter[int] = Counter()
    places = []
    for rank, post_id, author_id in alone:
        places.append(Ranked(int((rank - better[author_id]) * _PARTS), post_id))
        better[author_id] += 1
    return sorted(places, reverse=True)


def _rank(post: Candidate) -> float:
    likes = post.likes_count - post.is_liked_by_author
    return post.created_at.timestamp() / DOUBLING.total_seconds() + math.log2(1 + likes)


def _candidates(viewer: User | None, newest: int) -> list[Candidate]:
    rows = _recent(is_for_member=viewer is not None).rows(
        viewer=viewer and viewer.pk, newest=newest, at=now()
    )
    return [Candidate._make(row) for row in rows]


@compiled
def _recent(*, is_for_member: bool) -> QuerySet[Post, Any]:
    viewer: Viewer = parameter("viewer", BigIntegerField()) if is_for_member else None
    posts = Post.objects.visible_to(viewer).filter(
        visibility=Visibility.PUBLIC,
        author__is_private=False,
        # Whom strangers come across.
        author__is_discoverable=True,
        pk__lte=parameter("newest", BigIntegerField()),
    )
    if is_for_member:
        muted = muted_by(viewer, "author", at=parameter("at", DateTimeField()))
        posts = posts.exclude(muted).exclude(author=viewer)
    own_like = Exists(Like.objects.filter(post=OuterRef("pk"), member=OuterRef("author")))
    columns = ("pk", "author", "likes_count", "created_at", own_like)
    return posts.order_by("-pk").values_list(*columns)[:WINDOW]
