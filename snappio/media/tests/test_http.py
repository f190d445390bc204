"""`/api/v1/media/`: uploads over HTTP."""

from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from snappio.accounts.tests.factories import client_of
from snappio.core.limits import HOUR, Rate
from snappio.media.errors import UnsupportedFile
from snappio.media.models import Media
from snappio.media.serializers import MediaOutput, RenditionOutput
from snappio.media.services import attach
from snappio.media.tests.factories import make_file, make_upload
from snappio.media.tests.images import jpeg, png
from snappio.media.tests.samples import PDF, POLYGLOTS, REFUSED

pytestmark = pytest.mark.django_db

MEDIA = "/api/v1/media/"
NOT_FOUND = {"detail": "No such upload.", "code": "media_not_found"}
NOT_A_FILE = "The submitted data was not a file. Check the encoding type on the form."


@pytest.fixture
def as_alice(alice):
    return client_of(alice)


@pytest.fixture
def as_bob(bob):
    return client_of(bob)


def document(content=PDF, name="report.pdf", content_type="application/octet-stream"):
    return SimpleUploadedFile(name, content, content_type)


def path_of(media):
    return f"{MEDIA}{media.pk}/"


def send(client, **fields):
    return client.post(MEDIA, fields, format="multipart")


# --- Uploading -------------------------------------------------------------


def test_takes_an_image(as_alice):
    answer = send(as_alice, file=document(jpeg((1600, 800)), "IMG_0001.jpg"), alt="Two halves")

    assert answer.status_code == 201
    shown = answer.json()
    media = Media.objects.get()
    urls = [f"/media/{made['file']}" for made in media.renditions]
    assert shown == {
        "id": media.pk,
        "kind": "image",
        "name": "",
        "content_type": "image/jpeg",
        "bytes": media.bytes,
        "url": urls[0],
        "width": 1600,
        "height": 800,
        "blurhash": media.blurhash,
        "alt": "Two halves",
        "renditions": [
            {"name": "large", "url": urls[0], "width": 1600, "height": 800},
            {"name": "medium", "url": urls[1], "width": 1080, "height": 540},
            {"name": "small", "url": urls[2], "width": 320, "height": 160},
        ],
    }


def test_takes_another_file(as_alice):
    answer = send(as_alice, file=document(name="Report of May.PDF"))

    assert answer.status_code == 201
    media = Media.objects.get()
    assert answer.json() == {
        "id": media.pk,
        "kind": "file",
        "name": "Report of May.PDF",
        "content_type": "application/pdf",
        "bytes": len(PDF),
        "url": f"/media/{media.key[:2]}/{media.key}-file.pdf",
        "width": None,
        "height": None,
        "blurhash": None,
        "alt": "",
        "renditions": [],
    }


@pytest.mark.parametrize("upload", [document(jpeg()), document()], ids=["image", "file"])
def test_answers_what_is_described(as_alice, upload):
    upload.seek(0)
    shown = send(as_alice, file=upload).json()

    assert list(shown) == list(MediaOutput().fields)
    for rendition in shown["renditions"]:
        assert list(rendition) == list(RenditionOutput().fields)


def test_tells_the_same_everywhere(as_alice, settings):
    settings.PUBLIC_URL = "https://social.example"

    shown = send(as_alice, file=document()).json()

    path = f"{MEDIA}{shown['id']}/"
    assert as_alice.get(path).json() == shown
    assert as_alice.patch(path, {"alt": ""}).json() == shown
    assert shown["url"].startswith("https://social.example/media/")


@pytest.mark.parametrize("content_type", ["image/png", "text/html", "application/pdf", "", "\x00"])
def test_believes_no_declared_type(as_alice, content_type):
    shown = send(as_alice, file=document(b"Bread, milk", "list.txt", content_type)).json()

    assert (shown["content_type"], shown["kind"]) == ("text/plain", "file")


