"""Storing, using and deleting uploads."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from os import SEEK_END
from typing import IO, Any

from django.db import transaction
from django.db.models import Sum

from snappio.accounts.models import User
from snappio.core import rates
from snappio.core.clock import now
from snappio.core.errors import NotAuthenticated, Unavailable
from snappio.core.limits import current_limits
from snappio.core.pagination import LARGEST_ID
from snappio.media import files
from snappio.media.decoding import read_picture
from snappio.media.errors import (
    BadImage,
    FileTooLarge,
    MediaNotFound,
    NotAnImage,
    QuotaExceeded,
    UnsupportedFile,
)
from snappio.media.filetypes import display_name
from snappio.media.models import Kind, Media, MediaQuerySet, ProfileImage, State
from snappio.media.queries import get_media
from snappio.media.renditions import Picture, Rendition
from snappio.media.sniffing import is_image, type_of

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


def store(*, owner: User, file: IO[bytes], name: str = "", alt: str = "") -> Media:
    """Take an upload, image or not, and return it ready to be attached.

    The content decides what it is. ``name`` is the client's and only shown.
    Raises what `store_image` and `store_file` do.
    """
    if is_image(file):
        return store_image(owner=owner, file=file, alt=alt)
    return store_file(owner=owner, file=file, name=name, alt=alt)


def store_image(*, owner: User, file: IO[bytes], alt: str = "", field: str = "file") -> Media:
    """Check, strip and re-encode an upload, and return it ready to be attached.

    Refuses to run inside a transaction: the row is committed before the first
    byte is written, so that whatever happens then, something knows of the
    files. Raises `BadImage` that names ``field``, `ImageTooLarge`, `TooMany` or
    `QuotaExceeded` if the member uploads too often or keeps too much,
    `NotAuthenticated` if the member is gone meanwhile, or `Unavailable` if the
    storage is away or too many images are in work.
    """
    _count_upload(owner)
    try:
        picture = read_picture(file)
    except BadImage as refusal:
        refusal.fields = {field: [refusal.detail]}
        raise
    return _keep_picture(picture, owner=owner, alt=alt)


def store_file(*, owner: User, file: IO[bytes], name: str = "", alt: str = "") -> Media:
    """Keep an upload that is no image as it came, and return it ready to be attached.

    Likewise not inside a transaction. Raises `FileTooLarge`, `UnsupportedFile`
    that names the field `file`, or as `store_image` does.
    """
    _count_upload(owner)
    size, limit = file.seek(0, SEEK_END), current_limits().file_bytes
    if size > limit:
        raise FileTooLarge(limit)
    kind = type_of(file)
    if kind is None:
        raise UnsupportedFile(fields={"file": [UnsupportedFile.detail]})
    media = Media(
        owner=owner,
        kind=Kind.FILE,
        name=display_name(name, kind),
        content_type=kind.content_type,
        bytes=size,
        alt=alt,
    )
    with _promised(media):
        files.write_as_it_came(media.key, file, kind)
    return media


def _count_upload(owner: User) -> None:
    # Before any work: what is refused has cost as much as what is taken.
    rates.take("uploads", str(owner.pk), current_limits().uploads_member)


def _keep_picture(picture: Picture, *, owner: User, alt: str = "") -> Media:
    largest = picture.renditions[0]
    media = Media(
        owner=owner,
        content_type=files.CONTENT_TYPES[largest.extension],
        bytes=sum(len(rendition.content) for rendition in picture.renditions),
        alt=alt,
        width=largest.width,
        height=largest.height,
        blurhash=picture.blurhash,
    )
    with _promised(media):
        media.renditions = [_write(media, rendition) for rendition in picture.renditions]
    return media


def _write(media: Media, rendition: Rendition) -> dict[str, Any]:
    return {
        "name": rendition.name,
        "width": rendition.width,
        "height": rendition.height,
        "file": files.write(media.key, rendition),
    }


def duplicate(media: Media) -> Media:
    """Keep an image once more, under addresses that nobody knows yet, ready to be attached.

    Not inside a transaction. It is to take the place of the first, which the caller
    discards, and so counts against no allowance. Raises `NotAuthenticated` if the
    owner is gone meanwhile, or `Unavailable` if the storage is away.
    """
    copy = Media(
        owner_id=media.owner_id,
        content_type=media.content_type,
        bytes=media.bytes,
        alt=media.alt,
        width=media.width,
        height=media.height,
        blurhash=media.blurhash,
    )
    with _promised(copy, is_counted=False):
        copy.renditions = [
            {**made, "file": files.copy(made["file"], media.key, copy.key)}
            for made in media.renditions
        ]
    return copy


@contextmanager
def _promised(media: Media, *, is_counted: bool = True) -> Iterator[None]:
    """Commit the row, let the caller write the files, then make it ready."""
    _reserve(media, is_counted=is_counted)
    try:
        yield
    except Exception:
        # Each storage has exceptions of its own.
        logger.exception("The storage refuses upload %s.", media.key)
        Media.objects.filter(pk=media.pk).update(state=State.DISCARDED)
        raise Unavailable from None
    media.state = State.READY
    # Only the collector touches a pending row besides us, and only a day later.
    media.save(update_fields=["state", "renditions"])


@transaction.atomic(durable=True)
def _reserve(media: Media, *, is_counted: bool) -> None:
    # Locked, so that parallel uploads are added up one after the other, and so that
    # an account being deleted leaves no upload behind.
    if User.objects.active().locked().filter(pk=media.owner_id).first() is None:
        raise NotAuthenticated

    # Rows whose files are yet to be deleted count, too: they still take the room.
    kept = Media.objects.filter(owner=media.owner_id).aggregate(total=Sum("bytes"))["total"] or 0
    limit = current_limits().media_bytes_member
    if is_counted and kept + media.bytes > limit:
        raise QuotaExceeded(limit)
    media.save(force_insert=True)


def describe(*, media_id: int, owner: User, alt: str) -> Media:
    """Change the words of an upload that nothing uses yet.

    Raises `MediaNotFound` for any other: what others see already does not change
    under their eyes.
    """
    if not Media.objects.unused_of(owner).filter(pk=media_id).update(alt=alt):
        raise MediaNotFound
    return get_media(media_id, owner=owner)


@transaction.atomic
def delete_unused(*, media_id: int, owner: User) -> None:
    """Delete an upload that nothing uses yet; its files go right after the commit.

    Raises `MediaNotFound` for any other. Of this and an `attach` at once, one wins.
    """
    unused = Media.objects.unused_of(owner).filter(pk=media_id)
    if not unused.update(state=State.DISCARDED):
        raise MediaNotFound
    transaction.on_commit(partial(delete_discarded, [media_id]), robust=True)


def attach(media: Media, *, owner: User) -> None:
    """Put an upload to use, once; runs in the caller's transaction.

    Raises `MediaNotFound` unless it is the owner's, complete and still unused.
    Of two who attach the same upload at once, one gets it.
    """
    unused = Media.objects.unused_of(owner).filter(pk=media.pk)
    if not unused.update(state=State.ATTACHED):
        raise MediaNotFound
    media.state = State.ATTACHED


def attach_all(media_ids: Sequence[int], *, owner: User) -> Sequence[Media]:
    """Put uploads to use, each once; return them in the order given.

    Runs in the caller's transaction, which must not commit if this raises: two
    statements, however many they are, none for none. Raises `MediaNotFound` if
    one is missing, somebody else's, used already, or named twice.
    """
    if not media_ids:
        return []
    if not all(0 < media_id <= LARGEST_ID for media_id in media_ids):
        raise MediaNotFound
    # Locked in one order, so that two who attach the same ones do not block each other.
    rows = Media.objects.unused_of(owner).among(media_ids).order_by("pk").select_for_update()
    unused = {media.pk: media for media in rows}
    if len(unused) != len(media_ids):
        raise MediaNotFound
    Media.objects.among(media_ids).update(state=State.ATTACHED)
    for media in unused.values():
        media.state = State.ATTACHED
    return [unused[media_id] for media_id in media_ids]


def discard(media: MediaQuerySet) -> None:
    """Give up uploads, in the caller's transaction; their files go after its commit.

    Two statements, however many they are. Uploads still being written are
    spared: their files would appear after the deletion. The collector takes
    them when nobody has used them for a day.
    """
    ids = list(media.complete().values_list("pk", flat=True)[:AT_ONCE])
    Media.objects.filter(pk__in=media.complete().values("pk")).update(state=State.DISCARDED)
    transaction.on_commit(partial(delete_discarded, ids), robust=True)


@transaction.atomic
def show_on_profile(media: Media, *, owner: User, kind: ProfileImage.Kind) -> None:
    """Show an own unused image on the profile; the one before it is given up.

    What is shown there already stays. Raises `MediaNotFound` as `attach` does, `NotAnImage`.
    """
    # Locked, so that of two at once the later one is shown and none is forgotten.
    if User.objects.active().locked().filter(pk=owner.pk).first() is None:
        raise NotAuthenticated
    if media.kind != Kind.IMAGE:
        raise NotAnImage
    if ProfileImage.objects.filter(member=owner, kind=kind, media=media).exists():
        return

    hide_from_profile(owner=owner, kind=kind)
    attach(media, owner=owner)
    ProfileImage.objects.create(member=owner, kind=kind, media=media)


@transaction.atomic
def hide_from_profile(*, owner: User, kind: ProfileImage.Kind) -> None:
    """Give up what the profile shows; its files go after the commit. Nothing is nothing."""
    shown = ProfileImage.objects.filter(member=owner, kind=kind)
    discard(Media.objects.filter(profile_image__in=shown))
    shown.delete()


def discard_all_of(owner: User) -> None:
    """Give up all that a member uploaded, in the caller's transaction."""
    ProfileImage.objects.filter(member=owner).delete()
    discard(Media.objects.filter(owner=owner))


def delete_discarded(media_ids: Sequence[int]) -> int:
    """Delete the files, then the rows, of those that are discarded; return how many.

    Safe to repeat and to run twice at once. Where the storage fails, the row
    stays for the next run.
    """
    deleted = failures = 0
    rows = Media.objects.filter(pk__in=media_ids, state=State.DISCARDED)
    for media in rows.only("key", "kind", "content_type"):
        try:
            files.delete_all(media.possible_files)
        except Exception:
            # Each storage has exceptions of its own.
            logger.exception("The storage does not delete upload %s.", media.key)
            failures += 1
            if failures >= PATIENCE:
                break
            continue
        failures = 0
        deleted += rows.filter(pk=media.pk).delete()[0]
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
