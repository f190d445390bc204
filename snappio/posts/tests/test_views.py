"""`/api/v1/posts/` as existing clients know it."""

import re
from datetime import UTC, datetime

import orjson
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from snappio.accounts.models import User
from snappio.accounts.tests.factories import make_member, sign_in_header
from snappio.media.models import Media
from snappio.media.serializers import ImageOutput, RenditionOutput
from snappio.media.tests.images import HEIC, encoded, halves, jpeg
from snappio.posts.models import Post
from snappio.posts.serializers.posts import PostOutput
from snappio.posts.tests.factories import make_post

pytestmark = pytest.mark.django_db

POSTS = "/api/v1/posts/"
NOT_FOUND = {"detail": "No Post matches the given query.", "code": "not_found"}
ANONYMOUS = {
    "detail": "Authentication credentials were not provided.",
    "code": "not_authenticated",
}
FORBIDDEN = {
    "detail": "You do not have permission to perform this action.",
    "code": "permission_denied",
}
INVALID_IMAGE = (
    "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
)


@pytest.fixture
def alice():
    return make_member("alice")


@pytest.fixture
def as_alice(alice):
    return sign_in_header(alice)


def photograph(content=None, name="IMG_0001.jpg", content_type="image/jpeg"):
    return SimpleUploadedFile(name, jpeg() if content is None else content, content_type)


def send(client, headers, **fields):
    return client.post(POSTS, fields, headers=headers)


# --- Publishing ------------------------------------------------------------


def test_publishes_and_shows_the_same_everywhere(client, alice):
    with time_machine.travel(datetime(2026, 5, 1, 12, tzinfo=UTC), tick=False):
        as_alice = sign_in_header(alice)
        response = send(client, as_alice, content=" At the sea ", uploadImage=photograph())

    made = response.json()
    post, media = Post.objects.get(), Media.objects.get()
    address = f"http://testserver/media/{media.key[:2]}/{media.key}-large.jpg"
    assert response.status_code == 201
    assert response["Content-Type"] == "application/json"
    assert made == {
        "id": post.pk,
        "user": "alice",
        "name": "Alice",
        "content": "At the sea",
        "timestamp": "2026-05-01T12:00:00.000000Z",
        "image": address,
        "images": [
            {
                "url": address,
                "width": 64,
                "height": 32,
                "blurhash": media.blurhash,
                "alt": "",
                "renditions": [{"name": "large", "url": address, "width": 64, "height": 32}],
            }
        ],
        "edited_at": None,
        "entities": [],
        "sensitive": False,
        "warning": "",
        "visibility": "public",
        "commenting": "everybody",
        "likes_count": 0,
        "comments_count": 0,
        "liked": False,
        "bookmarked": False,
    }
    assert client.get(f"{POSTS}{post.pk}/").json() == made
    assert client.get(POSTS).json() == [made]
    assert client.get(POSTS, {"username": "alice"}).json() == [made]


def test_image_loads_in_one_step_without_a_header(client, alice, as_alice):
    made = send(client, as_alice, content="x", uploadImage=photograph()).json()

    response = client.get(made["image"].removeprefix("http://testserver"))

    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert b"".join(response.streaming_content).startswith(b"\xff\xd8\xff")


def test_builds_addresses_from_the_public_one_where_set(client, alice, as_alice, settings):
    settings.PUBLIC_URL = "https://social.example"

    made = send(client, as_alice, content="x", uploadImage=photograph()).json()

    assert made["image"].startswith("https://social.example/media/")
    assert client.get(POSTS).json() == [made]


