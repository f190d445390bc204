"""What a post said before."""

from snappio.accounts.models import User
from snappio.core.pagination import Page, page_of
from snappio.posts.models import PostRevision
from snappio.posts.models.posts import audience_of
from snappio.posts.queries.posts import require_visible


def revisions_page(
    post_id: int, *, viewer: User | None, limit: int, before: int | None
) -> Page[PostRevision]:
    """Return earlier texts, the latest first, but for those written for others. Two queries.

    Raises `PostNotFound` for a post that the viewer may not see.
    """
    require_visible(post_id, viewer=viewer)
    written_for = audience_of(viewer and viewer.pk, author="post__author", visibility="visibility")
    revisions = PostRevision.objects.filter(written_for, post=post_id).order_by("-pk")
    if before is not None:
        revisions = revisions.filter(pk__lt=before)
    return page_of(revisions, limit)
