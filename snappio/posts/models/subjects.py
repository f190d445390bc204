"""What posts name: tags and members."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from snappio.posts.models.posts import Post

# Folding may lengthen a tag; as written it has a hundred characters at most.
TAG_LENGTH = 300


class PostTag(models.Model):
    """A tag that a post has, in the one form that all its spellings share."""

    post = models.ForeignKey(Post, on_delete=models.DO_NOTHING, related_name="tags", db_index=False)
    tag = models.CharField(max_length=TAG_LENGTH)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "tag"], name="post_tag_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["tag", "-post"], name="post_tag_newest")]

    def __str__(self) -> str:
        return f"#{self.tag} at {self.post_id}"


class PostMention(models.Model):
    """A member whom a post names."""

    post = models.ForeignKey(
        Post, on_delete=models.DO_NOTHING, related_name="mentions", db_index=False
    )
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "member"], name="post_mention_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["member", "-post"], name="post_mention_newest")]

    def __str__(self) -> str:
        return f"{self.member_id} at {self.post_id}"
