"""What services lock, always in this order: the member, the post, its comments."""

from snappio.accounts.models import User
from snappio.core.errors import NotAuthenticated
from snappio.posts.errors import PostNotFound
from snappio.posts.models import Post


def lock_member(member: User) -> None:
    """Lock who does something, so that an account being deleted leaves nothing of it behind.

    Either the deletion comes first and is seen here, or it waits and sees what was
    done. Raises `NotAuthenticated` for a member who is gone.
    """
    if User.objects.active().locked().filter(pk=member.pk).first() is None:
        raise NotAuthenticated


def locked_post(post_id: int, *, viewer: User) -> Post:
    """Return a post that the viewer may see, locked, or raise `PostNotFound`."""
    post = Post.objects.visible_to(viewer.pk).locked().filter(pk=post_id).first()
    if post is None:
        raise PostNotFound
    return post
