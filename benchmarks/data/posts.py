"""Posts of many authors, each with an image."""

from django.db import connection

from benchmarks.data.members import new_users
from snappio.core.ids import secret_name
from snappio.media.models import Media, State
from snappio.posts.models import Post, PostImage

AUTHORS = 200


def make(count: str, of_the_author: str) -> str:
    """Make posts of one image each, so many of them of the author whose name is returned."""
    authors = new_users(AUTHORS)
    # Spread among everybody's, as posts are, and not in one place of the table.
    step = int(count) // int(of_the_author)
    made = [
        Post(
            author=authors[0 if number % step == 0 else 1 + number % (AUTHORS - 1)],
            content=f"{number}: " + "Nothing of importance happened today. " * 3,
        )
        for number in range(int(count))
    ]
    Post.objects.bulk_create(made, batch_size=1000)
    media = [_media(post.author_id) for post in made]
    Media.objects.bulk_create(media, batch_size=1000)
    images = [PostImage(post=post, media=one) for post, one in zip(made, media, strict=True)]
    PostImage.objects.bulk_create(images, batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return authors[0].username


def _media(owner_id: int) -> Media:
    key = secret_name()
    sides = (("large", 2048), ("medium", 1080), ("small", 320))
    return Media(
        owner_id=owner_id,
        key=key,
        state=State.ATTACHED,
        width=2048,
        height=1536,
        blurhash="LEHV6nWB2yk8pyo0adR*.7kCMdnj",
        renditions=[
            {"name": name, "width": side, "height": side * 3 // 4, "file": f"{key}-{name}.jpg"}
            for name, side in sides
        ],
    )
