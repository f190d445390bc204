"""An upload as clients see it, the same over HTTP and on sockets, in posts and in messages."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from snappio.media import files
from snappio.media.models import Kind, Media


class ShownImage(Protocol):
    """What is needed to show an image: a `Media` has it, and so have rows read flat."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def blurhash(self) -> str: ...
    @property
    def alt(self) -> str: ...
    @property
    def renditions(self) -> Sequence[Mapping[str, Any]]: ...


def image_json(image: ShownImage, base: str) -> dict[str, Any]:
    """Return what `serializers.ImageOutput` describes; ``base`` begins every address."""
    renditions = [
        {
            "name": rendition["name"],
            "url": base + rendition["file"],
            "width": rendition["width"],
            "height": rendition["height"],
        }
        for rendition in image.renditions
    ]
    return {
        "url": renditions[0]["url"],
        "width": image.width,
        "height": image.height,
        "blurhash": image.blurhash,
        "alt": image.alt,
        "renditions": renditions,
    }


def media_json(media: Media) -> dict[str, Any]:
    """Return what `serializers.MediaOutput` describes, of a complete upload.

    Needs no request, so the addresses are the same wherever the upload is told
    of: absolute, or beginning with `/media/` as `files.base_url` says.
    """
    base = files.base_url()
    shown = image_json(media, base) if media.kind == Kind.IMAGE else _file_json(media, base)
    return {
        "id": media.pk,
        "kind": media.kind,
        "name": media.name,
        "content_type": media.content_type,
        "bytes": media.bytes,
        **shown,
    }


def _file_json(media: Media, base: str) -> dict[str, Any]:
    return {
        "url": base + media.file,
        "width": None,
        "height": None,
        "blurhash": None,
        "alt": media.alt,
        "renditions": [],
    }
