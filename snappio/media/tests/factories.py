"""Uploads for tests."""

from io import BytesIO

from snappio.accounts.models import User
from snappio.media.models import Media
from snappio.media.services import store_image
from snappio.media.tests.images import jpeg


def make_upload(owner: User, size: tuple[int, int] = (640, 400)) -> Media:
    return store_image(owner=owner, file=BytesIO(jpeg(size)))
