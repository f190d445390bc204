"""What `/media/…` answers."""

import pytest

from snappio.accounts.tests.factories import make_member
from snappio.media.files import url_of
from snappio.media.tests.factories import make_upload

pytestmark = pytest.mark.django_db

FIXED = {
    "Content-Type": "image/jpeg",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@pytest.fixture
def upload():
    return make_upload(make_member("alice"))


@pytest.fixture
def address(upload):
    return url_of(upload.renditions[0]["file"])


def test_serves_a_file_with_fixed_headers(client, upload, address, media_root):
    response = client.get(address)

    assert response.status_code == 200
    assert {name: response[name] for name in FIXED} == FIXED
    content = b"".join(response.streaming_content)
    assert content == (media_root / upload.renditions[0]["file"]).read_bytes()
    assert response["Content-Length"] == str(len(content))


def test_serves_any_origin(client, address):
    response = client.get(address, headers={"Origin": "https://elsewhere.example"})

    assert response["Access-Control-Allow-Origin"] == "*"
    response.close()


def test_answers_head_without_a_body(client, upload, address, media_root):
    response = client.head(address)

    size = (media_root / upload.renditions[0]["file"]).stat().st_size
    assert (response.status_code, response.content) == (200, b"")
    assert {name: response[name] for name in FIXED} == FIXED
    assert response["Content-Length"] == str(size)


def test_refuses_to_write(client, address):
    response = client.put(address)

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
    assert response.json() == {
        "detail": 'Method "PUT" not allowed.',
        "code": "method_not_allowed",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media",
        "/media/aa/",
        "/media/aa/aaaaaaaaaaaaaaaaaaaaaa-large.jpg",
        "/media/aa/aaaaaaaaaaaaaaaaaaaaaa-huge.jpg",
        "/media/aa/secret.txt",
        "/media/../snappio.sqlite3",
        "/media/%2e%2e/%2e%2e/secret",
        "/media/..%2fsecret",
        "/media/aa/aaaaaaaaaaaaaaaaaaaaaa-large.jpg%00.html",
        "/media/aa/aaaaaaaaaaaaaaaaaaaaaa-large.jpg%0a",
        "/media//etc/passwd",
    ],
)
def test_serves_nothing_but_our_names(client, upload, media_root, path):
    (media_root / "aa").mkdir(exist_ok=True)
    (media_root / "aa" / "secret.txt").write_text("secret")
    (media_root.parent / "secret").write_text("secret")

    response = client.get(path)

    assert response.status_code == 404
    assert response.json() == {"detail": "Not found.", "code": "not_found"}


def test_serves_nothing_once_the_files_are_gone(client, upload, address, media_root):
    (media_root / upload.renditions[0]["file"]).unlink()

    assert client.get(address).status_code == 404
