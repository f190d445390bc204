"""Storing, using and deleting uploads."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import IO, Any

from django.db import transaction

from snappio.accounts.models import User
from snappio.core.clock import now
from snappio.core.errors import Unavailable
from snappio.media import files
from snappio.media.decoding import read_picture
from snappio.media.errors import BadImage, MediaNotFound
from snappio.media.models import Media, MediaQuerySet, State
from snappio.media.renditions import Picture, Rendition

logger = logging.getLogger(__name__)

# A member may leave a form open for a day before an unused upload goes.
ABANDONED_AFTER = timedelta(hours=24)
# Uploads whose files are deleted right after a commit, while the member waits for
# the answer: those of a post. The collector takes the rest within a minute.
AT_ONCE = 10
# Rows that the collector takes at a time.
BATCH = 100
# Rows that one run of the collector looks at, so that a run has an end.
RUN = 10_000
# Failures in a row after which the storage is taken to be away.
PATIENCE = 5


def store_image(*, owner: User, file: IO[bytes], field: str = "file") -> Media:
    """Check, strip and re-encode an upload, and return it ready to be attached.

    Refuses to run inside a transaction: the row is committed before the first
    byte is written, so that whatever happens then, something knows of the
    files. Raises `BadImage` that names ``field``, `ImageTooLarge`, or
    `Unavailable` if the storage is away or too many images are in work.
    """
    try:
        picture = read_picture(file)
    except BadImage as refusal:
        refusal.fields = {field: [refusal.detail]}
        raise
    with transaction.atomic(durable=True):
        media = Media.objects.create(owner=owner)
    try:
        written = [_write(media, rendition) for rendition in picture.renditions]
    except Exception:
        # Each storage has exceptions of its own.
        logger.exception("The storage refuses upload %s.", media.key)
        Media.objects.filter(pk=media.pk).update(state=State.DISCARDED)
        raise Unavailable from None
    return _finish(media, picture, written)


def _write(media: Media, rendition: Rendition) -> dict[str, Any]:
    return {
        "name": rendition.name,
        "width": rendition.width,
        "height": rendition.height,
        "file": files.write(media.key, rendition),
    }


def _finish(media: Media, picture: Picture, written: list[dict[str, Any]]) -> Media:
    media.state = State.READY
    media.width, media.height = written[0]["width"], written[0]["height"]
    media.blurhash, media.renditions = picture.blurhash, written
    # Only the collector touches a pending row besides us, and only a day later.
    media.save(update_fields=["state", "width", "height", "blurhash", "renditions"])
    return media


def attach(media: Media, *, owner: User) -> None:
    """Put an upload to use, once; runs in the caller's transaction.

    Raises `MediaNotFound` unless it is the owner's, complete and still unused.
    Of two who attach the same upload at once, one gets it.
    """
    attached = Media.objects.filter(pk=media.pk, owner=owner, state=State.READY).update(
        state=State.ATTACHED
    )
    if not attached:
        raise MediaNotFound
    media.state = State.ATTACHED


def discard(media: MediaQuerySet) -> None:
    """Give up uploads, in the caller's transaction; their files go after its commit.

    Two statements, however many they are. Uploads still being written are
    spared: their files would appear after the deletion. The collector takes
    them when nobody has used them for a day.
    """
    ids = list(media.complete().values_list("pk", flat=True)[:AT_ONCE])
    Media.objects.filter(pk__in=media.complete().values("pk")).update(state=State.DISCARDED)
    transaction.on_commit(partial(delete_discarded, ids), robust=True)


def discard_all_of(owner: User) -> None:
    """Give up all that a member uploaded, in the caller's transaction."""
    discard(Media.objects.filter(owner=owner))


def delete_discarded(media_ids: Sequence[int]) -> int:
    """Delete the files, then the rows, of those that are discarded; return how many.

    Safe to repeat and to run twice at once. Where the storage fails, the row
    stays for the next run.
    """
    deleted = failures = 0
    rows = Media.objects.filter(pk__in=media_ids, state=State.DISCARDED)
    for pk, key in rows.values_list("pk", "key"):
        try:
            files.delete_all(key)
        except Exception:
            # Each storage has exceptions of its own.
            logger.exception("The storage does not delete upload %s.", key)
            failures += 1
            if failures >= PATIENCE:
                break
            continue
        failures = 0
        deleted += Media.objects.filter(pk=pk, state=State.DISCARDED).delete()[0]
    return deleted


def collect_orphans() -> int:
    """Delete what nobody uses; return how many uploads went.

    Those are uploads never finished or never used for a day, and discarded
    ones whose files are still there.
    """
    stale = Media.objects.abandoned(before=now() - ABANDONED_AFTER)
    ids = list(stale.order_by("pk").values_list("pk", flat=True)[:RUN])
    for start in range(0, len(ids), BATCH):
        # Asked again in the UPDATE itself: one may be attached meanwhile.
        stale.among(ids[start : start + BATCH]).update(state=State.DISCARDED)
    discarded = Media.objects.discarded().order_by("pk")
    last = deleted = 0
    for _ in range(0, RUN, BATCH):
        batch = list(discarded.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH])
        if not batch:
            break
        deleted += delete_discarded(batch)
        last = batch[-1]
    return deleted
