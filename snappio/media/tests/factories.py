"""Uploads for tests."""

from functools import cache
from io import BytesIO

from snappio.accounts.models import User
from snappio.media import services
from snappio.media.decoding import read_picture
from snappio.media.models import Media
from snappio.media.renditions import Picture
from snappio.media.tests.images import jpeg


def make_upload(owner: User, size: tuple[int, int] = (640, 400)) -> Media:
    """Store an image as `store_image` does, though equal ones are decoded only once."""
    picture = _picture(size)
    media = Media.objects.create(owner=owner)
    written = [services._write(media, rendition) for rendition in picture.renditions]
    return services._finish(media, picture, written)


@cache
def _picture(size: tuple[int, int]) -> Picture:
    return read_picture(BytesIO(jpeg(size)))
