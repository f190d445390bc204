"""Who may do what with posts and comments; who may see them is asked by `visible_to`."""

from snappio.accounts.models import User
from snappio.core.errors import Forbidden
from snappio.posts.errors import CommentsRestricted
from snappio.posts.models import Comment, Commenting, Post
from snappio.relationships.models import Follow


def require_can_edit(member: User, post: Post) -> None:
    """Let the author alone change or delete it."""
    if post.author_id != member.pk:
        raise Forbidden


def require_can_comment(member: User, post: Post) -> None:
    """Let in whom the author of the post has chosen, and the author always."""
    if post.author_id == member.pk or post.commenting == Commenting.EVERYBODY:
        return
    follows = Follow.objects.accepted().filter(follower=member, followed=post.author_id)
    if post.commenting == Commenting.NOBODY or not follows.exists():
        raise CommentsRestricted


def require_can_edit_comment(member: User, comment: Comment) -> None:
    """Let its author alone change it."""
    if comment.author_id != member.pk:
        raise Forbidden


def require_can_delete_comment(member: User, comment: Comment, post: Post) -> None:
    """Let its author delete it, and the author of the post under which it stands."""
    if member.pk not in {comment.author_id, post.author_id}:
        raise Forbidden