# U3
def test_takes_a_png_for_an_image_though_it_is_called_a_drawing(as_alice):
    shown = send(as_alice, file=document(png(8, 8), "drawing.svg", "image/svg+xml")).json()

    assert (shown["kind"], shown["content_type"]) == ("image", "image/jpeg")


# U2, U3, U6
@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_refuses_what_is_of_no_type_that_is_taken(as_alice, content):
    answer = send(as_alice, file=document(content, "photo.png", "image/png"))

    assert (answer.status_code, answer.json()) == (400, {"file": [UnsupportedFile.detail]})


@pytest.mark.parametrize(
    "content", [jpeg()[:200], b"\xff\xd8\xff", b"GIF89a", b"RIFF\x24\x00\x00\x00WEBPVP8 "]
)
def test_refuses_a_damaged_image(as_alice, content):
    answer = send(as_alice, file=document(content))

    assert answer.status_code == 400
    assert list(answer.json()) == ["file"]


def test_refuses_more_pixels_than_the_limit(as_alice):
    answer = send(as_alice, file=document(png(50_000, 50_000)))

    assert (answer.status_code, list(answer.json())) == (400, ["file"])


# U8, U11
@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "No file was submitted."),
        ({"other": document()}, "No file was submitted."),
        ({"file": [document(), document()]}, "Upload one file only."),
        ({"file": document(b"")}, "The submitted file is empty."),
        ({"file": "text"}, NOT_A_FILE),
        ({"file": "http://169.254.169.254/latest/meta-data/"}, NOT_A_FILE),
    ],
    ids=["nothing", "other field", "two", "empty", "text", "address"],
)  # fmt: skip
def test_refuses_a_form_without_one_file(as_alice, fields, problem):
    answer = send(as_alice, **fields)

    assert (answer.status_code, answer.json()) == (400, {"file": [problem]})


@pytest.mark.parametrize("body", [{}, {"file": "a"}, {"file": None}, {"file": {"a": 1}}, []])
def test_refuses_json(as_alice, body):
    assert as_alice.post(MEDIA, body, format="json").status_code == 400


@pytest.mark.parametrize("alt", ["x" * 1501, "a\x00b"])
def test_refuses_words_that_cannot_be_kept(as_alice, alt):
    answer = send(as_alice, file=document(), alt=alt)

    assert (answer.status_code, list(answer.json())) == (400, ["alt"])
    assert not Media.objects.exists()


# U9, U10
def test_refuses_what_is_too_large_too_much_or_too_often(as_alice, settings, rate_limits):
    settings.LIMITS = replace(
        settings.LIMITS,
        file_bytes=len(PDF),
        media_bytes_member=len(PDF),
        uploads_member=Rate(3, HOUR),
    )
    answers = [send(as_alice, file=document(content)) for content in (PDF + b"\n", PDF, PDF, PDF)]

    assert [answer.status_code for answer in answers] == [413, 201, 413, 429]
    codes = [answer.json()["code"] for answer in answers if answer.status_code != 201]
    assert codes == ["file_too_large", "quota_exceeded", "throttled"]
    assert 0 < int(answers[-1]["Retry-After"]) <= HOUR


def test_publishes_its_limits(anonymous):
    described = anonymous.get("/api/v1/instance/").json()

    assert "media" in described["features"]
    limits = described["limits"]
    assert limits["file_bytes"] == 25 * 1024 * 1024
    assert limits["media_bytes_member"] == 5 * 1024**3
    assert limits["uploads_member"] == {"count": 200, "seconds": 3600, "burst": 0}
    assert limits["alt_length"] == 1500


# --- One's own -------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_shows_an_upload_to_its_owner_alone(as_bob, anonymous, alice, method):
    media = make_file(alice)

    hidden = getattr(as_bob, method)(path_of(media), {"alt": "mine"})
    absent = getattr(as_bob, method)(f"{MEDIA}{media.pk + 1}/", {"alt": "mine"})
    unknown = getattr(anonymous, method)(path_of(media), {"alt": "mine"})

    assert (hidden.status_code, hidden.json()) == (404, NOT_FOUND)
    assert (absent.status_code, absent.json()) == (404, NOT_FOUND)
    assert unknown.status_code == 401
    assert Media.objects.get().alt == ""


