"""Posts for tests."""

from snappio.accounts.models import User
from snappio.media.tests.factories import make_upload
from snappio.posts import services
from snappio.posts.models import Post


def make_post(author: User, content: str = "At the sea") -> Post:
    media = make_upload(author, (64, 32))
    return services._publish(author=author, content=content, media=media)
