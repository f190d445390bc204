"""What members are to each other; each row says it one way, from the first to the second."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from snappio.core.clock import now


def _member(related_name: str) -> Any:
    # Rows of members are never deleted, and every index below begins with one of the
    # two: one more for each key would only cost.
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name=related_name,
        db_index=False,
    )


class FollowQuerySet(models.QuerySet["Follow"]):
    """Words for follows."""

    def accepted(self) -> "FollowQuerySet":
        """Keep those that hold."""
        return self.filter(accepted_at__isnull=False)

    def requested(self) -> "FollowQuerySet":
        """Keep those that a private member has not answered."""
        return self.filter(accepted_at__isnull=True)

    def either_way(self, one_id: int, other_id: int) -> "FollowQuerySet":
        """Keep what either of the two has of the other."""
        return self.filter(
            Q(follower=one_id, followed=other_id) | Q(follower=other_id, followed=one_id)
        )

    def touching(self, member_id: int) -> "FollowQuerySet":
        """Keep those from and to a member."""
        return self.filter(Q(follower=member_id) | Q(followed=member_id))


class Follow(models.Model):
    """One member wants to see another's posts: the other has accepted, or is asked."""

    follower = _member("follows")
    followed = _member("follows_of")
    created_at = models.DateTimeField(default=now)
    # Null while it is a request to a private member.
    accepted_at = models.DateTimeField(null=True, blank=True)

    objects = FollowQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["follower", "followed"], name="follow_once"),
            models.CheckConstraint(condition=~Q(follower=F("followed")), name="follow_not_oneself"),
        ]
        indexes: ClassVar = [
            # Lists of followers, of followed and of requests, newest first.
            models.Index(
                fields=["followed", "-id"],
                condition=Q(accepted_at__isnull=False),
                name="follow_followers",
            ),
            models.Index(
                fields=["follower", "-id"],
                condition=Q(accepted_at__isnull=False),
                name="follow_following",
            ),
            models.Index(
                fields=["followed", "-id"],
                condition=Q(accepted_at__isnull=True),
                name="follow_requests",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.followed_id}"


class FollowCounts(models.Model):
    """How many follow a member and are followed, since thousands are not counted for each look.

    Moved under the lock of the member's row only, so it is exact. No row means none.
    """

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="follow_counts",
    )
    followers = models.PositiveIntegerField(default=0)
    following = models.PositiveIntegerField(default=0)

    objects: ClassVar[models.Manager["FollowCounts"]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.member_id}: {self.followers} followers, {self.following} followed"


class BlockQuerySet(models.QuerySet["Block"]):
    """Words for blocks."""

    def either_way(self, one_id: int, other_id: int) -> "BlockQuerySet":
        """Keep those between the two, whoever made them."""
        return self.filter(
            Q(blocker=one_id, blocked=other_id) | Q(blocker=other_id, blocked=one_id)
        )


class Block(models.Model):
    """The two do not exist for each other, whichever of them wanted it."""

    blocker = _member("blocks")
    blocked = _member("blocks_of")
    created_at = models.DateTimeField(default=now)

    objects = BlockQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["blocker", "blocked"], name="block_once"),
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="block_not_oneself"),
        ]
        indexes: ClassVar = [
            # It acts both ways, so it is looked up both ways.
            models.Index(fields=["blocked", "blocker"], name="block_of_blocked"),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"


class MuteQuerySet(models.QuerySet["Mute"]):
    """Words for mutes."""

    def in_force(self, *, at: datetime) -> "MuteQuerySet":
        """Keep those that are not over."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=at))


class Mute(models.Model):
    """One member does not want to hear of another, who never learns of it."""

    muter = _member("mutes")
    muted = _member("mutes_of")
    created_at = models.DateTimeField(default=now)
    # Null is for ever.
    until = models.DateTimeField(null=True, blank=True)

    objects = MuteQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["muter", "muted"], name="mute_once"),
            models.CheckConstraint(condition=~Q(muter=F("muted")), name="mute_not_oneself"),
        ]
        indexes: ClassVar = [
            # For the end of the muted member's account.
            models.Index(fields=["muted"], name="mute_of_muted"),
        ]

    def __str__(self) -> str:
        return f"{self.muter_id} mutes {self.muted_id}"


class CloseFriend(models.Model):
    """Somebody who sees what the owner shows to close friends only; they are not told."""

    owner = _member("close_friends")
    friend = _member("close_friend_of")
    created_at = models.DateTimeField(default=now)

    objects: ClassVar[models.Manager["CloseFriend"]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "friend"], name="close_friend_once"),
            models.CheckConstraint(
                condition=~Q(owner=F("friend")), name="close_friend_not_oneself"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner", "-id"], name="close_friend_list"),
            models.Index(fields=["friend"], name="close_friend_of_friend"),
        ]

    def __str__(self) -> str:
        return f"{self.friend_id} is close to {self.owner_id}"
