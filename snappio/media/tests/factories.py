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
    return services._keep_picture(_picture(size), owner=owner)


def make_file(owner: User, content: bytes = b"Bread, milk\n", name: str = "list.txt") -> Media:
    return services.store_file(owner=owner, file=BytesIO(content), name=name)


@cache
def _picture(size: tuple[int, int]) -> Picture:
    return read_picture(BytesIO(jpeg(size)))
