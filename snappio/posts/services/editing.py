"""Changing posts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from snappio.accounts.entities import entities_of
from snappio.accounts.models import User
from snappio.core.clock import now
from snappio.core.limits import current_limits
from snappio.media.models import Media
from snappio.media.services import attach_all, discard, duplicate
from snappio.posts import policies
from snappio.posts.errors import PostChanged, PostNotFound, TooManyEdits, WrongAlts
from snappio.posts.models import Post, PostImage, PostRevision, Visibility
from snappio.posts.services.locking import locked_post
from snappio.posts.services.subjects import reindex_subjects

# Not the counters, which others move.
_CHANGED = (
    "content",
    "entities",
    "edited_at",
    "is_sensitive",
    "warning",
    "visibility",
    "commenting",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChanges:
    """What is to be different; None leaves what is there."""

    content: str | None = None
    # One for each image, in their order.
    alts: Sequence[str] | None = None
    # A warning makes sensitive; not to be sensitive takes the warning away.
    is_sensitive: bool | None = None
    warning: str | None = None
    visibility: str | None = None
    commenting: str | None = None


def edit_post(*, post_id: int, editor: User, changes: PostChanges) -> None:
    """Change a post; no change of the text is no edit, and every earlier text is kept.

    Where somebody who could see the post now cannot, its images get addresses that
    nobody knows yet; the old files go. They are copied first, outside of any
    transaction, as uploads are. Raises `PostChanged` if the images were replaced
    by another edit meanwhile.
    """
    copies = _copies_needed(post_id, editor, changes)
    _change(post_id, editor, changes, copies)


def _copies_needed(post_id: int, editor: User, changes: PostChanges) -> Mapping[int, Media]:
    post = Post.objects.visible_to(editor.pk).filter(pk=post_id).first()
    if post is None:
        raise PostNotFound
    policies.require_can_edit(editor, post)
    if not _shuts_out(post, changes):
        return {}
    images = PostImage.objects.filter(post=post).select_related("media")
    return {image.media_id: duplicate(image.media) for image in images}


def _shuts_out(post: Post, changes: PostChanges) -> bool:
    # Followers and close friends are different people: neither includes the other.
    return changes.visibility not in {None, post.visibility, Visibility.PUBLIC}


@transaction.atomic
def _change(post_id: int, editor: User, changes: PostChanges, copies: Mapping[int, Media]) -> None:
    post = locked_post(post_id, viewer=editor)
    policies.require_can_edit(editor, post)

    if changes.content is not None and changes.content != post.content:
        _replace_text(post, changes.content)
    if changes.alts is not None:
        _describe_images(post, changes.alts)
    if _shuts_out(post, changes):
        _replace_images(post, copies)
    _set_options(post, changes)
    post.save(update_fields=_CHANGED)


def _replace_text(post: Post, content: str) -> None:
    if PostRevision.objects.filter(post=post).count() >= current_limits().edits_per_post:
        raise TooManyEdits
    PostRevision.objects.create(
        post=post,
        content=post.content,
        entities=post.entities,
        visibility=post.visibility,
        written_at=post.edited_at or post.created_at,
    )
    post.content, post.entities, post.edited_at = content, entities_of(content), now()
    reindex_subjects(post)


def _describe_images(post: Post, alts: Sequence[str]) -> None:
    images = list(PostImage.objects.filter(post=post).order_by("position"))
    if len(images) != len(alts):
        raise WrongAlts(fields={"alts": [WrongAlts.detail]})
    for image, alt in zip(images, alts, strict=True):
        image.alt = alt
    PostImage.objects.bulk_update(images, ["alt"])


def _replace_images(post: Post, copies: Mapping[int, Media]) -> None:
    images = list(PostImage.objects.filter(post=post))
    if {image.media_id for image in images} != copies.keys():
        raise PostChanged
    attach_all([media.pk for media in copies.values()], owner=post.author)
    for image in images:
        image.media = copies[image.media_id]
    PostImage.objects.bulk_update(images, ["media"])
    discard(Media.objects.among(copies))


def _set_options(post: Post, changes: PostChanges) -> None:
    if changes.is_sensitive is not None:
        post.is_sensitive = changes.is_sensitive
        if not changes.is_sensitive:
            post.warning = ""
    if changes.warning is not None:
        post.warning = changes.warning
        post.is_sensitive = post.is_sensitive or bool(changes.warning)
    if changes.visibility is not None:
        post.visibility = changes.visibility
    if changes.commenting is not None:
        post.commenting = changes.commenting
