"""The same through an object store, over real HTTP."""

from io import BytesIO
from runpy import run_path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from config.settings import base
from snappio.accounts.tests.factories import make_member
from snappio.media.files import url_of
from snappio.media.models import Media
from snappio.media.services import delete_unused, discard, store_file, store_image
from snappio.media.shapes import media_json
from snappio.media.tests.factories import make_file, make_upload
from snappio.media.tests.images import jpeg
from snappio.media.tests.samples import PDF

BUCKET = "snappio-media"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, settings, monkeypatch):
    """Configure the store as an operator does, by the environment."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    resource = boto3.resource("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
    bucket = resource.create_bucket(Bucket=BUCKET)
    for name, value in {
        "S3_BUCKET": BUCKET,
        "S3_ENDPOINT": endpoint,
        "S3_REGION": "us-east-1",
        "S3_ACCESS_KEY": "test",
        "S3_SECRET_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    settings.STORAGES = run_path(base.__file__)["STORAGES"]
    yield bucket
    bucket.objects.delete()
    bucket.delete()


def test_keeps_renditions_in_the_bucket(bucket, endpoint):
    media = store_image(owner=make_member("alice"), file=BytesIO(jpeg((640, 400))))

    assert {entry.key for entry in bucket.objects.all()} == {
        made["file"] for made in media.renditions
    }
    address = url_of(media.renditions[0]["file"])
    assert address == f"{endpoint}/{BUCKET}/{media.renditions[0]['file']}"
    stored = bucket.Object(media.renditions[0]["file"]).get()
    assert stored["ContentType"] == "image/jpeg"
    assert stored["CacheControl"] == "public, max-age=31536000, immutable"
    assert "ContentDisposition" not in stored


def test_keeps_other_files_to_be_saved_and_not_shown(bucket, endpoint):
    page = PDF + b"<script>alert(1)</script>"

    media = store_file(owner=make_member("alice"), file=BytesIO(page), name="invoice.html")

    name = f"{media.key[:2]}/{media.key}-file.pdf"
    assert media_json(media)["url"] == f"{endpoint}/{BUCKET}/{name}"
    stored = bucket.Object(name).get()
    assert stored["Body"].read() == page
    assert stored["ContentType"] == "application/pdf"
    assert stored["ContentDisposition"] == "attachment"
    assert stored["CacheControl"] == "public, max-age=31536000, immutable"


def test_deletes_other_files_from_the_bucket(bucket, django_capture_on_commit_callbacks):
    alice = make_member("alice")
    media = make_file(alice)

    with django_capture_on_commit_callbacks(execute=True):
        delete_unused(media_id=media.pk, owner=alice)

    assert list(bucket.objects.all()) == []


def test_deletes_from_the_bucket(bucket, django_capture_on_commit_callbacks):
    media = make_upload(make_member("alice"))

    with django_capture_on_commit_callbacks(execute=True):
        discard(Media.objects.filter(pk=media.pk))

    assert list(bucket.objects.all()) == []
    assert not Media.objects.exists()


def test_serves_nothing_itself(bucket, client):
    media = make_upload(make_member("alice"))

    assert client.get(f"/media/{media.renditions[0]['file']}").status_code == 404
