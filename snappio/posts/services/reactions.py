"""Liking and keeping posts."""

from django.db import transaction
from django.db.models import F

from snappio.accounts.models import User
from snappio.core import rates
from snappio.core.limits import current_limits
from snappio.posts.errors import TooManyBookmarks
from snappio.posts.models import Bookmark, Like, Post
from snappio.posts.services.locking import lock_member, locked_post


@transaction.atomic
def like_post(*, post_id: int, member: User) -> None:
    """Like a post; once more changes nothing."""
    rates.take("likes", str(member.pk), current_limits().likes_member)
    lock_member(member)
    post = locked_post(post_id, viewer=member)

    _, is_new = Like.objects.get_or_create(post=post, member=member)
    if is_new:
        Post.objects.filter(pk=post.pk).update(likes_count=F("likes_count") + 1)


@transaction.atomic
def unlike_post(*, post_id: int, member: User) -> None:
    """Take a like back; without one nothing changes."""
    post = locked_post(post_id, viewer=member)

    deleted, _ = Like.objects.filter(post=post, member=member).delete()
    if deleted:
        Post.objects.filter(pk=post.pk).update(likes_count=F("likes_count") - 1)


@transaction.atomic
def keep_post(*, post_id: int, member: User) -> None:
    """Bookmark a post; once more changes nothing, not even its place in the list."""
    lock_member(member)
    post = locked_post(post_id, viewer=member)

    _, is_new = Bookmark.objects.get_or_create(post=post, member=member)
    if is_new and Bookmark.objects.filter(member=member).count() > current_limits().bookmarks:
        raise TooManyBookmarks


@transaction.atomic
def let_go_of_post(*, post_id: int, member: User) -> None:
    """Remove a bookmark; without one nothing changes."""
    post = locked_post(post_id, viewer=member)

    Bookmark.objects.filter(post=post, member=member).delete()
