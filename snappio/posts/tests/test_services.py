"""Publishing, editing, deleting: what holds in the database and the storage."""

import threading
from datetime import UTC, datetime
from io import BytesIO

import pytest
import time_machine
from django.db import IntegrityError, connection, connections, transaction

from snappio.accounts.models import User
from snappio.accounts.services.members import close_account
from snappio.accounts.tests.factories import make_member
from snappio.core.errors import Forbidden, NotAuthenticated
from snappio.media.errors import BadImage
from snappio.media.models import Media, State
from snappio.media.services import store_image
from snappio.media.tests.images import jpeg
from snappio.posts.errors import PostNotFound
from snappio.posts.models import Post, PostImage
from snappio.posts.queries.posts import get_post, posts_page
from snappio.posts.services.deletion import delete_post, delete_posts_of
from snappio.posts.services.editing import PostChanges, edit_post
from snappio.posts.services.publishing import ChosenImage, create_post
from snappio.posts.tests.factories import make_post

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def files_in(root):
    return [path for path in root.rglob("*") if path.is_file()]


def test_publishes_a_text_with_its_image():
    alice = make_member("alice")

    post = create_post(author=alice, content="At the sea", upload=BytesIO(jpeg((640, 320))))

    shown = get_post(post.pk, viewer=None)
    assert (shown.username, shown.name, shown.content) == ("alice", "Alice", "At the sea")
    (image,) = shown.images
    assert (image.width, image.height, image.alt) == (640, 320, "")
    assert [made["name"] for made in image.renditions] == ["large", "small"]
    assert Media.objects.get().state == State.ATTACHED


def test_publishes_nothing_without_an_image():
    alice = make_member("alice")

    with pytest.raises(BadImage):
        create_post(author=alice, content="At the sea", upload=BytesIO(b"no image"))

    assert not Post.objects.exists()


def test_publishes_nothing_of_a_member_who_has_just_left():
    alice = make_member("alice")
    close_account(alice)

    with pytest.raises(NotAuthenticated):
        create_post(author=alice, content="At the sea", upload=BytesIO(jpeg()))

    assert not Post.objects.exists()
    assert not Media.objects.exists()


def test_edits_the_text_and_says_when():
    post = make_post(make_member("alice"))

    with time_machine.travel(NOON, tick=False):
        edit_post(post_id=post.pk, editor=post.author, changes=PostChanges(content="At the lake"))

    post.refresh_from_db()
    assert (post.content, post.edited_at) == ("At the lake", NOON)


@pytest.mark.parametrize("content", [None, "At the sea"])
def test_calls_no_change_no_edit(content):
    post = make_post(make_member("alice"), "At the sea")

    edit_post(post_id=post.pk, editor=post.author, changes=PostChanges(content=content))

    post.refresh_from_db()
    assert (post.content, post.edited_at) == ("At the sea", None)


def test_lets_nobody_else_edit_or_delete():
    post = make_post(make_member("alice"))
    mallory = make_member("mallory")

    with pytest.raises(Forbidden):
        edit_post(post_id=post.pk, editor=mallory, changes=PostChanges(content="mine now"))
    with pytest.raises(Forbidden):
        delete_post(post_id=post.pk, remover=mallory)

    assert get_post(post.pk, viewer=None).content == "At the sea"


def test_deletes_the_post_with_its_files(media_root, django_capture_on_commit_callbacks):
    alice = make_member("alice")
    post, kept = make_post(alice), make_post(alice)

    with django_capture_on_commit_callbacks(execute=True):
        delete_post(post_id=post.pk, remover=alice)

    assert list(Post.objects.all()) == [kept]
    assert list(Media.objects.all()) == [kept.images.get().media]
    assert len(files_in(media_root)) == 1
    with pytest.raises(PostNotFound):
        delete_post(post_id=post.pk, remover=alice)


@pytest.mark.django_db(transaction=True)
def test_deletes_nothing_where_the_transaction_rolls_back(media_root):
    alice = make_member("alice")
    post = make_post(alice)

    with transaction.atomic():
        delete_post(post_id=post.pk, remover=alice)
        transaction.set_rollback(True)

    assert get_post(post.pk, viewer=None).images
    assert len(files_in(media_root)) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_deletes_all_of_a_member_in_as_many_statements_however_much_it_is(
    count, media_root, django_assert_num_queries, django_capture_on_commit_callbacks
):
    alice, bob = make_member("alice"), make_member("bob")
    for _ in range(count):
        make_post(alice)
    kept = make_post(bob)

    with django_capture_on_commit_callbacks(execute=True), django_assert_num_queries(22):
        delete_posts_of(alice)

    assert list(Post.objects.all()) == [kept]
    assert list(Media.objects.all()) == [kept.images.get().media]
    assert len(files_in(media_root)) == 1


def test_hides_the_posts_of_a_disabled_member():
    alice, bob = make_member("alice"), make_member("bob")
    hidden, shown = make_post(alice), make_post(bob)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert [post.id for post in posts_page(viewer=None, limit=10).rows] == [shown.pk]
    with pytest.raises(PostNotFound):
        get_post(hidden.pk, viewer=None)
    with pytest.raises(PostNotFound):
        edit_post(post_id=hidden.pk, editor=alice, changes=PostChanges(content="still here"))


def test_hides_a_post_without_an_image():
    alice = make_member("alice")
    bare = Post.objects.create(author=alice, content="words alone")

    assert list(posts_page(viewer=None, limit=10).rows) == []
    with pytest.raises(PostNotFound):
        get_post(bare.pk, viewer=None)


def test_orders_images_by_position():
    alice = make_member("alice")
    post, other = make_post(alice), make_post(alice)
    second = other.images.get()
    PostImage.objects.filter(pk=second.pk).update(post=post, position=1, alt="second")

    assert [image.alt for image in get_post(post.pk, viewer=None).images] == ["", "second"]


@pytest.mark.django_db(transaction=True)
def test_never_keeps_an_image_without_a_post():
    post = make_post(make_member("alice"))

    with pytest.raises(IntegrityError):
        post.delete()

    assert get_post(post.pk, viewer=None).images


def test_shows_one_upload_in_one_place_only():
    post = make_post(make_member("alice"))

    with pytest.raises(IntegrityError), transaction.atomic():
        PostImage.objects.create(post=post, media=post.images.get().media, position=1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_leaves_no_post_behind_an_account_that_closes_meanwhile():
    alice = make_member("alice")
    media = store_image(owner=alice, file=BytesIO(jpeg()))
    refused = threading.Event()

    def publish():
        try:
            images = [ChosenImage(media_id=media.pk)]
            create_post(author=alice, content="too late", images=images)
        except NotAuthenticated:
            refused.set()
        finally:
            connections.close_all()

    late = threading.Thread(target=publish)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=alice.pk)
        late.start()
        late.join(0.3)
        assert late.is_alive()
        delete_posts_of(alice)
        close_account(alice)
    late.join(10)

    assert refused.is_set()
    assert not Post.objects.exists()
