"""Uploads; the files themselves are in the storage."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models

from snappio.core.clock import now
from snappio.core.ids import secret_name

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

    def among(self, ids: Iterable[int]) -> "MediaQuerySet":
        """Keep those with these ids."""
        return self.filter(pk__in=list(ids))


class Media(models.Model):
    """One uploaded image and its renditions.

    The row is committed before the first byte of a file is written and deleted
    after the last file is gone, so there is never a file without a row.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="media"
    )
    # Names the files; 128 random bits, since whoever knows an address may look.
    key = models.CharField(max_length=KEY_LENGTH, unique=True, default=secret_name)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    created_at = models.DateTimeField(default=now)

    # Of the largest rendition, upright; zero until ready.
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    # What a client paints until the image has loaded.
    blurhash = models.CharField(max_length=40, blank=True)
    # [{"name", "width", "height", "file"}], the largest first.
    renditions = models.JSONField(default=list, blank=True)

    objects = MediaQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # What the collector looks for; attached rows, by far the most, are not in it.
            models.Index(
                fields=["state", "created_at"],
                condition=~models.Q(state=State.ATTACHED),
                name="media_to_collect",
            ),
        ]

    def __str__(self) -> str:
        return self.key
