"""Posts made of uploads of before: their images, texts, options, and making them once."""

import pytest
from django.db import connection

from snappio.accounts.tests.factories import client_of
from snappio.core.idempotency import BadIdempotencyKey, IdempotencyKeyReused
from snappio.media.models import Media, State
from snappio.media.tests.factories import make_file, make_upload
from snappio.media.tests.images import jpeg
from snappio.posts.models import Post, PostMention, PostTag
from snappio.posts.tests.factories import make_post

POSTS = "/api/v1/posts/"


def uploads(owner, count):
    return [make_upload(owner, (64, 32)) for _ in range(count)]


def chosen(media, **more):
    return [{"id": one.pk, **more} for one in media]


def send(client, body, **headers):
    return client.post(POSTS, {"content": "At the sea", **body}, format="json", headers=headers)


def test_shows_uploads_in_the_order_given_with_their_words(as_alice, alice):
    first, second, third = uploads(alice, 3)
    Media.objects.filter(pk=third.pk).update(alt="as uploaded")
    media = [{"id": third.pk}, {"id": first.pk, "alt": "a boat"}, {"id": second.pk, "alt": ""}]

    answer = send(as_alice, {"media": media})

    assert answer.status_code == 201
    shown = answer.json()["images"]
    assert [image["alt"] for image in shown] == ["as uploaded", "a boat", ""]
    keys = [image["url"].rpartition("/")[2].removesuffix("-large.jpg") for image in shown]
    assert keys == [third.key, first.key, second.key]
    assert set(Media.objects.values_list("state", flat=True)) == {State.ATTACHED}


def test_a_form_says_uploads_as_json(as_alice, alice):
    (media,) = uploads(alice, 1)
    body = {"content": "x", "media": f'[{{"id": {media.pk}, "alt": "a boat"}}]'}

    answer = as_alice.post(POSTS, body, format="multipart")

    assert [image["alt"] for image in answer.json()["images"]] == ["a boat"]


@pytest.mark.parametrize(
    ("media", "complaint"),
    [
        ([], ["Give at least one upload."]),
        ("[", ["Give a list of uploads."]),
        ({"id": 1}, ["Give a list of uploads."]),
        (7, ["Give a list of uploads."]),
        ([{"id": 1}] * 11, ["Give at most 10 uploads."]),
        ([{"alt": "x"}], {"0": {"id": ["This field is required."]}}),
        ([{"id": 2**63}],
         {"0": {"id": ["Ensure this value is less than or equal to 9223372036854775807."]}}),
        ([{"id": 1, "alt": "x" * 1501}],
         {"0": {"alt": ["Ensure this field has no more than 1500 characters."]}}),
    ],
)  # fmt: skip
def test_refuses_what_are_no_uploads(as_alice, media, complaint):
    answer = send(as_alice, {"media": media})

    assert (answer.status_code, answer.json()) == (400, {"media": complaint})


def test_takes_ten_uploads(as_alice, alice):
    answer = send(as_alice, {"media": chosen(uploads(alice, 10), alt="ü" * 1500)})

    assert [image["alt"] for image in answer.json()["images"]] == ["ü" * 1500] * 10


def test_takes_either_a_file_or_uploads(as_alice, alice):
    from django.core.files.uploadedfile import SimpleUploadedFile

    (media,) = uploads(alice, 1)
    file = SimpleUploadedFile("x.jpg", jpeg(), "image/jpeg")
    body = {"content": "x", "uploadImage": file, "media": f'[{{"id": {media.pk}}}]'}

    answer = as_alice.post(POSTS, body, format="multipart")

    assert (answer.status_code, set(answer.json())) == (400, {"media"})
    media.refresh_from_db()
    assert media.state == State.READY


@pytest.mark.parametrize("whose", ["another's", "used", "twice", "absent"])
def test_shows_only_ones_own_unused_uploads(as_alice, alice, bob, whose):
    (mine,) = uploads(alice, 1)
    ids = {
        "another's": [mine.pk, uploads(bob, 1)[0].pk],
        "used": [mine.pk, make_post(alice).images.get().media_id],
        "twice": [mine.pk, mine.pk],
        "absent": [mine.pk, 2**62],
    }[whose]
    posts = Post.objects.count()

    answer = send(as_alice, {"media": [{"id": one} for one in ids]})

    assert (answer.status_code, answer.json()["code"]) == (404, "media_not_found")
    mine.refresh_from_db()
    assert (mine.state, Post.objects.count()) == (State.READY, posts)


def test_shows_nothing_but_images(as_alice, alice):
    file = make_file(alice)

    answer = send(as_alice, {"media": chosen([file])})

    assert answer.status_code == 400
    assert answer.json() == {"media": ["Only images can be shown in a post."]}
    file.refresh_from_db()
    assert (file.state, Post.objects.exists()) == (State.READY, False)