def test_asks_for_a_token_before_anything_else(anonymous):
    assert send(anonymous, file=document()).status_code == 401
    assert anonymous.get(f"{MEDIA}nonsense/").status_code == 401


@pytest.mark.parametrize(
    "text", ["0", "-1", "1e3", "9" * 19, "9" * 400, "x", "1 OR 1=1", "%00", "١"]
)
def test_knows_no_upload_by_nonsense(as_alice, text):
    for method in (as_alice.get, as_alice.delete):
        answer = method(f"{MEDIA}{text}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "media_not_found")


def test_changes_the_words_until_it_is_used(as_alice, alice):
    media = make_upload(alice)

    answer = as_alice.patch(path_of(media), {"alt": "Two halves"})
    assert (answer.status_code, answer.json()["alt"]) == (200, "Two halves")

    attach(media, owner=alice)
    answer = as_alice.patch(path_of(media), {"alt": "Something else"})
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert as_alice.get(path_of(media)).json()["alt"] == "Two halves"


@pytest.mark.parametrize("body", [{}, {"alt": None}, {"alt": []}, {"alt": "x" * 1501}])
def test_refuses_to_change_the_words_to_nonsense(as_alice, alice, body):
    answer = as_alice.patch(path_of(make_file(alice)), body, format="json")

    assert (answer.status_code, list(answer.json())) == (400, ["alt"])


def test_changes_nothing_but_the_words(as_alice, alice):
    media = make_file(alice)
    shown = as_alice.get(path_of(media)).json()

    fields = {"id": 1, "state": "attached", "key": "x", "name": "a.exe", "owner": 1, "bytes": 0}
    answer = as_alice.patch(path_of(media), {**fields, "alt": ""}, format="json")

    assert answer.json() == shown
    media.refresh_from_db()
    assert (media.state, media.owner) == ("ready", alice)


def test_deletes_what_nothing_uses(as_alice, alice, media_root, django_capture_on_commit_callbacks):
    unused, used = make_file(alice), make_upload(alice)
    attach(used, owner=alice)

    with django_capture_on_commit_callbacks(execute=True):
        answer = as_alice.delete(path_of(unused))

    assert (answer.status_code, answer.content) == (204, b"")
    assert as_alice.delete(path_of(unused)).json() == NOT_FOUND
    assert as_alice.delete(path_of(used)).json() == NOT_FOUND
    assert not (media_root / unused.file).exists()
    assert (media_root / used.file).exists()


# --- What is served --------------------------------------------------------


# U4
@pytest.mark.parametrize(("kind", "content"), POLYGLOTS)
def test_serves_a_file_to_be_saved_and_never_to_be_shown(as_alice, anonymous, kind, content):
    url = send(as_alice, file=document(content, "page.html", "text/html")).json()["url"]

    for answer in (anonymous.get(url), anonymous.head(url)):
        assert answer.status_code == 200
        assert answer["Content-Type"] == kind.content_type
        assert answer["Content-Disposition"] == "attachment"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["Content-Length"] == str(len(content))
        assert b"".join(answer) in {content, b""}


# U13
def test_serves_a_file_under_no_other_name(anonymous, alice):
    media = make_file(alice)

    url = f"/media/{media.file}"
    for other in (
        url.replace(".txt", ".html"),
        url.replace(".txt", ".pdf"),
        url.replace(".txt", ""),
        url.replace("-file.txt", "-large.txt"),
        url.replace("-file.txt", "-file.jpg"),
        f"{url}/",
        f"{url}%00.html",
        url.rpartition("/")[0],
    ):
        assert anonymous.get(other).status_code == 404
