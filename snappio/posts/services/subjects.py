"""Keeping what a post names where it is looked for: by tag, by member."""

from collections.abc import Iterator

import orjson

from snappio.accounts.entities import tag_identity
from snappio.accounts.models import User
from snappio.core.limits import current_limits
from snappio.posts.models import Post, PostMention, PostTag


def index_subjects(post: Post) -> None:
    """Store the tags and the members that a new post names, in the caller's transaction.

    Asks nothing for a text that names none. A name that nobody has is only a word.
    """
    tags = dict.fromkeys(map(tag_identity, _values(post, "hashtag")))
    PostTag.objects.bulk_create(
        PostTag(post=post, tag=tag) for tag in list(tags)[: current_limits().tags_per_post]
    )
    if names := set(_values(post, "mention")):
        members = User.objects.active().filter(username__in=names)
        PostMention.objects.bulk_create(PostMention(post=post, member=member) for member in members)


def reindex_subjects(post: Post) -> None:
    """Store them anew after an edit."""
    PostTag.objects.filter(post=post).delete()
    PostMention.objects.filter(post=post).delete()
    index_subjects(post)


def _values(post: Post, kind: str) -> Iterator[str]:
    entities = orjson.loads(post.entities) if post.entities else []
    return (entity["value"] for entity in entities if entity["type"] == kind)