def test_takes_what_dio_sends(client, as_alice):
    """Part headers in lower case, every file declared as a stream of bytes, no `Accept`."""
    boundary = "--dio-boundary-0123456789"
    body = b"\r\n".join(
        [
            b"--" + boundary.encode(),
            b'content-disposition: form-data; name="content"',
            b"",
            "Zum Meer 🌊".encode(),
            b"--" + boundary.encode(),
            b'content-disposition: form-data; name="uploadImage"; filename="image_picker1.heic"',
            b"content-type: application/octet-stream",
            b"",
            HEIC,
            b"--" + boundary.encode() + b"--",
            b"",
        ]
    )

    response = client.generic(
        "POST",
        POSTS,
        body,
        content_type=f"multipart/form-data; boundary={boundary}",
        headers=as_alice,
    )

    assert response.status_code == 201
    assert response.json()["content"] == "Zum Meer 🌊"
    (image,) = response.json()["images"]
    assert (image["width"], image["height"]) == (32, 48)
    assert image["url"].endswith(".jpg")


@pytest.mark.parametrize("path", ["/api/v1/posts", "/api/v1/posts/"])
def test_publishes_with_and_without_the_slash(client, as_alice, path):
    response = client.post(path, {"content": "x", "uploadImage": photograph()}, headers=as_alice)

    assert response.status_code == 201


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"content": "x"}, {"uploadImage": ["No file was submitted."]}),
        ({"uploadImage": True}, {"content": ["This field is required."]}),
        ({"content": "", "uploadImage": True}, {"content": ["This field may not be blank."]}),
        ({"content": "  ", "uploadImage": True}, {"content": ["This field may not be blank."]}),
        (
            {"content": "x" * 5001, "uploadImage": True},
            {"content": ["Ensure this field has no more than 5000 characters."]},
        ),
        (
            {},
            {
                "content": ["This field is required."],
                "uploadImage": ["No file was submitted."],
            },
        ),
        (
            {"content": "x", "uploadImage": "http://169.254.169.254/"},
            {
                "uploadImage": [
                    "The submitted data was not a file. Check the encoding type on the form."
                ]
            },
        ),
    ],
    ids=["no file", "no content", "empty", "blank", "long", "nothing", "an address"],
)
def test_refuses_field_by_field(client, as_alice, fields, complaint):
    if fields.get("uploadImage") is True:
        fields = {**fields, "uploadImage": photograph()}

    response = send(client, as_alice, **fields)

    assert (response.status_code, response.json()) == (400, complaint)
    assert not Post.objects.exists()
    assert not Media.objects.exists()


def test_takes_the_longest_text(client, as_alice):
    response = send(client, as_alice, content="ü" * 5000, uploadImage=photograph())

    assert response.json()["content"] == "ü" * 5000


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "The submitted file is empty."),
        (b"\x00", INVALID_IMAGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", INVALID_IMAGE),
        (encoded(halves(), "BMP"), INVALID_IMAGE),
        (jpeg()[:200], INVALID_IMAGE),
    ],
    ids=["empty", "a byte", "svg", "bmp", "truncated"],
)
def test_refuses_what_is_no_image(client, as_alice, content, complaint):
    response = send(client, as_alice, content="x", uploadImage=photograph(content))

    assert (response.status_code, response.json()) == (400, {"uploadImage": [complaint]})


def test_refuses_two_files_rather_than_losing_one(client, as_alice):
    response = send(client, as_alice, content="x", uploadImage=[photograph(), photograph()])

    assert (response.status_code, response.json()) == (
        400,
        {"uploadImage": ["Upload one file only."]},
    )


def test_refuses_json_and_urlencoded_for_want_of_a_file(client, as_alice):
    for content_type, body in {
        "application/json": '{"content": "x"}',
        "application/x-www-form-urlencoded": "content=x",
    }.items():
        response = client.post(POSTS, body, content_type=content_type, headers=as_alice)

        assert (response.status_code, response.json()) == (
            400,
            {"uploadImage": ["No file was submitted."]},
        )


