"""Uploads; the files themselves are in the storage."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models

from snappio.accounts.models import User
from snappio.core.clock import now
from snappio.core.ids import secret_name
from snappio.media import files
from snappio.media.filetypes import BY_CONTENT_TYPE, NAME_LENGTH

KEY_LENGTH = 22


class State(models.TextChoices):
    """The life of an upload; it only ever moves downwards in this list."""

    # The row is committed, the files are being written.
    PENDING = "pending"
    # All files are there; nothing uses them yet.
    READY = "ready"
    # A post, a profile or a message shows it.
    ATTACHED = "attached"
    # Nobody may see it any more; the files are being deleted, then the row.
    DISCARDED = "discarded"


class Kind(models.TextChoices):
    """What was uploaded."""

    # Made anew in several sizes.
    IMAGE = "image"
    # Anything else that we take, kept as it came.
    FILE = "file"


class MediaQuerySet(models.QuerySet["Media"]):
    """Words for uploads."""

    def complete(self) -> "MediaQuerySet":
        """Keep those whose files are all there and wanted or free to be used."""
        return self.filter(state__in=[State.READY, State.ATTACHED])

    def discarded(self) -> "MediaQuerySet":
        """Keep those whose files are to go."""
        return self.filter(state=State.DISCARDED)

    def abandoned(self, *, before: datetime) -> "MediaQuerySet":
        """Keep those that were never finished or never used, uploaded ``before``."""
        return self.filter(state__in=[State.PENDING, State.READY], created_at__lt=before)

    def unused_of(self, owner: User) -> "MediaQuerySet":
        """Keep a member's own that are complete and free to be used."""
        return self.filter(owner=owner, state=State.READY)

    def among(self, ids: Iterable[int]) -> "MediaQuerySet":
        """Keep those with these ids."""
        return self.filter(pk__in=list(ids))


class Media(models.Model):
    """One upload: an image and its renditions, or another file as it came.

    The row is committed before the first byte of a file is written and deleted
    after the last file is gone, so there is never a file without a row.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="media", db_index=False
    )
    # Names the files; 128 random bits, since whoever knows an address may look.
    key = models.CharField(max_length=KEY_LENGTH, unique=True, default=secret_name)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    created_at = models.DateTimeField(default=now)

    kind = models.CharField(max_length=5, choices=Kind, default=Kind.IMAGE)
    # Cleaned, for display only. Empty for images: a camera's name for one tells of
    # it what we take out of the file.
    name = models.CharField(max_length=NAME_LENGTH, blank=True)
    # What the file is served as; the largest rendition of an image.
    content_type = models.CharField(max_length=100, blank=True)
    # What the storage keeps of it: a file, or all renditions together.
    bytes = models.PositiveBigIntegerField(default=0)
    # What it shows or holds, in words, for those who cannot see it.
    alt = models.TextField(blank=True)

    # Of the largest rendition, upright; zero where there is none.
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    # What a client paints until the image has loaded.
    blurhash = models.CharField(max_length=40, blank=True)
    # Of an image, as soon as it is ready: [{"name", "width", "height", "file"}], the
    # largest first.
    renditions = models.JSONField(default=list, blank=True)

    objects = MediaQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # What a member keeps is added up at every upload, from the index alone.
            models.Index(fields=["owner", "bytes"], name="media_of_owner"),
            # What the collector looks for; attached rows, by far the most, are not in it.
            models.Index(
                fields=["state", "created_at"],
                condition=~models.Q(state=State.ATTACHED),
                name="media_to_collect",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def file(self) -> str:
        """The name in the storage of what is shown or loaded; of an image, the largest."""
        if self.kind == Kind.IMAGE:
            name: str = self.renditions[0]["file"]
            return name
        return files.name_as_it_came(self.key, BY_CONTENT_TYPE[self.content_type])

    @property
    def possible_files(self) -> list[str]:
        """Every name that a file of this upload may have in the storage."""
        return files.names_of_image(self.key) if self.kind == Kind.IMAGE else [self.file]


class ProfileImage(models.Model):
    """An image that a member shows of themselves; one upload is shown in one place only.

    It is here, and not with profiles, so that every app may show who somebody is.
    """

    class Kind(models.TextChoices):
        """Where it is shown."""

        # Small, beside the name.
        AVATAR = "avatar"
        # Wide, above the profile.
        BANNER = "banner"

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="profile_images",
        db_index=False,
    )
    kind = models.CharField(max_length=6, choices=Kind)
    media = models.OneToOneField(Media, on_delete=models.PROTECT, related_name="profile_image")

    objects: ClassVar[models.Manager["ProfileImage"]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "kind"], name="profile_image_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.member_id}"
