"""Compiled reads: the same rows as the ORM's, whoever runs them, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from django.core.exceptions import EmptyResultSet
from django.db import connection, connections
from django.db.models import BigIntegerField, CharField, OuterRef, UUIDField

from snappio.accounts.models import Session, User
from snappio.accounts.tests.factories import make_member, sign_in_header
from snappio.core.compiled import JsonList, compiled, parameter, parameters
from snappio.media.models import Media
from snappio.posts.models import PostImage
from snappio.posts.tests.factories import make_post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


COLUMNS = ("pk", "username", "is_active", "created_at", "deleted_at")


@compiled
def members(*, count: int = 10, is_named: bool = False):
    found = User.objects.active().order_by("-pk")
    if is_named:
        found = found.named(parameter("username", CharField()))
    return found.values_list(*COLUMNS)[:count]


def test_gives_the_rows_and_types_of_the_orm(alice, bob):
    expected = list(User.objects.order_by("-pk").values_list(*COLUMNS))

    assert members().rows() == expected
    assert members(count=1).rows() == expected[:1]
    assert members(is_named=True).rows(username="alice") == expected[1:]
    assert members(is_named=True).rows(username="nobody") == []


def test_gives_json_and_keys_as_the_orm_does(alice):
    make_post(alice)
    uploads = Media.objects.values_list("renditions", "created_at")

    assert compiled(uploads.all)().rows() == list(uploads)


def test_hands_a_value_over_as_its_field_does(alice):
    sign_in_header(alice)
    session = Session.objects.get()
    find = compiled(
        lambda: Session.objects.filter(pk=parameter("id", UUIDField())).values_list("pk")
    )

    assert find().rows(id=session.pk) == [(session.pk,)]


def test_writes_a_query_once_for_each_shape(alice, django_assert_num_queries):
    written = []

    @compiled
    def names(*, count: int):
        written.append(count)
        return User.objects.values_list("username")[:count]

    with django_assert_num_queries(3):
        assert names(count=1).rows() == names(count=1).rows() == names(count=2).rows()
    assert written == [1, 2]


def test_asks_for_a_value_that_is_missing(alice):
    with pytest.raises(KeyError, match="username"):
        members(is_named=True).rows()


def test_compiles_no_query_that_can_find_nothing():
    with pytest.raises(EmptyResultSet):
        compiled(lambda: User.objects.none().values_list("pk"))()


@pytest.mark.django_db(transaction=True)
def test_lets_every_thread_run_it_with_its_own_values():
    names = [make_member(f"member{number}").username for number in range(8)]

    def look(name):
        try:
            return [members(is_named=True).rows(username=name)[0][1] for _ in range(20)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(names)) as threads:
        found = list(threads.map(look, names))

    assert found == [[name] * 20 for name in names]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL prepares")
def test_is_prepared_where_it_comes_back(alice):
    for _ in range(4):
        members(is_named=True).rows(username="alice")

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        statements = [text for (text,) in cursor.fetchall()]
    assert sum("accounts_user" in text for text in statements) == 1


def test_lists_what_belongs_to_a_row_as_json(alice, bob):
    make_post(alice)
    (image,) = PostImage.objects.all()
    alt = 'A "boat" \\ 🌊'
    PostImage.objects.update(alt=alt)
    mine = PostImage.objects.filter(post__author=OuterRef("pk"))

    rows = User.objects.order_by("pk").values_list(
        "username", JsonList(mine, "position", "alt", "media__renditions")
    )

    (name, listed), nothing = list(rows)
    assert name == "alice"
    assert orjson.loads(listed) == [[0, alt, image.media.renditions]]
    assert nothing == ("bob", None)


def test_lists_lists_in_lists(alice, bob):
    make_post(alice)
    made = list(PostImage.objects.values_list("pk", flat=True))
    images = PostImage.objects.filter(post__author=OuterRef("pk"))
    each = JsonList(User.objects.order_by("pk"), "username", JsonList(images, "pk"))

    (listed,) = User.objects.filter(pk=bob.pk).values_list(each, flat=True)

    assert orjson.loads(listed) == [["alice", [[pk] for pk in made]], ["bob", None]]


@compiled
def members_among():
    among = User.objects.filter(pk__in=parameters("ids", BigIntegerField()))
    return among.order_by("pk").values_list("username")


@pytest.mark.parametrize("count", [0, 1, 3, 2000])
def test_takes_any_number_of_values_as_one(alice, bob, carol, count):
    ids = [alice.pk, carol.pk, 2**62, *range(-2000, 0)][:count]

    found = members_among().rows(ids=ids)

    assert found == [("alice",), ("carol",)][:count]
