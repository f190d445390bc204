"""Posts, the images they show, and what they said before."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from snappio.accounts.models import User
from snappio.core.clock import now
from snappio.core.idempotency import HASH_LENGTH, KEY_LENGTH
from snappio.media.models import Media
from snappio.relationships.conditions import Viewer, blocked_with, followed_by, holding_close

ALT_LENGTH = 1500
WARNING_LENGTH = 200


class Visibility(models.TextChoices):
    """Who may see a post; the author always does, and nobody across a block."""

    # Of a private member, only followers all the same.
    PUBLIC = "public"
    FOLLOWERS = "followers"
    CLOSE_FRIENDS = "close_friends"


class Commenting(models.TextChoices):
    """Who of those that see a post may comment on it; the author always may."""

    EVERYBODY = "everybody"
    FOLLOWERS = "followers"
    NOBODY = "nobody"


def audience_of(viewer: Viewer, *, author: str, visibility: str) -> Q:
    """Hold for rows that were shown to the viewer; the columns are named.

    The viewer is an id, a `parameter` for one, or None for who is not signed in,
    which gives a query of another shape. Blocks are not asked about.
    """
    everybody = Q(**{visibility: Visibility.PUBLIC, f"{author}__is_private": False})
    if viewer is None:
        return everybody
    not_close = Q(**{f"{visibility}__in": [Visibility.PUBLIC, Visibility.FOLLOWERS]})
    close = Q(**{visibility: Visibility.CLOSE_FRIENDS})
    return (
        everybody
        | Q(**{author: viewer})
        | (not_close & followed_by(viewer, author))
        | (close & holding_close(viewer, author))
    )


class PostQuerySet(models.QuerySet["Post"]):
    """Words for posts."""

    def shown(self) -> "PostQuerySet":
        """Keep those that somebody may see: with an image, of a member who is still here."""
        return self.filter(
            Exists(PostImage.objects.filter(post=OuterRef("pk"))), author__is_active=True
        )

    def visible_to(self, viewer: Viewer) -> "PostQuerySet":
        """Keep those that the viewer may see (see `audience_of`)."""
        shown = self.shown().filter(audience_of(viewer, author="author", visibility="visibility"))
        return shown if viewer is None else shown.exclude(blocked_with(viewer, "author"))

    def by(self, username: str) -> "PostQuerySet":
        """Keep those of the member who is written exactly so."""
        # One value and not a join: otherwise PostgreSQL walks through everybody's
        # posts, newest first, until it has met enough of a quiet member's.
        return self.filter(author=User.objects.named(username).values("pk")[:1])

    def before(self, post_id: int) -> "PostQuerySet":
        """Keep those older than a post."""
        return self.filter(pk__lt=post_id)

    def locked(self) -> "PostQuerySet":
        """Lock the rows until the transaction ends; rows that refer to them may still be added."""
        return self.select_for_update(of=("self",), no_key=True)


class MadeOnce(models.Model):
    """What its author can make once only under each key that a client gives."""

    # Empty where the client gave none.
    idempotency_key = models.CharField(max_length=KEY_LENGTH, blank=True)
    # Of the request that made it: the same key with another one is refused.
    request_hash = models.CharField(max_length=HASH_LENGTH, blank=True)

    class Meta:
        abstract = True
        constraints: ClassVar[Any] = [
            models.UniqueConstraint(
                fields=["author", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="%(class)s_made_once",
            ),
        ]


class Post(MadeOnce):
    """What a member shows. Ids grow with time, so the newest has the largest."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="posts", db_index=False
    )
    content = models.TextField()
    # `[{"type", "start", "end", "value"}]` as JSON text, written into answers as it is.
    entities = models.TextField(blank=True)
    # Not to be shown before it is asked for; the warning says why, and may be empty.
    is_sensitive = models.BooleanField(default=False)
    warning = models.CharField(max_length=WARNING_LENGTH, blank=True)
    visibility = models.CharField(
        max_length=13, choices=Visibility.choices, default=Visibility.PUBLIC
    )
    commenting = models.CharField(
        max_length=9, choices=Commenting.choices, default=Commenting.EVERYBODY
    )

    # Moved under the lock of this row only, with the rows that they count.
    likes_count = models.PositiveIntegerField(default=0)
    # Answers included.
    comments_count = models.PositiveIntegerField(default=0)

    created_at = models.DateTimeField(default=now)
    # Null until the author changes the text.
    edited_at = models.DateTimeField(null=True, blank=True)

    objects = PostQuerySet.as_manager()

    class Meta(MadeOnce.Meta):
        indexes: ClassVar = [
            models.Index(fields=["author", "-id"], name="post_of_author"),
            # A feed takes the newest of each whom its reader follows, and what is for
            # close friends of those only who hold the reader close.
            models.Index(
                fields=["author", "-id"],
                condition=~Q(visibility=Visibility.CLOSE_FRIENDS),
                name="post_for_followers",
            ),
            models.Index(
                fields=["author", "-id"],
                condition=Q(visibility=Visibility.CLOSE_FRIENDS),
                name="post_for_close_friends",
            ),
        ]

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


class PostRevision(models.Model):
    """A text that a post had, and for whom it was written."""

    # As with images: the services delete them first.
    post = models.ForeignKey(
        Post, on_delete=models.DO_NOTHING, related_name="revisions", db_index=False
    )
    content = models.TextField()
    entities = models.TextField(blank=True)
    # Of the post at that time: a later, wider audience does not get to see it.
    visibility = models.CharField(max_length=13, choices=Visibility.choices)
    written_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["post", "-id"], name="revision_of_post")]

    def __str__(self) -> str:
        return f"{self.post_id} of {self.written_at}"