@pytest.mark.parametrize(
    "body",
    [b"", b"garbage", b"--x\r\n", b"--x\r\ncontent-disposition: form-data\r\n\r\nx\r\n--x--\r\n"],
)
def test_refuses_a_broken_form(client, as_alice, body):
    response = client.generic(
        "POST", POSTS, body, content_type="multipart/form-data; boundary=x", headers=as_alice
    )

    assert response.status_code == 400
    assert (
        client.generic(
            "POST", POSTS, body, content_type="multipart/form-data", headers=as_alice
        ).status_code
        == 400
    )


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "con", ".htaccess", "a\u202egpj.exe", 'a"b;c', "ü" * 4000, "x.svg", "x"],
)
def test_ignores_the_name_of_the_file(client, as_alice, name, media_root):
    response = send(client, as_alice, content="x", uploadImage=photograph(name=name))

    assert response.status_code == 201
    (path,) = [path for path in media_root.rglob("*") if path.is_file()]
    assert re.fullmatch(r"[\w-]{2}/[\w-]{22}-large\.jpg", str(path.relative_to(media_root)))
    assert path.resolve().is_relative_to(media_root.resolve())


def test_refuses_more_bytes_than_the_limit(client, as_alice, settings):
    limit = settings.LIMITS.upload_bytes

    response = client.generic(
        "POST",
        POSTS,
        b"x",
        content_type="multipart/form-data; boundary=x",
        headers={**as_alice, "Content-Length": str(limit + 1)},
    )

    assert response.status_code == 413


# --- Who may ---------------------------------------------------------------


