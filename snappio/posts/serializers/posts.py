"""JSON of posts, in and out.

Answers are made by `post_json` from plain rows, since serializer fields cost
twice what the database does. `PostOutput` describes them; a test holds the two
equal.
"""

from datetime import datetime
from typing import Any

import orjson
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from snappio.core.limits import current_limits
from snappio.core.pagination import LARGEST_ID
from snappio.core.serializers import EntityOutput, StrictBooleanField
from snappio.media.serializers import AltField, ImageOutput, UploadField
from snappio.media.shapes import image_json
from snappio.posts.models import Commenting, PostRevision, Visibility
from snappio.posts.queries.posts import ShownPost
from snappio.posts.services.editing import PostChanges
from snappio.posts.services.publishing import ChosenImage, Options

_LIMITS = current_limits()


class ContentField(serializers.CharField):
    """The text of a post."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=current_limits().post_length, **options)


class OptionsInput(serializers.Serializer[Any]):
    """How a post is shown."""

    sensitive = StrictBooleanField(
        required=False, help_text="Not to be shown before it is asked for."
    )
    warning = serializers.CharField(
        max_length=_LIMITS.warning_length,
        required=False,
        allow_blank=True,
        help_text="Why; a post with a warning is sensitive.",
    )
    visibility = serializers.ChoiceField(
        choices=Visibility.choices,
        required=False,
        help_text="For whom it is: public (the default; of a private member only followers "
        "all the same), followers, close_friends.",
    )
    commenting = serializers.ChoiceField(
        choices=Commenting.choices,
        required=False,
        help_text="Who may comment; the author always may.",
    )


class ChosenImageInput(serializers.Serializer[Any]):
    """An upload to be shown."""

    id = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    alt = AltField(required=False, help_text="In place of the words it was uploaded with.")


@extend_schema_field(ChosenImageInput(many=True))
class ChosenImagesField(serializers.Field[Any, Any, Any, Any]):
    """Uploads in their order; in a form, which has texts only, their JSON."""

    default_error_messages = {
        "invalid": "Give a list of uploads.",
        "empty": "Give at least one upload.",
        "many": "Give at most {limit} uploads.",
    }

    def to_internal_value(self, data: Any) -> list[ChosenImage]:
        """Return the uploads, or refuse what is none."""
        if isinstance(data, str):
            try:
                data = orjson.loads(data)
            except orjson.JSONDecodeError:
                self.fail("invalid")
        if not isinstance(data, list):
            self.fail("invalid")
        if not data:
            self.fail("empty")
        limit = current_limits().images_per_post
        if len(data) > limit:
            self.fail("many", limit=limit)
        images = ChosenImageInput(data=data, many=True)
        images.is_valid(raise_exception=True)
        return [
            ChosenImage(media_id=one["id"], alt=one.get("alt")) for one in images.validated_data
        ]


class CreatePostInput(OptionsInput):
    """What a new post needs: a text, and either one file or uploads of before."""

    content = ContentField()
    uploadImage = UploadField(  # noqa: N815 - the name that clients send
        required=False,
        help_text="One image: JPEG, PNG, WebP, GIF, AVIF or HEIC, whatever type it is declared as.",
    )
    media = ChosenImagesField(
        required=False,
        help_text="Own uploads of `POST media/`, in the order in which they are shown; in a form, "
        "as JSON.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Want images from one place."""
        if "media" in attrs and "uploadImage" in attrs:
            raise serializers.ValidationError(
                {"media": ["Give either one file or uploads, not both."]}
            )
        return attrs

    def to_internal_value(self, data: Any) -> Any:
        """Miss the file along with whatever else is missing."""
        # Asked here, so that it is told together with what is wrong with other fields.
        is_missing = not hasattr(data, "get") or data.get("media") is None
        self.fields["uploadImage"].required = is_missing
        return super().to_internal_value(data)


class EditPostInput(OptionsInput):
    """What may be changed of a post; anything else in the body changes nothing."""

    content = ContentField()
    alts = serializers.ListField(
        child=AltField(),
        max_length=_LIMITS.images_per_post,
        required=False,
        help_text="What the images show, in words: one text for each, in their order.",
    )


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
    entities = EntityOutput(many=True)
    sensitive = serializers.BooleanField(help_text="Not to be shown before it is asked for.")
    warning = serializers.CharField(allow_blank=True, help_text="Why; may be empty.")
    visibility = serializers.ChoiceField(choices=Visibility.choices)
    commenting = serializers.ChoiceField(choices=Commenting.choices)
    likes_count = serializers.IntegerField()
    comments_count = serializers.IntegerField(help_text="Answers included.")
    liked = serializers.BooleanField(help_text="By the viewer.")
    bookmarked = serializers.BooleanField(help_text="By the viewer.")


class RevisionOutput(serializers.Serializer[Any]):
    """A text that a post had."""

    content = serializers.CharField()
    entities = EntityOutput(many=True)
    timestamp = serializers.DateTimeField(help_text="When it was written.")


def options_of(given: dict[str, Any]) -> Options:
    """Return the options of a new post that `CreatePostInput` has checked."""
    default = Options()
    return Options(
        is_sensitive=given.get("sensitive", default.is_sensitive),
        warning=given.get("warning", default.warning),
        visibility=given.get("visibility", default.visibility),
        commenting=given.get("commenting", default.commenting),
    )


def changes_of(given: dict[str, Any]) -> PostChanges:
    """Return what is to be changed, of what `EditPostInput` has checked."""
    return PostChanges(
        content=given.get("content"),
        alts=given.get("alts"),
        is_sensitive=given.get("sensitive"),
        warning=given.get("warning"),
        visibility=given.get("visibility"),
        commenting=given.get("commenting"),
    )


def post_json(post: ShownPost, files: str) -> dict[str, Any]:
    """Return what `PostOutput` describes; ``files`` is what the addresses of files begin with."""
    images = [image_json(image, files) for image in post.images]
    return {
        "id": post.id,
        "user": post.username,
        "name": post.name,
        "content": post.content,
        "timestamp": time_json(post.created_at),
        "image": images[0]["url"],
        "images": images,
        "edited_at": time_json(post.edited_at) if post.edited_at else None,
        "entities": entities_json(post.entities),
        "sensitive": post.is_sensitive,
        "warning": post.warning,
        "visibility": post.visibility,
        "commenting": post.commenting,
        "likes_count": post.likes_count,
        "comments_count": post.comments_count,
        "liked": post.liked,
        "bookmarked": post.bookmarked,
    }


def revision_json(revision: PostRevision) -> dict[str, Any]:
    """Return what `RevisionOutput` describes."""
    return {
        "content": revision.content,
        "entities": entities_json(revision.entities),
        "timestamp": time_json(revision.written_at),
    }


def entities_json(entities: str) -> Any:
    """Return entities as they are stored, for answers that orjson writes."""
    return orjson.Fragment(entities) if entities else []


def time_json(moment: datetime) -> str:
    """Return a moment of the database as clients know it."""
    # With microseconds even where they are nought: clients parse one form. Moments
    # from the database are in UTC; without the zone they are written twice as fast.
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
