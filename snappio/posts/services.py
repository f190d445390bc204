"""Publishing, editing and deleting posts."""

from typing import IO

from django.db import transaction

from snappio.accounts.models import User
from snappio.core.clock import now
from snappio.core.errors import NotAuthenticated
from snappio.media.models import Media
from snappio.media.services import attach, discard, store_image
from snappio.posts import policies
from snappio.posts.errors import PostNotFound
from snappio.posts.models import Post, PostImage


def create_post(*, author: User, content: str, upload: IO[bytes]) -> Post:
    """Publish a text with one image.

    The image is read first, outside of any transaction: that takes a second,
    and files must never depend on a row that rolls back. If the post then does
    not come about, the collector takes the unused upload. Raises what
    `media.services.store_image` does.
    """
    media = store_image(owner=author, file=upload, field="uploadImage")
    return _publish(author=author, content=content, media=media)


@transaction.atomic
def _publish(*, author: User, content: str, media: Media) -> Post:
    # Locked, so that an account being deleted leaves no post behind: either its
    # deletion comes first and is seen here, or it waits and sees this post.
    active = User.objects.active().select_for_update(no_key=True).filter(pk=author.pk)
    if active.first() is None:
        raise NotAuthenticated

    post = Post.objects.create(author=author, content=content)
    attach(media, owner=author)
    PostImage.objects.create(post=post, media=media)
    return post


@transaction.atomic
def edit_post(*, post_id: int, editor: User, content: str | None) -> None:
    """Change the text; None leaves it as it is, and no change is no edit."""
    post = _locked(post_id)
    policies.require_can_edit(editor, post)

    if content is not None and content != post.content:
        post.content, post.edited_at = content, now()
        post.save(update_fields=["content", "edited_at"])


@transaction.atomic
def delete_post(*, post_id: int, remover: User) -> None:
    """Delete a post; its files go right after the commit."""
    post = _locked(post_id)
    policies.require_can_edit(remover, post)

    discard(Media.objects.filter(post_image__post=post))
    PostImage.objects.filter(post=post).delete()
    post.delete()


def delete_posts_of(author: User) -> None:
    """Delete all that a member posted, in the caller's transaction: four statements.

    The caller holds the lock on the member's row, so that no post appears meanwhile.
    """
    discard(Media.objects.filter(post_image__post__author=author))
    PostImage.objects.filter(post__author=author).delete()
    Post.objects.filter(author=author).delete()


def _locked(post_id: int) -> Post:
    post = Post.objects.visible().select_for_update(of=("self",)).filter(pk=post_id).first()
    if post is None:
        raise PostNotFound
    return post
