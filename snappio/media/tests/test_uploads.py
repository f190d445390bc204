"""Uploads that are no images, and how much of all a member may keep."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from threading import Barrier

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connections, transaction

from snappio.accounts.services.members import close_account
from snappio.accounts.tests.factories import make_member
from snappio.core.errors import NotAuthenticated, TooMany, Unavailable
from snappio.core.limits import HOUR, Rate
from snappio.media import filetypes
from snappio.media.errors import FileTooLarge, MediaNotFound, QuotaExceeded, UnsupportedFile
from snappio.media.models import Kind, Media, State
from snappio.media.queries import get_media
from snappio.media.services import (
    attach,
    collect_orphans,
    delete_unused,
    describe,
    store,
    store_file,
    store_image,
)
from snappio.media.shapes import media_json
from snappio.media.tests.factories import make_file, make_upload
from snappio.media.tests.images import HEIC, jpeg
from snappio.media.tests.samples import IMAGES_OF_TWO_KINDS, PDF, REFUSED, TAKEN

pytestmark = pytest.mark.django_db


class FullStorage(FileSystemStorage):
    """A disk without room: the file is begun and not ended."""

    def _save(self, name, content):
        super()._save(name, BytesIO(b"half"))
        raise OSError(28, "No space left on device")


def keep(owner, content=PDF, name="report.pdf"):
    return store_file(owner=owner, file=BytesIO(content), name=name)


def files_in(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def limit_to(settings, **limits):
    settings.LIMITS = replace(settings.LIMITS, **limits)


# --- Files -----------------------------------------------------------------


@pytest.mark.parametrize("kind", filetypes.ALL, ids=lambda kind: kind.extension)
def test_keeps_a_file_as_it_came_under_a_name_nobody_can_guess(media_root, kind):
    content = next(content for taken, content in TAKEN if taken == kind)

    media = keep(make_member("alice"), content, "../../etc/passwd")

    media.refresh_from_db()
    assert (media.state, media.kind, media.content_type) == (
        State.READY,
        Kind.FILE,
        kind.content_type,
    )
    assert (media.name, media.bytes) == (f"passwd.{kind.extension}", len(content))
    assert files_in(media_root) == [f"{media.key[:2]}/{media.key}-file.{kind.extension}"]
    assert (media_root / media.file).read_bytes() == content
    # Nobody runs it on the server either.
    assert (media_root / media.file).stat().st_mode & 0o111 == 0


def test_takes_an_image_for_an_image():
    alice = make_member("alice")

    taken = [store(owner=alice, file=BytesIO(content), name="a.pdf") for content in (jpeg(), HEIC)]

    assert {(one.kind, one.content_type, one.name) for one in taken} == {
        (Kind.IMAGE, "image/jpeg", "")
    }


@pytest.mark.parametrize("content", IMAGES_OF_TWO_KINDS.values(), ids=IMAGES_OF_TWO_KINDS)
def test_nothing_is_left_of_what_hangs_on_an_image(media_root, content):
    store(owner=make_member("alice"), file=BytesIO(content))

    for name in files_in(media_root):
        kept = (media_root / name).read_bytes()
        assert b"<script>" not in kept
        assert b"META-INF" not in kept


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_refuses_what_is_of_no_type_that_is_taken(media_root, content):
    with pytest.raises(UnsupportedFile) as refusal:
        store(owner=make_member("alice"), file=BytesIO(content), name="photo.png")

    assert refusal.value.fields == {"file": [UnsupportedFile.detail]}
    assert not Media.objects.exists()
    assert not media_root.exists()


def test_refuses_one_byte_over_the_limit(settings):
    limit_to(settings, file_bytes=len(PDF))
    alice = make_member("alice")

    keep(alice, PDF)
    with pytest.raises(FileTooLarge):
        keep(alice, PDF + b"\n")


@pytest.mark.django_db(transaction=True)
def test_refuses_to_write_a_file_of_a_row_that_may_roll_back(media_root):
    alice = make_member("alice")

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        keep(alice)

    assert not media_root.exists()


def test_knows_of_a_file_that_was_not_written_to_its_end(settings, media_root):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.FullStorage"},
    }

    with pytest.raises(Unavailable):
        keep(make_member("alice"))

    assert Media.objects.get().state == State.DISCARDED
    assert len(files_in(media_root)) == 1
    assert collect_orphans() == 1
    assert files_in(media_root) == []


def test_keeps_nothing_of_a_member_who_has_just_left(media_root):
    alice = make_member("alice")
    close_account(alice)

    with pytest.raises(NotAuthenticated):
        keep(alice)

    assert not Media.objects.exists()
    assert not media_root.exists()


# --- How much, how often ---------------------------------------------------


def test_counts_what_the_storage_keeps(media_root):
    alice = make_member("alice")

    for media in (make_upload(alice, (1600, 800)), keep(alice)):
        kept = [path for path in media_root.rglob(f"{media.key}*") if path.is_file()]
        assert media.bytes == sum(path.stat().st_size for path in kept)


def test_refuses_more_than_a_member_may_keep(settings):
    alice, bob = make_member("alice"), make_member("bob")
    image = make_upload(alice)
    attach(image, owner=alice)
    limit_to(settings, media_bytes_member=image.bytes + len(PDF))

    kept = keep(alice)
    for more in (lambda: keep(alice, b"x"), lambda: store_image(owner=alice, file=BytesIO(jpeg()))):
        with pytest.raises(QuotaExceeded):
            more()

    keep(bob)
    Media.objects.filter(pk=kept.pk).delete()
    keep(alice)


@pytest.mark.django_db(transaction=True)
def test_parallel_uploads_do_not_pass_the_quota(settings, media_root):
    limit_to(settings, media_bytes_member=3 * len(PDF))
    alice = make_member("alice")
    start = Barrier(8)

    def upload(_):
        try:
            start.wait()
            keep(alice)
        except QuotaExceeded:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(upload, range(8)))

    assert taken.count(True) == 3
    assert len(files_in(media_root)) == 3


def test_adds_up_in_as_many_statements_for_many_uploads(django_assert_num_queries):
    alice = make_member("alice")
    make_file(alice)
    with django_assert_num_queries(6):
        keep(alice)
    for _ in range(5):
        make_file(alice)

    with django_assert_num_queries(6):
        keep(alice)


def test_refuses_too_many_uploads_an_hour(settings, rate_limits):
    limit_to(settings, uploads_member=Rate(3, HOUR))
    alice, bob = make_member("alice"), make_member("bob")

    keep(alice)
    store_image(owner=alice, file=BytesIO(jpeg()))
    # What is refused has made as much work.
    with pytest.raises(UnsupportedFile):
        keep(alice, b"\x00")
    for more in (keep, lambda owner: store_image(owner=owner, file=BytesIO(jpeg()))):
        with pytest.raises(TooMany) as refusal:
            more(alice)
        assert 0 < refusal.value.retry_after <= HOUR

    keep(bob)


# --- One's own -------------------------------------------------------------


def test_shows_a_member_their_own():
    alice, bob = make_member("alice"), make_member("bob")
    unused, used, foreign = make_file(alice), make_file(alice), make_file(bob)
    attach(used, owner=alice)
    hidden = [
        foreign,
        Media.objects.create(owner=alice),
        Media.objects.create(owner=alice, state=State.DISCARDED),
    ]

    assert get_media(unused.pk, owner=alice) == unused
    assert get_media(used.pk, owner=alice) == used
    for media in hidden:
        with pytest.raises(MediaNotFound):
            get_media(media.pk, owner=alice)


def test_changes_words_and_deletes_only_what_is_ones_own_and_unused(
    media_root, django_capture_on_commit_callbacks
):
    alice, bob = make_member("alice"), make_member("bob")
    unused, used, foreign = make_file(alice), make_file(alice), make_file(bob)
    attach(used, owner=alice)

    for media in (used, foreign):
        with pytest.raises(MediaNotFound):
            describe(media_id=media.pk, owner=alice, alt="mine")
        with pytest.raises(MediaNotFound):
            delete_unused(media_id=media.pk, owner=alice)

    assert describe(media_id=unused.pk, owner=alice, alt="A list").alt == "A list"
    with django_capture_on_commit_callbacks(execute=True):
        delete_unused(media_id=unused.pk, owner=alice)
    with pytest.raises(MediaNotFound):
        delete_unused(media_id=unused.pk, owner=alice)
    assert set(Media.objects.all()) == {used, foreign}
    assert files_in(media_root) == sorted([used.file, foreign.file])


@pytest.mark.django_db(transaction=True)
def test_of_a_deletion_and_an_attachment_at_once_one_wins():
    alice = make_member("alice")
    media = make_file(alice)
    start = Barrier(2)

    def attach_it():
        attach(media, owner=alice)

    def delete_it():
        delete_unused(media_id=media.pk, owner=alice)

    def run(what):
        try:
            start.wait()
            what()
        except MediaNotFound:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        attached, deleted = pool.map(run, [attach_it, delete_it])

    assert attached is not deleted
    assert Media.objects.filter(state=State.ATTACHED).exists() is attached


# --- As clients see it -----------------------------------------------------


def test_is_told_of_by_the_same_address_everywhere(settings):
    alice = make_member("alice")
    file, image = make_file(alice), make_upload(alice)

    assert media_json(file)["url"] == f"/media/{file.file}"

    settings.PUBLIC_URL = "https://social.example"
    assert media_json(file)["url"] == f"https://social.example/media/{file.file}"
    shown = media_json(image)
    assert shown["url"] == shown["renditions"][0]["url"]
    assert shown["url"] == f"https://social.example/media/{image.file}"
