"""What was said, and what will be."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from snappio.chat.models.conversations import Conversation
from snappio.core.clock import now


class Message(models.Model):
    """One message; its place is (conversation, seq) and never changes."""

    class SenderKind(models.TextChoices):
        """Who wrote it; a guest's name is only what the guest says."""

        MEMBER = "member"
        GUEST = "guest"

    class Kind(models.TextChoices):
        """What it is: said by somebody, or told by the server."""

        MESSAGE = "message"
        NOTICE = "notice"

    # The index of its place serves for the conversation too.
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    seq = models.BigIntegerField()
    # The conversation's revision at this message's last change.
    revision = models.BigIntegerField()
    # The row of a deleted member stays, emptied; guests have none. Of a notice, who did it.
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages", null=True
    )
    sender_kind = models.CharField(max_length=10, choices=SenderKind.choices)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.MESSAGE)
    # Of a notice: what happened, and to whom.
    event = models.CharField(max_length=20, blank=True)
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_index=False,
    )
    # The `seq` of the message that this one answers.
    reply_to = models.BigIntegerField(null=True)
    # The sender's own name for it: sent again, it is the same message.
    client_id = models.CharField(max_length=64)
    text = models.TextField(blank=True)
    # `[{"type", "start", "end", "value"}]` as JSON text, written into answers as it is.
    entities = models.TextField(blank=True)
    # The JSON value as an old socket sent it, to the character; empty otherwise.
    # Not a JSON column: that would reorder keys and drop duplicates.
    raw = models.TextField(blank=True)
    has_attachments = models.BooleanField(default=False)
    sent_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    # A deleted message keeps its place, emptied.
    deleted_at = models.DateTimeField(null=True)
    pinned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="message_place"),
            models.UniqueConstraint(fields=["conversation", "revision"], name="message_revision"),
            models.UniqueConstraint(
                fields=["conversation", "sender", "client_id"], name="message_client_id"
            ),
            models.UniqueConstraint(
                fields=["conversation", "client_id"],
                condition=Q(sender=None),
                name="message_guest_client_id",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["conversation", "-pinned_at"],
                condition=Q(pinned_at__isnull=False),
                name="message_pinned",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}#{self.seq}"


class Reaction(models.Model):
    """An emoji that a member put to a message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reactions"
    )
    emoji = models.CharField(max_length=32)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "user", "emoji"], name="reaction_once"),
        ]

    def __str__(self) -> str:
        return f"{self.emoji} by {self.user_id}"


class Attachment(models.Model):
    """An upload that a message shows."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    media = models.OneToOneField("media.Media", on_delete=models.PROTECT, related_name="attachment")
    # Their order, from 0.
    position = models.SmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="attachment_place"),
        ]

    def __str__(self) -> str:
        return f"{self.media_id} at {self.message_id}"


class ScheduledMessage(models.Model):
    """A message to be sent later; its row goes with the sending."""

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="scheduled"
    )
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="scheduled_messages"
    )
    client_id = models.CharField(max_length=64)
    text = models.TextField(blank=True)
    reply_to = models.BigIntegerField(null=True)
    send_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(default=now)
    # Why it was not sent; empty while it waits.
    refusal = models.CharField(max_length=50, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "sender", "client_id"], name="scheduled_client_id"
            ),
        ]

    def __str__(self) -> str:
        return f"for {self.conversation_id} at {self.send_at}"