@pytest.mark.parametrize("path", ["posts/", "posts/1/", "posts/999/", "posts/abc/"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_asks_the_anonymous_to_sign_in_before_anything_else(client, alice, path, method):
    make_post(alice)

    response = client.generic(method, f"/api/v1/{path}")

    if response.status_code == 405:
        assert (path == "posts/") == (method != "POST")
        return
    assert (response.status_code, response.json()) == (401, ANONYMOUS)
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_lets_only_the_author_change_a_post(client, alice, as_alice, method):
    post = make_post(alice)
    as_mallory = sign_in_header(make_member("mallory"))
    path, body = f"{POSTS}{post.pk}/", {"content": "changed"}

    def act(headers):
        return getattr(client, method)(path, body, content_type="application/json", headers=headers)

    refused = act(as_mallory)
    assert (refused.status_code, refused.json()) == (403, FORBIDDEN)
    assert Post.objects.get().content == "At the sea"

    allowed = act(as_alice)
    assert allowed.status_code == (204 if method == "delete" else 200)
    assert [post.content for post in Post.objects.all()] == (
        [] if method == "delete" else ["changed"]
    )


@pytest.mark.parametrize(
    "number", ["0", "-1", "999", 2**63 - 1, 2**63, "9" * 400, "abc", "1.0", "٣"]
)
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_answers_404_to_ids_of_nothing(client, as_alice, method, number):
    response = getattr(client, method)(
        f"{POSTS}{number}/",
        *([] if method == "get" else [{"content": "x"}]),
        **({} if method == "get" else {"content_type": "application/json"}),
        headers=as_alice,
    )

    assert (response.status_code, response.json()) == (404, NOT_FOUND)


def test_refuses_a_bad_token_on_public_addresses_too(client, alice):
    post = make_post(alice)

    for path in (POSTS, f"{POSTS}{post.pk}/"):
        assert client.get(path, headers={"Authorization": "Bearer x"}).status_code == 401


def test_names_the_method_that_is_not_allowed(client, as_alice):
    response = client.put(POSTS, headers=as_alice)

    assert (response.status_code, response.json()["detail"]) == (405, 'Method "PUT" not allowed.')


# --- Changing and deleting -------------------------------------------------


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data"])
def test_changes_the_text_and_nothing_else(client, alice, as_alice, method, kind):
    post = make_post(alice)
    before = client.get(f"{POSTS}{post.pk}/").json()
    body = {
        "content": "At the lake",
        "image": "javascript:alert(1)",
        "user": "mallory",
        "id": 77,
        "timestamp": "1999-01-01",
        "edited_at": "1999-01-01",
    }
    content = encode_multipart(BOUNDARY, body) if kind.startswith("multipart") else body

    response = getattr(client, method)(
        f"{POSTS}{post.pk}/",
        content,
        content_type=MULTIPART_CONTENT if kind.startswith("multipart") else kind,
        headers=as_alice,
    )

    after = response.json()
    assert response.status_code == 200
    edited_at = after.pop("edited_at")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", edited_at)
    before.pop("edited_at")
    assert after == {**before, "content": "At the lake"}
    assert client.get(f"{POSTS}{post.pk}/").json() == {**after, "edited_at": edited_at}


def test_wants_the_text_in_a_put_and_not_in_a_patch(client, alice, as_alice):
    post = make_post(alice)
    path, body = f"{POSTS}{post.pk}/", {"image": "x"}

    put = client.put(path, body, content_type="application/json", headers=as_alice)
    patch = client.patch(path, body, content_type="application/json", headers=as_alice)

    assert (put.status_code, put.json()) == (400, {"content": ["This field is required."]})
    assert (patch.status_code, patch.json()["content"]) == (200, "At the sea")


def test_deletes_the_post_and_its_image(
    client, alice, as_alice, django_capture_on_commit_callbacks
):
    post = make_post(alice)
    image = client.get(f"{POSTS}{post.pk}/").json()["image"]

    with django_capture_on_commit_callbacks(execute=True):
        response = client.delete(f"{POSTS}{post.pk}", headers=as_alice)

    assert (response.status_code, response.content) == (204, b"")
    assert client.get(f"{POSTS}{post.pk}/").json() == NOT_FOUND
    assert client.get(image.removeprefix("http://testserver")).status_code == 404
    assert client.delete(f"{POSTS}{post.pk}/", headers=as_alice).json() == NOT_FOUND


# --- Reading ---------------------------------------------------------------


def test_lists_the_newest_first_page_by_page(client, alice):
    first, second, third = (make_post(alice, text) for text in ("one", "two", "three"))

    response = client.get(POSTS, {"limit": 2, "username": "alice"})

    assert [post["id"] for post in response.json()] == [third.pk, second.pk]
    address = re.fullmatch(r'<http://testserver([^>]+)>; rel="next"', response["Link"])[1]
    assert "username=alice" in address
    make_post(alice, "added meanwhile")
    rest = client.get(address)
    assert [post["id"] for post in rest.json()] == [first.pk]
    assert "Link" not in rest


def test_lists_a_hundred_and_no_more(client, alice, settings):
    post = make_post(alice)
    image = post.images.get()
    made = Post.objects.bulk_create(Post(author=alice, content=str(n)) for n in range(100))
    uploads = Media.objects.bulk_create(
        Media(owner=alice, state="attached", renditions=image.media.renditions) for _ in made
    )
    image.__class__.objects.bulk_create(
        image.__class__(post=one, media=upload) for one, upload in zip(made, uploads, strict=True)
    )

    for limit in ({}, {"limit": 100}, {"limit": 500}):
        response = client.get(POSTS, limit)
        assert len(response.json()) == 100
        assert "Link" in response


@pytest.mark.parametrize(
    "query",
    ["username=", "username", "username=Alice", "username=ALICE", "username=nobody",
     "username=alice%00", "username=al", "username=%25", "username=alice%20", "username=%ff",
     "username=" + "a" * 5000],
)  # fmt: skip
def test_lists_nothing_for_a_name_that_is_not_exactly_one(client, alice, query):
    make_post(alice)

    response = client.get(f"{POSTS}?{query}")

    assert (response.status_code, response.json()) == (200, [])


def test_lists_one_member_only(client, alice):
    mine = make_post(alice)
    make_post(make_member("alice2"))

    assert [post["id"] for post in client.get("/api/v1/posts?username=alice").json()] == [mine.pk]


def test_shows_nothing_of_members_who_are_gone(client, alice):
    post = make_post(alice)
    User.objects.update(is_active=False)

    assert client.get(POSTS).json() == []
    assert client.get(POSTS, {"username": "alice"}).json() == []
    assert client.get(f"{POSTS}{post.pk}/").json() == NOT_FOUND


@pytest.mark.parametrize("query", ["cursor=x", "cursor=LTE", "limit=x", "limit=1e3"])
def test_refuses_a_cursor_or_limit_that_is_none(client, query):
    assert client.get(f"{POSTS}?{query}").status_code == 400


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("query", ["", "?username=alice"])
def test_lists_with_one_query(client, alice, count, query, django_assert_num_queries):
    for _ in range(count):
        make_post(alice)

    with django_assert_num_queries(1):
        response = client.get(f"{POSTS}{query}")

    assert len(response.json()) == count


def test_shows_one_with_one_query(client, alice, django_assert_num_queries):
    post = make_post(alice)

    with django_assert_num_queries(1):
        assert client.get(f"{POSTS}{post.pk}/").status_code == 200


def test_answers_what_the_schema_describes(client, alice, settings):
    settings.PUBLIC_URL = "https://social.example"
    post = make_post(alice)
    answer = client.get(f"{POSTS}{post.pk}/").json()
    (image,) = answer["images"]
    (rendition,) = image["renditions"]

    assert list(answer) == list(PostOutput().fields)
    assert list(image) == list(ImageOutput().fields)
    assert list(rendition) == list(RenditionOutput().fields)
    assert PostOutput(answer).data == answer
    PostOutput(data=answer).is_valid(raise_exception=True)


def described(post, viewer=None):
    """What the documented serializer makes of a post, read the plain way."""
    images = [
        {
            "url": address(image.media.renditions[0]),
            "width": image.media.width,
            "height": image.media.height,
            "blurhash": image.media.blurhash,
            "alt": image.alt,
            "renditions": [{**made, "url": address(made)} for made in image.media.renditions],
        }
        for image in post.images.order_by("position")
    ]
    return PostOutput({
        "id": post.pk,
        "user": post.author.username,
        "name": post.author.name,
        "content": post.content,
        "timestamp": post.created_at,
        "image": images[0]["url"],
        "images": images,
        "edited_at": post.edited_at,
        "entities": orjson.loads(post.entities or "[]"),
        "sensitive": post.is_sensitive,
        "warning": post.warning,
        "visibility": post.visibility,
        "commenting": post.commenting,
        "likes_count": post.likes_count,
        "comments_count": post.comments_count,
        "liked": viewer is not None and post.likes.filter(member=viewer).exists(),
        "bookmarked": viewer is not None and post.bookmarks.filter(member=viewer).exists(),
    }).data  # fmt: skip


def address(rendition):
    return f"http://testserver/media/{rendition['file']}"


def test_answers_as_the_documented_serializer_would(client, alice, as_alice):
    plain, edited, many = (make_post(alice, text) for text in ("", 'x "\\ \u2028 🌊\n', "three"))
    whole_second = datetime(2026, 5, 1, 12, tzinfo=UTC)
    Post.objects.filter(pk=plain.pk).update(created_at=whole_second)
    Post.objects.filter(pk=edited.pk).update(edited_at=whole_second.replace(microsecond=7))
    # The second image was added before the first: position decides.
    many.images.update(position=2, alt="last")
    for position in (1, 0):
        other = make_post(make_member(f"bob{position}"))
        other.images.update(post=many, position=position, alt=f"'{position}\\")
    newest_first = [described(post) for post in Post.objects.filter(author=alice).order_by("-pk")]

    assert [len(post["images"]) for post in newest_first] == [3, 1, 1]
    assert client.get(POSTS).json() == newest_first
    assert client.get(POSTS, {"username": "alice"}).json() == newest_first
    assert client.get("/api/v1/feed/", headers=as_alice).json() == newest_first
    first = client.get(POSTS, {"limit": 1})
    next_page = re.fullmatch(r"<http://testserver([^>]+)>; rel=\"next\"", first["Link"])[1]
    assert first.json() + client.get(next_page.replace("limit=1", "limit=9")).json() == newest_first
    assert [client.get(f"{POSTS}{post['id']}/").json() for post in newest_first] == newest_first
