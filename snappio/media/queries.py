"""What a member sees of their own uploads."""

from snappio.accounts.models import User
from snappio.media.errors import MediaNotFound
from snappio.media.models import Media


def get_media(media_id: int, *, owner: User) -> Media:
    """Return a member's own upload, used or not, or raise `MediaNotFound`."""
    media = Media.objects.complete().filter(pk=media_id, owner=owner).first()
    if media is None:
        raise MediaNotFound
    return media
