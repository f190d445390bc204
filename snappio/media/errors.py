"""How media may refuse.

InvalidInput
├── BadImage            something is wrong with what was uploaded
│   ├── NotAnImage      no image of a format we take, or a broken one
│   └── TooManyPixels   the header promises more than the limit
└── UnsupportedFile     neither an image nor of a type we take
TooLarge
├── ImageTooLarge       more bytes than the limit
├── FileTooLarge        likewise, of a file that is no image
└── QuotaExceeded       more than one member may keep
NotFound
└── MediaNotFound       no such upload, somebody else's, or used already
"""

from snappio.core.errors import InvalidInput, NotFound, TooLarge


class BadImage(InvalidInput):
    """The upload cannot be used as an image."""

    code = "bad_image"


class NotAnImage(BadImage):
    """Not one of our formats, or damaged."""

    code = "invalid_image"
    detail = (
        "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
    )


class TooManyPixels(BadImage):
    """The header promises more pixels than the limit."""

    code = "image_too_many_pixels"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The image has more than {limit} pixels.")


class UnsupportedFile(InvalidInput):
    """The content is of no type that we take, whatever the name says."""

    code = "unsupported_file"
    detail = (
        "This type of file is not taken. Upload an image, a PDF, a plain text, a ZIP, "
        "an office document, MP3, OGG, WAV or M4A audio, or MP4 or WebM video."
    )


class ImageTooLarge(TooLarge):
    """The file has more bytes than the limit."""

    code = "image_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The image is larger than {limit} bytes.")


class FileTooLarge(TooLarge):
    """The file has more bytes than the limit for files."""

    code = "file_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The file is larger than {limit} bytes.")


class QuotaExceeded(TooLarge):
    """With this upload, the member would keep more bytes than one may."""

    code = "quota_exceeded"

    def __init__(self, limit: int) -> None:
        super().__init__(f"Your uploads would take more than {limit} bytes. Delete some first.")


class MediaNotFound(NotFound):
    """No such upload of this owner that is still free to use."""

    code = "media_not_found"
    detail = "No such upload."
