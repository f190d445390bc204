"""What members say about a post."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from snappio.core.clock import now
from snappio.posts.models.posts import MadeOnce, Post
from snappio.relationships.conditions import Viewer, blocked_with


class CommentQuerySet(models.QuerySet["Comment"]):
    """Words for comments."""

    def visible_to(self, viewer: Viewer) -> "CommentQuerySet":
        """Keep those whose author the viewer may hear; who may see the post is asked elsewhere."""
        here = self.filter(author__is_active=True)
        return here if viewer is None else here.exclude(blocked_with(viewer, "author"))


class Comment(MadeOnce):
    """A comment on a post, or an answer to one; counted in `Post.comments_count`."""

    post = models.ForeignKey(
        Post, on_delete=models.DO_NOTHING, related_name="comments", db_index=False
    )
    # The comment that this answers, which itself answers none.
    parent = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, related_name="answers", db_index=False
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    content = models.TextField()
    entities = models.TextField(blank=True)
    # Moved under the lock of the post's row only.
    likes_count = models.PositiveIntegerField(default=0)
    answers_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    edited_at = models.DateTimeField(null=True, blank=True)

    objects = CommentQuerySet.as_manager()

    class Meta(MadeOnce.Meta):
        indexes: ClassVar = [
            models.Index(fields=["post", "-id"], name="comment_of_post"),
            models.Index(
                fields=["post", "-id"], condition=Q(parent=None), name="comment_first_of_post"
            ),
            models.Index(
                fields=["parent", "id"], condition=Q(parent__isnull=False), name="comment_answers"
            ),
            # For the end of an account.
            models.Index(fields=["author"], name="comment_of_author"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.content[:40]}"


class CommentLike(models.Model):
    """A member likes a comment; counted in `Comment.likes_count`."""

    comment = models.ForeignKey(Comment, on_delete=models.DO_NOTHING, related_name="likes")
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "comment"], name="comment_like_once"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} likes {self.comment_id}"
