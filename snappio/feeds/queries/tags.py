"""What is posted under a tag, and which tags a member follows."""

from snappio.accounts.models import User
from snappio.core.clock import now
from snappio.core.pagination import Page, encode_cursor
from snappio.feeds.models import TagFollow
from snappio.posts.models import Post
from snappio.posts.queries.posts import ShownPost, posts_among
from snappio.relationships.conditions import muted_by


def tag_page(tag: str, *, viewer: User | None, limit: int, before: int | None) -> Page[ShownPost]:
    """Return the newest posts under a tag that the viewer may see. Two queries."""
    posts = Post.objects.visible_to(viewer and viewer.pk).filter(tags__tag=tag)
    if viewer is not None:
        posts = posts.exclude(muted_by(viewer.pk, "author", at=now()))
    if before is not None:
        posts = posts.before(before)
    ids = list(posts.order_by("-pk").values_list("pk", flat=True)[: limit + 1])
    shown = posts_among(ids[:limit], viewer=viewer)
    return Page(shown, encode_cursor(ids[limit - 1]) if len(ids) > limit else None)


def tags_followed_by(member: User) -> list[str]:
    """Return the tags that a member follows, in their order; there is a limit to them."""
    follows = TagFollow.objects.filter(member=member).order_by("tag")
    return list(follows.values_list("tag", flat=True))
