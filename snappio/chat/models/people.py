"""Who is in a conversation, and as what."""

from datetime import UTC, datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from snappio.chat.models.conversations import Conversation
from snappio.core.clock import now
from snappio.core.ids import secret_name

# `secret_name` gives 22 characters.
CODE_LENGTH = 22
# What `muted_until` says where no end was given.
FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)


class Role(models.TextChoices):
    """What a member may do there; each may do what the next may."""

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"


class Participant(models.Model):
    """A member who is in a conversation now; whoever leaves has no row any more."""

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="participants"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="participations"
    )
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=now)
    # The first message that is theirs to see: newcomers may begin where they came.
    first_seq = models.BigIntegerField(default=1)
    # Everything up to here was read; sending reads one's own message.
    read_seq = models.BigIntegerField(default=0)
    # Everything up to here has reached one of their devices.
    delivered_seq = models.BigIntegerField(default=0)
    # No notifications until then.
    muted_until = models.DateTimeField(null=True)
    # May read and not write until then; moderators say so.
    silenced_until = models.DateTimeField(null=True)
    # When they last wrote; slow mode counts from it.
    wrote_at = models.DateTimeField(null=True)
    # A stranger began this private chat, and the member has not accepted it yet.
    is_request = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="participant_once"),
        ]
        indexes: ClassVar = [
            # Lists of members, page by page.
            models.Index(fields=["conversation", "id"], name="participant_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"

    def is_muted(self, *, at: datetime) -> bool:
        """Say whether the member wants no notifications at that time."""
        return self.muted_until is not None and self.muted_until > at

    def is_silenced(self, *, at: datetime) -> bool:
        """Say whether a moderator lets the member not write at that time."""
        return self.silenced_until is not None and self.silenced_until > at


class BanQuerySet(models.QuerySet["Ban"]):
    """Words for bans."""

    def in_force(self, *, at: datetime) -> "BanQuerySet":
        """Keep those that hold at that time."""
        return self.filter(Q(until=None) | Q(until__gt=at))


class Ban(models.Model):
    """A member who may not come back."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="bans")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversation_bans"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    # None is for ever.
    until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)

    objects = BanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="ban_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} out of {self.conversation_id}"


class Invite(models.Model):
    """A link by which members come into a room; revoking it deletes the row."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="invites")
    code = models.CharField(max_length=CODE_LENGTH, unique=True, default=secret_name)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    # None is any number.
    uses_left = models.IntegerField(null=True)

    def __str__(self) -> str:
        return f"invite {self.pk} to {self.conversation_id}"


class Inbox(models.Model):
    """How often a member's list of conversations has changed.

    ``revision`` counts, gapless, how often the member came into a conversation or
    out of one, or their place in it changed; it moves in the same transaction. Open
    sockets find by it that they missed such a change (`realtime.hub`).
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="inbox"
    )
    revision = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"inbox of {self.user_id}"


class ChatSettings(models.Model):
    """A member's private switches; without a row all are as here."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="chat_settings",
    )
    # Each works both ways: who does not tell is not told.
    receipts = models.BooleanField(default=True)
    typing = models.BooleanField(default=True)
    presence = models.BooleanField(default=True)
    # Chats that strangers begin wait apart until they are accepted.
    requests = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"chat settings of {self.user_id}"
