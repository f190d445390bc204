"""The home feed: those whom a member follows, the tags they follow, and themselves."""

from collections.abc import Iterator
from typing import Any

import orjson
from django.db.models import (
    BigIntegerField,
    CharField,
    DateTimeField,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)

from snappio.accounts.models import User, UserQuerySet
from snappio.core.clock import now
from snappio.core.compiled import JsonList, compiled, parameter
from snappio.core.pagination import Page, encode_cursor
from snappio.feeds.models import FeedPosition, TagFollow
from snappio.posts.models import Post, Visibility
from snappio.posts.queries.posts import ShownPost, posts_among
from snappio.relationships.conditions import blocked_with, followed_by, muted_by
from snappio.relationships.models import CloseFriend, Follow

_VIEWER = parameter("viewer", BigIntegerField())
_BEFORE = parameter("before", BigIntegerField())
_AT = parameter("at", DateTimeField())
# Written into the statement: where it is a parameter, PostgreSQL cannot know that the
# indexes over what is, and is not, for close friends serve.
_CLOSE_FRIENDS = Func(template=f"'{Visibility.CLOSE_FRIENDS.value}'", output_field=CharField())


def home_page(member: User, *, limit: int, before: int | None) -> Page[ShownPost]:
    """Return the newest posts for a member, older than ``before`` if given. Two queries.

    Which posts, is read in one statement, at a cost that grows with how many the
    member follows and not with how much they, or all others, have posted: of the
    authors with the newest posts, one page's number of them, one page's number of
    posts each. Whoever is not among those authors has a page of newer posts above
    every one of theirs. What is for close friends is read likewise, of those who hold
    the member close, so that nothing that is not theirs is looked through.
    """
    count = limit + 1
    sources = _sources(count=count, is_continued=before is not None)
    rows = sources.rows(viewer=member.pk, before=before, at=now())
    ids = sorted(set(_ids(rows)), reverse=True)[:count]
    posts = posts_among(ids[:limit], viewer=member)
    return Page(posts, encode_cursor(ids[limit - 1]) if len(ids) > limit else None)


def position_of(member: User) -> int:
    """Return the newest post that a member has seen in the home feed; 0 for none."""
    seen = FeedPosition.objects.filter(member=member).values_list("post_id", flat=True)
    return seen.first() or 0


def _ids(rows: list[tuple[Any, ...]]) -> Iterator[int]:
    for row in rows:
        followed, close, own, tagged = (orjson.loads(source or "[]") for source in row)
        for (ids,) in (*followed, *close, *tagged):
            yield from (post_id for (post_id,) in ids or ())
        yield from (post_id for (post_id,) in own)


@compiled
def _sources(*, count: int, is_continued: bool) -> QuerySet[User, Any]:
    older = Q(pk__lt=_BEFORE) if is_continued else Q()
    own = Post.objects.filter(older, author=_VIEWER).order_by("-pk")[:count]
    member: UserQuerySet = User.objects.filter(pk=_VIEWER)
    return member.values_list(
        _newest_of_followed(older, count),
        _newest_for_close_friends(older, count),
        JsonList(own, "pk"),
        _newest_of_tags(older, count),
    )


def _newest_of_followed(older: Q, count: int) -> JsonList:
    posts = Post.objects.filter(older).exclude(visibility=_CLOSE_FRIENDS).order_by("-pk")
    follows = Follow.objects.accepted().filter(follower=_VIEWER, followed__is_active=True)
    heard = follows.exclude(muted_by(_VIEWER, "followed", at=_AT))
    return _newest_of_each(posts, heard, "followed", count)


def _newest_for_close_friends(older: Q, count: int) -> JsonList:
    posts = Post.objects.filter(older, visibility=_CLOSE_FRIENDS).order_by("-pk")
    holding = CloseFriend.objects.filter(
        followed_by(_VIEWER, "owner"), friend=_VIEWER, owner__is_active=True
    )
    heard = holding.exclude(muted_by(_VIEWER, "owner", at=_AT))
    return _newest_of_each(posts, heard, "owner", count)


def _newest_of_each(
    posts: QuerySet[Post], relations: QuerySet[Any], author: str, count: int
) -> JsonList:
    newest = Subquery(posts.filter(author=OuterRef(author)).values("pk")[:1])
    authors = relations.order_by(newest.desc(nulls_last=True)).values(author)[:count]
    each = JsonList(posts.filter(author=OuterRef("pk"))[:count], "pk")
    return JsonList(User.objects.filter(pk__in=authors), each)


def _newest_of_tags(older: Q, count: int) -> JsonList:
    public = Post.objects.filter(
        older,
        tags__tag=OuterRef("tag"),
        visibility=Visibility.PUBLIC,
        author__is_active=True,
        author__is_private=False,
    ).exclude(blocked_with(_VIEWER, "author") | muted_by(_VIEWER, "author", at=_AT))
    each = JsonList(public.order_by("-pk")[:count], "pk")
    return JsonList(TagFollow.objects.filter(member=_VIEWER), each)
