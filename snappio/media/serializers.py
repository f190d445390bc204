"""JSON of uploads, in and out; `shapes` makes what the `…Output` classes describe."""

from typing import Any

from rest_framework import serializers

from snappio.core.limits import current_limits
from snappio.media.models import Kind
from snappio.media.renditions import SIDES

ONE_FILE = "Upload one file only."


class UploadField(serializers.FileField):
    """One file of a form."""

    def get_value(self, dictionary: Any) -> Any:
        """Refuse a second file rather than lose one of them without a word."""
        name = str(self.field_name)
        given = getattr(dictionary, "getlist", None)
        if given is not None and len(given(name)) > 1:
            raise serializers.ValidationError({name: [ONE_FILE]})
        return super().get_value(dictionary)


class AltField(serializers.CharField):
    """What an upload shows or holds, in words; may be empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=current_limits().alt_length, allow_blank=True, **options)


class UploadInput(serializers.Serializer[Any]):
    """A new upload."""

    file = UploadField(
        help_text="An image (JPEG, PNG, WebP, GIF, AVIF, HEIC), a PDF, a plain text in UTF-8, "
        "a ZIP, an office document (docx, xlsx, pptx, odt, ods, odp), audio (MP3, OGG, WAV, "
        "M4A) or video (MP4, WebM). The content decides, whatever its name and declared type."
    )
    alt = AltField(default="", help_text="What it shows or holds, in words.")


class DescribeInput(serializers.Serializer[Any]):
    """What may be changed of an upload."""

    alt = AltField()


class RenditionOutput(serializers.Serializer[Any]):
    """One size of an image."""

    name = serializers.ChoiceField(choices=list(SIDES))
    url = serializers.CharField(help_text="Absolute, or a path on this instance.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class ImageOutput(serializers.Serializer[Any]):
    """An image; address and size are those of its largest rendition."""

    url = serializers.URLField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    blurhash = serializers.CharField(help_text="What to paint until the image has loaded.")
    alt = serializers.CharField(
        allow_blank=True, help_text="What it shows, in words; may be empty."
    )
    renditions = RenditionOutput(many=True)


class MediaOutput(serializers.Serializer[Any]):
    """An upload, as whoever may see it is told of it."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    name = serializers.CharField(
        allow_blank=True, help_text="What to call it when it is saved; empty for images."
    )
    content_type = serializers.CharField(help_text="What `url` is served as.")
    bytes = serializers.IntegerField(
        help_text="The size of a file; of an image, all renditions together."
    )
    url = serializers.CharField(
        help_text="Of the file, or of the largest rendition. Absolute where the instance knows "
        "its address (PUBLIC_URL) or uses an object store, else a path on this instance."
    )
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    blurhash = serializers.CharField(allow_null=True)
    alt = serializers.CharField(allow_blank=True)
    renditions = RenditionOutput(many=True, help_text="Empty for a file that is no image.")
