"""The life of an upload, from the first byte to the last."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from threading import Barrier

import pytest
from django.core.files.storage import FileSystemStorage, storages
from django.db import connections, transaction

from snappio.accounts.models import User
from snappio.accounts.tests.factories import make_member
from snappio.core.errors import InvalidInput, Unavailable
from snappio.media.errors import MediaNotFound
from snappio.media.models import Media, State
from snappio.media.services import (
    attach,
    attach_all,
    collect_orphans,
    delete_discarded,
    discard,
    discard_all_of,
    store_image,
)
from snappio.media.tests.factories import make_file, make_upload
from snappio.media.tests.images import jpeg

pytestmark = pytest.mark.django_db


class BrokenStorage(FileSystemStorage):
    """A disk that is full, or gone, after some writes."""

    writes_left = 0
    deletes = True

    def _save(self, name, content):
        if self.writes_left <= 0:
            raise OSError(28, "No space left on device")
        self.writes_left -= 1
        return super()._save(name, content)

    def delete(self, name):
        if not self.deletes:
            raise OSError(5, "Input/output error")
        super().delete(name)


@pytest.fixture
def broken_storage(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.BrokenStorage"},
    }
    return storages["default"]


def store(owner, size=(640, 400)):
    return store_image(owner=owner, file=BytesIO(jpeg(size)))


def files_in(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def grow_old(media, hours=25):
    Media.objects.filter(pk=media.pk).update(created_at=media.created_at - timedelta(hours=hours))


def test_stores_the_renditions_under_names_nobody_can_guess(media_root):
    alice = make_member("alice")

    media = store(alice, (1600, 800))

    media.refresh_from_db()
    assert (media.state, media.width, media.height) == (State.READY, 1600, 800)
    assert [(made["name"], made["width"], made["height"]) for made in media.renditions] == [
        ("large", 1600, 800),
        ("medium", 1080, 540),
        ("small", 320, 160),
    ]
    assert len(media.key) == 22
    assert len(media.blurhash) == 28
    names = [f"{media.key[:2]}/{media.key}-{size}.jpg" for size in ("large", "medium", "small")]
    assert [made["file"] for made in media.renditions] == names
    assert files_in(media_root) == sorted(names)


def test_never_gives_two_uploads_one_name():
    alice = make_member("alice")

    assert store(alice).key != store(alice).key


def test_names_the_field_that_holds_no_image(media_root):
    alice = make_member("alice")

    with pytest.raises(InvalidInput) as refusal:
        store_image(owner=alice, file=BytesIO(b"no image"), field="uploadImage")

    assert refusal.value.code == "invalid_image"
    sentence = (
        "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
    )
    assert refusal.value.fields == {"uploadImage": [sentence]}
    assert not Media.objects.exists()
    assert not media_root.exists()


@pytest.mark.django_db(transaction=True)
def test_refuses_to_write_files_of_a_row_that_may_roll_back(media_root):
    alice = make_member("alice")

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        store(alice)

    assert not media_root.exists()


def test_knows_of_the_files_of_an_upload_that_broke_off(broken_storage, media_root):
    alice = make_member("alice")
    broken_storage.writes_left = 1

    with pytest.raises(Unavailable):
        store(alice)

    media = Media.objects.get()
    assert media.state == State.DISCARDED
    assert len(files_in(media_root)) == 1
    assert collect_orphans() == 1
    assert files_in(media_root) == []
    assert not Media.objects.exists()


def test_attaches_an_upload_once():
    alice = make_member("alice")
    media = make_upload(alice)

    attach(media, owner=alice)

    media.refresh_from_db()
    assert media.state == State.ATTACHED
    with pytest.raises(MediaNotFound):
        attach(media, owner=alice)


def test_does_not_attach_the_upload_of_somebody_else():
    alice, bob = make_member("alice"), make_member("bob")
    media = make_upload(alice)

    with pytest.raises(MediaNotFound):
        attach(media, owner=bob)

    media.refresh_from_db()
    assert media.state == State.READY


@pytest.mark.parametrize("state", [State.PENDING, State.DISCARDED])
def test_does_not_attach_what_is_not_complete_or_gone(state):
    alice = make_member("alice")
    media = Media.objects.create(owner=alice, state=state)

    with pytest.raises(MediaNotFound):
        attach(media, owner=alice)


def attached_states(*uploads):
    return set(Media.objects.among([one.pk for one in uploads]).values_list("state", flat=True))


@pytest.mark.parametrize("count", [1, 3])
def test_attaches_several_in_two_statements_in_the_order_given(count, django_assert_num_queries):
    alice = make_member("alice")
    uploads = [make_file(alice) for _ in range(count)]
    wanted = [one.pk for one in reversed(uploads)]

    with django_assert_num_queries(2):
        attached = attach_all(wanted, owner=alice)

    assert [one.pk for one in attached] == wanted
    assert {one.state for one in attached} == attached_states(*uploads) == {State.ATTACHED}


def test_attaches_nothing_for_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert attach_all([], owner=User()) == []


def test_attaches_all_or_none():
    alice, bob = make_member("alice"), make_member("bob")
    mine, other, used = (make_file(alice) for _ in range(3))
    foreign = make_file(bob)
    attach(used, owner=alice)
    unfinished = Media.objects.create(owner=alice)

    wrong = [used.pk, foreign.pk, unfinished.pk, mine.pk, 0, -1, 2**63, 2**63 - 1]
    for one in wrong:
        with pytest.raises(MediaNotFound), transaction.atomic():
            attach_all([mine.pk, other.pk, one], owner=alice)

    assert attached_states(mine, other, foreign) == {State.READY}


@pytest.mark.django_db(transaction=True)
def test_of_many_who_attach_the_same_uploads_one_gets_them():
    alice = make_member("alice")
    ids = [make_file(alice).pk for _ in range(4)]
    start = Barrier(4)

    def attach_in(order):
        try:
            start.wait()
            with transaction.atomic():
                attach_all(order, owner=alice)
        except MediaNotFound:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(attach_in, [ids, ids[::-1], ids, ids[::-1]]))

    assert sorted(won) == [False, False, False, True]


def test_deletes_files_and_row_after_the_commit(media_root, django_capture_on_commit_callbacks):
    alice = make_member("alice")
    kept, media = make_upload(alice), make_upload(alice)

    with django_capture_on_commit_callbacks(execute=True):
        discard(Media.objects.filter(pk=media.pk))
        assert len(files_in(media_root)) == 4

    assert list(Media.objects.all()) == [kept]
    assert files_in(media_root) == sorted(made["file"] for made in kept.renditions)


@pytest.mark.django_db(transaction=True)
def test_keeps_the_files_when_the_transaction_rolls_back(media_root):
    media = make_upload(make_member("alice"))

    with transaction.atomic():
        discard(Media.objects.filter(pk=media.pk))
        transaction.set_rollback(True)

    media.refresh_from_db()
    assert media.state == State.READY
    assert len(files_in(media_root)) == 2


def test_discards_all_of_one_member(
    media_root, django_capture_on_commit_callbacks, django_assert_num_queries
):
    alice, bob = make_member("alice"), make_member("bob")
    make_upload(alice)
    attach(make_upload(alice), owner=alice)
    kept = make_upload(bob)

    with django_capture_on_commit_callbacks(execute=True), django_assert_num_queries(3):
        discard_all_of(alice)

    assert list(Media.objects.all()) == [kept]
    assert len(files_in(media_root)) == len(kept.renditions)


def test_keeps_the_row_where_the_storage_does_not_delete(broken_storage, media_root):
    broken_storage.writes_left = 2
    media = make_upload(make_member("alice"))
    Media.objects.update(state=State.DISCARDED)

    broken_storage.deletes = False
    assert delete_discarded([media.pk]) == 0
    assert Media.objects.get().state == State.DISCARDED

    broken_storage.deletes = True
    assert delete_discarded([media.pk]) == 1
    assert delete_discarded([media.pk]) == 0
    assert files_in(media_root) == []


def test_deletes_only_what_is_discarded(media_root):
    media = make_upload(make_member("alice"))

    assert delete_discarded([media.pk]) == 0

    assert Media.objects.get() == media
    assert len(files_in(media_root)) == 2


def test_collects_what_nobody_used_for_a_day(media_root):
    alice = make_member("alice")
    unused, unfinished, young, attached = (make_upload(alice) for _ in range(4))
    Media.objects.filter(pk=unfinished.pk).update(state=State.PENDING, renditions=[])
    attach(attached, owner=alice)
    for media in (unused, unfinished, attached):
        grow_old(media)
    grow_old(young, hours=23)

    assert collect_orphans() == 2

    kept = Media.objects.order_by("pk")
    assert list(kept) == [young, attached]
    assert files_in(media_root) == sorted(
        made["file"] for media in kept for made in media.renditions
    )


def test_collects_the_rest_though_some_fail(broken_storage, monkeypatch):
    monkeypatch.setattr("snappio.media.services.BATCH", 2)
    broken_storage.writes_left = 10
    alice = make_member("alice")
    uploads = [make_upload(alice) for _ in range(5)]
    Media.objects.update(state=State.DISCARDED)
    stubborn = uploads[1].key
    delete = broken_storage.delete

    def delete_but_one(name):
        if stubborn in name:
            raise OSError(5, "Input/output error")
        delete(name)

    monkeypatch.setattr(broken_storage, "delete", delete_but_one)

    assert collect_orphans() == 4
    assert Media.objects.get() == uploads[1]
