"""What a member wants to see besides members, and how far they have seen it."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from snappio.core.clock import now
from snappio.posts.models.subjects import TAG_LENGTH


class TagFollow(models.Model):
    """A member wants to see what everybody posts under a tag."""

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # In the form that `PostTag` keeps.
    tag = models.CharField(max_length=TAG_LENGTH)
    created_at = models.DateTimeField(default=now)

    objects: ClassVar[models.Manager["TagFollow"]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "tag"], name="tag_follow_once"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} follows #{self.tag}"


class FeedPosition(models.Model):
    """The newest post that a member has seen in the home feed, on whichever device."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="+"
    )
    # A number and no reference: the post may go, the position stays.
    post_id = models.BigIntegerField()

    objects: ClassVar[models.Manager["FeedPosition"]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.member_id} at {self.post_id}"
