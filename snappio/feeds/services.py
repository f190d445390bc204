"""Following tags, and keeping the place in the home feed."""

from django.db import transaction
from django.db.models import Max

from snappio.accounts.entities import tag_identity
from snappio.accounts.models import User
from snappio.core.limits import current_limits
from snappio.feeds.errors import TagNotFound, TooManyTags
from snappio.feeds.models import FeedPosition, TagFollow
from snappio.posts.models import Post
from snappio.posts.services.locking import lock_member


@transaction.atomic
def follow_tag(*, member: User, written: str) -> None:
    """Follow a tag, whether anybody has used it yet or not; once more changes nothing."""
    tag = require_tag(written)
    lock_member(member)

    _, is_new = TagFollow.objects.get_or_create(member=member, tag=tag)
    if is_new and TagFollow.objects.filter(member=member).count() > current_limits().tags_followed:
        raise TooManyTags


def unfollow_tag(*, member: User, written: str) -> None:
    """Follow a tag no more; of one that is not followed nothing changes."""
    TagFollow.objects.filter(member=member, tag=require_tag(written)).delete()


def require_tag(written: str) -> str:
    """Return a tag in the form that is kept, or raise `TagNotFound` for what cannot be one."""
    tag = tag_identity(written)
    if not tag:
        raise TagNotFound
    return tag


@transaction.atomic
def move_position(*, member: User, post_id: int) -> int:
    """Say that a member has seen the home feed up to a post; return how far they have seen it.

    It only ever moves forward, as devices report in any order, and not past the
    newest post there is.
    """
    lock_member(member)
    newest = Post.objects.aggregate(newest=Max("pk"))["newest"] or 0

    position, _ = FeedPosition.objects.get_or_create(member=member, defaults={"post_id": 0})
    position.post_id = max(position.post_id, min(post_id, newest))
    position.save(update_fields=["post_id"])
    return position.post_id


def forget_member(member: User) -> None:
    """Delete what a member follows and has seen, in the caller's transaction.

    The caller holds the lock on the member's row.
    """
    TagFollow.objects.filter(member=member).delete()
    FeedPosition.objects.filter(member=member).delete()