def test_finds_names_tags_and_links_and_keeps_them_to_be_found(as_alice, alice, bob):
    content = "With @bob and @nobody at the #Sea, #ＳＥＡ #cliff: https://example.org/x"

    post = send(as_alice, {"content": content, "media": chosen(uploads(alice, 1))}).json()

    found = [(one["type"], content[one["start"] : one["end"]]) for one in post["entities"]]
    assert found == [
        ("mention", "@bob"), ("mention", "@nobody"), ("hashtag", "#Sea"), ("hashtag", "#ＳＥＡ"),
        ("hashtag", "#cliff"), ("link", "https://example.org/x"),
    ]  # fmt: skip
    assert set(PostTag.objects.values_list("tag", flat=True)) == {"sea", "cliff"}
    assert list(PostMention.objects.values_list("member", flat=True)) == [bob.pk]
    assert as_alice.get(POSTS).json() == [post]


def test_indexes_a_bounded_number_of_tags(as_alice, alice):
    content = " ".join(f"#tag{n}" for n in range(40))

    send(as_alice, {"content": content, "media": chosen(uploads(alice, 1))})

    assert PostTag.objects.count() == 30


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"sensitive": True}, (True, "")),
        ({"warning": "spiders"}, (True, "spiders")),
        ({"warning": "spiders", "sensitive": False}, (True, "spiders")),
        ({"warning": "", "sensitive": False}, (False, "")),
    ],
)
def test_a_warning_makes_sensitive(as_alice, alice, options, shown):
    post = send(as_alice, {"media": chosen(uploads(alice, 1)), **options}).json()

    assert (post["sensitive"], post["warning"]) == shown


@pytest.mark.parametrize(
    ("option", "value"),
    [("sensitive", "perhaps"), ("sensitive", None), ("warning", "x" * 201), ("warning", None),
     ("visibility", "community"), ("visibility", ""), ("commenting", "friends")],
)  # fmt: skip
def test_refuses_options_that_there_are_not(as_alice, alice, option, value):
    answer = send(as_alice, {"media": chosen(uploads(alice, 1)), option: value})

    assert (answer.status_code, set(answer.json())) == (400, {option})


# --- R19: the same again -------------------------------------------------------


def test_the_same_key_gives_the_first_post(as_alice, alice):
    body = {"media": chosen(uploads(alice, 1))}

    first, again = (send(as_alice, body, **{"Idempotency-Key": "k1"}) for _ in range(2))
    other = send(as_alice, {"media": chosen(uploads(alice, 1))}, **{"Idempotency-Key": "k2"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() != other.json()


def test_a_file_that_comes_again_is_not_stored_again(as_alice, alice):
    from django.core.files.uploadedfile import SimpleUploadedFile

    def publish(content):
        body = {"content": content, "uploadImage": SimpleUploadedFile("x.jpg", jpeg())}
        return as_alice.post(POSTS, body, headers={"Idempotency-Key": "k1"})

    assert publish("x").json() == publish("x").json()
    assert Media.objects.count() == 1
    refused = publish("y")
    assert (refused.status_code, refused.json()["code"]) == (422, IdempotencyKeyReused.code)


def test_the_same_key_with_another_file_is_refused(as_alice):
    from django.core.files.uploadedfile import SimpleUploadedFile

    codes = [
        as_alice.post(
            POSTS,
            {"content": "x", "uploadImage": SimpleUploadedFile("x.jpg", jpeg(size))},
            headers={"Idempotency-Key": "k1"},
        ).status_code
        for size in ((64, 32), (32, 64))
    ]

    assert codes == [201, 422]


def test_keys_are_each_members_own(as_alice, as_bob, alice, bob):
    made = [
        send(client, {"media": chosen(uploads(member, 1))}, **{"Idempotency-Key": "k"}).json()
        for client, member in ((as_alice, alice), (as_bob, bob))
    ]

    assert [post["user"] for post in made] == ["alice", "bob"]


@pytest.mark.parametrize("key", ["x" * 65, "a b", "x" * 10_000, "é"])
def test_refuses_what_cannot_be_a_key(as_alice, alice, key):
    answer = send(as_alice, {"media": chosen(uploads(alice, 1))}, **{"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["code"]) == (400, BadIdempotencyKey.code)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_of_requests_at_once_with_one_key_one_makes_a_post(alice, at_once):
    body = {"media": chosen(uploads(alice, 1))}
    clients = [client_of(alice) for _ in range(4)]

    answers = at_once(
        *(lambda c=client: send(c, body, **{"Idempotency-Key": "k"}) for client in clients)
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == Post.objects.count() == 1
