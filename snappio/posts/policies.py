"""Who may do what with a post."""

from snappio.accounts.models import User
from snappio.core.errors import Forbidden
from snappio.posts.models import Post


def require_can_edit(member: User, post: Post) -> None:
    """Let the author alone change or delete it."""
    if post.author_id != member.pk:
        raise Forbidden
