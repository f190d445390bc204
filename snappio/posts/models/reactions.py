"""What members do with a post without a word."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from snappio.core.clock import now
from snappio.posts.models.posts import Post


class Like(models.Model):
    """A member likes a post; counted in `Post.likes_count`."""

    # As everywhere in posts: the services delete what hangs on a post first.
    post = models.ForeignKey(
        Post, on_delete=models.DO_NOTHING, related_name="likes", db_index=False
    )
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "post"], name="like_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["post", "-id"], name="like_of_post")]

    def __str__(self) -> str:
        return f"{self.member_id} likes {self.post_id}"


class Bookmark(models.Model):
    """A member keeps a post for themselves; nobody else learns of it."""

    post = models.ForeignKey(Post, on_delete=models.DO_NOTHING, related_name="bookmarks")
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "post"], name="bookmark_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["member", "-id"], name="bookmark_of_member")]

    def __str__(self) -> str:
        return f"{self.member_id} keeps {self.post_id}"
