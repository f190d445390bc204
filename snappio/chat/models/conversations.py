"""Private chats, groups and rooms."""

from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.core.clock import now


class Visibility(models.TextChoices):
    """Who may enter."""

    # Everybody, guests too where the instance welcomes them.
    OPEN = "open"
    # Any member who joins; everybody may know that it is there.
    MEMBERS = "members"
    # Whoever is added or invited; nobody else may know.
    PRIVATE = "private"


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Words for conversations."""

    def visible_to(self, viewer: User) -> "ConversationQuerySet":
        """Keep what the viewer may read: the own ones, and open rooms that do not ban them."""
        return self._admitting(viewer, Visibility.OPEN)

    def known_to(self, viewer: User) -> "ConversationQuerySet":
        """Keep what the viewer may know of: also rooms that any member may join."""
        return self._admitting(viewer, Visibility.OPEN, Visibility.MEMBERS)

    def _admitting(self, viewer: User, *visibilities: Visibility) -> "ConversationQuerySet":
        # Those rows refer to this model.
        from snappio.chat.models.people import Ban, Participant  # noqa: PLC0415

        is_mine = Exists(Participant.objects.filter(conversation=OuterRef("pk"), user=viewer))
        bans = Ban.objects.in_force(at=now()).filter(conversation=OuterRef("pk"), user=viewer)
        return self.filter(Q(is_mine) | Q(visibility__in=visibilities) & ~Q(Exists(bans)))

    def of(self, member: User) -> "ConversationQuerySet":
        """Keep those the member takes part in."""
        return self.filter(participants__user=member)

    def rooms(self) -> "ConversationQuerySet":
        """Keep open rooms and rooms with members."""
        return self.filter(kind=keys.ROOM)

    def to_discover(self) -> "ConversationQuerySet":
        """Keep the rooms that everybody may find in the list."""
        return self.rooms().filter(is_listed=True)


class Conversation(models.Model):
    """A private chat, a group or a room.

    ``last_seq`` numbers its messages and ``revision`` its changes, both gapless and
    moved only under this row's lock: whoever has seen revision N knows that 1 to N
    are committed.
    """

    # `keys.ConversationKey` as text.
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(
        max_length=10,
        choices={keys.PRIVATE: "private chat", keys.GROUP: "group", keys.ROOM: "room"},
    )
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PRIVATE)
    # A room that others may find in the list. Rooms that old sockets open by a name
    # are known to whoever knows the name, and to nobody else.
    is_listed = models.BooleanField(default=False)
    name = models.CharField(max_length=100, blank=True)
    description = models.CharField(max_length=500, blank=True)

    last_seq = models.BigIntegerField(default=0)
    revision = models.BigIntegerField(default=0)
    # The revision of the last change to the conversation itself: name, rules, members.
    details_revision = models.BigIntegerField(default=0)
    # Retention has removed everything below.
    first_seq = models.BigIntegerField(default=1)
    # Kept exact under this row's lock; thousands are not counted for each list.
    members_count = models.IntegerField(default=0)

    # Whether newcomers may read what was said before them.
    history_for_newcomers = models.BooleanField(default=True)
    # The least time between two messages of one member; 0 is no such rule.
    slow_mode_seconds = models.IntegerField(default=0)
    # Messages disappear when they are this old; None keeps them.
    retention_seconds = models.IntegerField(null=True)
    # A private chat that a stranger began and the other has not accepted.
    is_request = models.BooleanField(default=False)

    created_at = models.DateTimeField(default=now)
    last_message_at = models.DateTimeField(default=now)

    objects: ClassVar[models.Manager["Conversation"]] = ConversationQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # What the minute's sweep of old messages looks for: few have such a rule.
            models.Index(
                fields=["retention_seconds"],
                condition=Q(retention_seconds__isnull=False),
                name="conversation_with_retention",
            ),
            models.Index(
                fields=["-members_count", "-id"],
                condition=Q(is_listed=True),
                name="conversation_listed",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def is_open(self) -> bool:
        """Whether everybody may enter."""
        return self.visibility == Visibility.OPEN
