"""Who likes a post, and what a member keeps."""

from snappio.accounts.models import User
from snappio.core.pagination import Page, encode_cursor, page_of
from snappio.posts.models import Bookmark, Like
from snappio.posts.queries.posts import ShownPost, posts_among, require_visible
from snappio.relationships.conditions import blocked_with


def likes_page(post_id: int, *, viewer: User | None, limit: int, before: int | None) -> Page[Like]:
    """Return the likes of a post with their members, the latest first. Two queries.

    Raises `PostNotFound` for a post that the viewer may not see.
    """
    require_visible(post_id, viewer=viewer)
    likes = Like.objects.filter(post=post_id, member__is_active=True).select_related("member")
    if viewer is not None:
        likes = likes.exclude(blocked_with(viewer.pk, "member"))
    if before is not None:
        likes = likes.filter(pk__lt=before)
    return page_of(likes.order_by("-pk"), limit)


def bookmarks_page(member: User, *, limit: int, before: int | None) -> Page[ShownPost]:
    """Return what a member keeps and may still see, the latest kept first. Two queries.

    A page may hold fewer than asked for: what is hidden by now is left out of it.
    """
    bookmarks = Bookmark.objects.filter(member=member).order_by("-pk")
    if before is not None:
        bookmarks = bookmarks.filter(pk__lt=before)
    found = list(bookmarks.values_list("pk", "post")[: limit + 1])
    shown = found[:limit]
    posts = posts_among([post_id for _, post_id in shown], viewer=member)
    return Page(posts, encode_cursor(shown[-1][0]) if len(found) > limit else None)
