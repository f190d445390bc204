"""Posts and the images they show."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef

from snappio.accounts.models import User
from snappio.core.clock import now
from snappio.media.models import Media

ALT_LENGTH = 1500


class PostQuerySet(models.QuerySet["Post"]):
    """Words for posts."""

    def visible(self) -> "PostQuerySet":
        """Keep those that everybody may see: with an image, of a member who is still here."""
        return self.filter(
            Exists(PostImage.objects.filter(post=OuterRef("pk"))), author__is_active=True
        )

    def by(self, username: str) -> "PostQuerySet":
        """Keep those of the member who is written exactly so."""
        # One value and not a join: otherwise PostgreSQL walks through everybody's
        # posts, newest first, until it has met enough of a quiet member's.
        return self.filter(author=User.objects.named(username).values("pk")[:1])

    def before(self, post_id: int) -> "PostQuerySet":
        """Keep those older than a post."""
        return self.filter(pk__lt=post_id)


class Post(models.Model):
    """What a member shows. Ids grow with time, so the newest has the largest."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="posts", db_index=False
    )
    content = models.TextField()
    created_at = models.DateTimeField(default=now)
    # Null until the author changes the text.
    edited_at = models.DateTimeField(null=True, blank=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["author", "-id"], name="post_of_author")]

    def __str__(self) -> str:
        return f"{self.pk}: {self.content[:40]}"


class PostImage(models.Model):
    """An image of a post; one upload is shown in one place only."""

    # The services delete images before their post, all in one statement; cascades
    # would load every row first. The database itself refuses an image without a post.
    post = models.ForeignKey(
        Post, on_delete=models.DO_NOTHING, related_name="images", db_index=False
    )
    media = models.OneToOneField(Media, on_delete=models.PROTECT, related_name="post_image")
    position = models.PositiveSmallIntegerField(default=0)
    # What it shows, in words, for those who cannot see it.
    alt = models.CharField(max_length=ALT_LENGTH, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "position"], name="post_image_position"),
        ]

    def __str__(self) -> str:
        return f"{self.post_id}/{self.position}"
