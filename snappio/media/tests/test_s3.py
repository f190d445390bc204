"""The same through an object store, over real HTTP."""

from copy import deepcopy
from io import BytesIO

import boto3
import pytest
from moto.server import ThreadedMotoServer

from snappio.accounts.tests.factories import make_member
from snappio.media.files import url_of
from snappio.media.models import Media
from snappio.media.services import discard, store_image
from snappio.media.tests.factories import make_upload
from snappio.media.tests.images import jpeg

BUCKET = "snappio-media"

pytestmark = [
    pytest.mark.django_db,
    # botocore's and moto's own affair.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, settings):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    resource = boto3.resource("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
    bucket = resource.create_bucket(Bucket=BUCKET)
    configured = deepcopy(settings.STORAGES)
    configured["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": BUCKET,
            "endpoint_url": endpoint,
            "region_name": "us-east-1",
            "access_key": "test",
            "secret_key": "test",
            "querystring_auth": False,
            "file_overwrite": False,
            "default_acl": None,
            "signature_version": "s3v4",
            "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},
        },
    }
    settings.STORAGES = configured
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


def test_deletes_from_the_bucket(bucket, django_capture_on_commit_callbacks):
    media = make_upload(make_member("alice"))

    with django_capture_on_commit_callbacks(execute=True):
        discard(Media.objects.filter(pk=media.pk))

    assert list(bucket.objects.all()) == []
    assert not Media.objects.exists()


def test_serves_nothing_itself(bucket, client):
    media = make_upload(make_member("alice"))

    assert client.get(f"/media/{media.renditions[0]['file']}").status_code == 404
