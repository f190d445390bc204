"""Publishing posts."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import IO

from django.db import transaction

from snappio.accounts.entities import entities_of
from snappio.accounts.models import User
from snappio.core.idempotency import IdempotencyKeyReused, hash_of, require_key
from snappio.media.models import Kind
from snappio.media.services import attach_all, store_image
from snappio.posts.errors import NotImages
from snappio.posts.models import Commenting, Post, PostImage, Visibility
from snappio.posts.services.locking import lock_member
from snappio.posts.services.subjects import index_subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenImage:
    """An upload to be shown; ``alt`` None leaves the words that it was uploaded with."""

    media_id: int
    alt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a post is shown; one with a warning is sensitive."""

    is_sensitive: bool = False
    warning: str = ""
    visibility: str = Visibility.PUBLIC
    commenting: str = Commenting.EVERYBODY


PLAIN = Options()


def create_post(
    *,
    author: User,
    content: str,
    upload: IO[bytes] | None = None,
    images: Sequence[ChosenImage] = (),
    options: Options = PLAIN,
    key: str = "",
) -> Post:
    """Publish a text with an upload that comes along, or with images uploaded before.

    An upload is read first, outside of any transaction: that takes a second,
    and files must never depend on a row that rolls back. If the post then does
    not come about, the collector takes the unused upload. The same ``key`` again
    gives the first post, as long as it is there. Raises what
    `media.services.store_image` and `attach_all` do, and `NotImages`.
    """
    require_key(key)
    asked = [content, [astuple(image) for image in images], astuple(options)]
    request_hash = hash_of(asked, upload) if key else ""
    if earlier := _made_before(author, key, request_hash):
        return earlier
    if upload is not None:
        media = store_image(owner=author, file=upload, field="uploadImage")
        images = [ChosenImage(media_id=media.pk)]
    post = Post(
        author=author,
        content=content,
        is_sensitive=options.is_sensitive or bool(options.warning),
        warning=options.warning,
        visibility=options.visibility,
        commenting=options.commenting,
        idempotency_key=key,
        request_hash=request_hash,
    )
    return _publish(post, images)


@transaction.atomic
def _publish(post: Post, images: Sequence[ChosenImage]) -> Post:
    lock_member(post.author)
    # Of two requests at once with the same key, one waited above and sees the other's post.
    if earlier := _made_before(post.author, post.idempotency_key, post.request_hash):
        return earlier

    uploads = attach_all([image.media_id for image in images], owner=post.author)
    if any(media.kind != Kind.IMAGE for media in uploads):
        raise NotImages(fields={"media": [NotImages.detail]})
    post.entities = entities_of(post.content)
    post.save(force_insert=True)
    PostImage.objects.bulk_create(
        PostImage(
            post=post,
            media=media,
            position=position,
            alt=media.alt if image.alt is None else image.alt,
        )
        for position, (media, image) in enumerate(zip(uploads, images, strict=True))
    )
    index_subjects(post)
    return post


def _made_before(author: User, key: str, request_hash: str) -> Post | None:
    earlier = Post.objects.filter(author=author, idempotency_key=key).first() if key else None
    if earlier is not None and earlier.request_hash != request_hash:
        raise IdempotencyKeyReused
    return earlier
