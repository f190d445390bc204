"""Conversations and their messages."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.core.clock import now


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Words for conversations."""

    def visible_to(self, viewer: User) -> "ConversationQuerySet":
        """Keep what the viewer may read: own private chats, and every open room."""
        return self.filter(Q(kind=keys.ROOM) | Q(participants__user=viewer)).distinct()

    def of(self, member: User) -> "ConversationQuerySet":
        """Keep those the member takes part in."""
        return self.filter(participants__user=member)


class Conversation(models.Model):
    """A private chat or a room.

    Made by its first message. ``last_seq`` numbers its messages and ``revision``
    its changes, both gapless and moved only under this row's lock: whoever has
    seen revision N knows that 1 to N are committed.
    """

    # `keys.ConversationKey` as text.
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(
        max_length=10, choices={keys.PRIVATE: "private chat", keys.ROOM: "open room"}
    )
    name = models.CharField(max_length=100, blank=True)
    last_seq = models.BigIntegerField(default=0)
    revision = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    last_message_at = models.DateTimeField(default=now)

    objects: ClassVar[models.Manager["Conversation"]] = ConversationQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key


class Participant(models.Model):
    """A member who takes part in a conversation."""

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="participants"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="participations"
    )
    joined_at = models.DateTimeField(default=now)
    # Everything up to here was read; sending reads one's own message.
    read_seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="participant_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"


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

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    seq = models.BigIntegerField()
    # The conversation's revision at this message's last change.
    revision = models.BigIntegerField()
    # The row of a deleted member stays, emptied; guests have none.
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages", null=True
    )
    sender_kind = models.CharField(max_length=10, choices=SenderKind.choices)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.MESSAGE)
    # The `seq` of the message that this one answers.
    reply_to = models.BigIntegerField(null=True)
    # The sender's own name for it: sent again, it is the same message.
    client_id = models.CharField(max_length=64)
    text = models.TextField(blank=True)
    # The JSON value as an old socket sent it, to the character; empty otherwise.
    # Not a JSON column: that would reorder keys and drop duplicates.
    raw = models.TextField(blank=True)
    sent_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    # A deleted message keeps its place, emptied.
    deleted_at = models.DateTimeField(null=True)

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
