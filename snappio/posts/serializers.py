"""JSON of posts, in and out.

Answers are made by `post_json` from plain rows, since serializer fields cost
twice what the database does. `PostOutput` describes them; a test holds the two
equal.
"""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from snappio.core.limits import current_limits
from snappio.media.serializers import ImageOutput, UploadField
from snappio.media.shapes import image_json
from snappio.posts.queries import ShownPost


class ContentField(serializers.CharField):
    """The text of a post."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=current_limits().post_length, **options)


class CreatePostInput(serializers.Serializer[Any]):
    """What a new post needs."""

    content = ContentField()
    uploadImage = UploadField(  # noqa: N815 - the name that clients send
        help_text="One image: JPEG, PNG, WebP, GIF, AVIF or HEIC, whatever type it is declared as."
    )


class EditPostInput(serializers.Serializer[Any]):
    """What may be changed of a post; anything else in the body changes nothing."""

    content = ContentField()


class PostOutput(serializers.Serializer[Any]):
    """A post."""

    id = serializers.IntegerField()
    user = serializers.CharField(help_text="The author's username.")
    name = serializers.CharField(help_text="The author's display name.")
    content = serializers.CharField()
    timestamp = serializers.DateTimeField()
    image = serializers.URLField(help_text="The largest rendition of the first image.")
    images = ImageOutput(many=True)
    edited_at = serializers.DateTimeField(allow_null=True)


def post_json(post: ShownPost, files: str) -> dict[str, Any]:
    """Return what `PostOutput` describes; ``files`` is what the addresses of files begin with."""
    images = [image_json(image, files) for image in post.images]
    return {
        "id": post.id,
        "user": post.username,
        "name": post.name,
        "content": post.content,
        "timestamp": _iso(post.created_at),
        "image": images[0]["url"],
        "images": images,
        "edited_at": _iso(post.edited_at) if post.edited_at else None,
    }


def _iso(moment: datetime) -> str:
    # With microseconds even where they are nought: clients parse one form. Moments
    # from the database are in UTC; without the zone they are written twice as fast.
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
