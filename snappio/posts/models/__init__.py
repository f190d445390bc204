"""What posts keep: texts with their images, what they name, and what people do with them."""

from snappio.posts.models.comments import Comment, CommentLike
from snappio.posts.models.posts import (
    Commenting,
    Post,
    PostImage,
    PostQuerySet,
    PostRevision,
    Visibility,
)
from snappio.posts.models.reactions import Bookmark, Like
from snappio.posts.models.subjects import PostMention, PostTag

__all__ = [
    "Bookmark",
    "Comment",
    "CommentLike",
    "Commenting",
    "Like",
    "Post",
    "PostImage",
    "PostMention",
    "PostQuerySet",
    "PostRevision",
    "PostTag",
    "Visibility",
]
