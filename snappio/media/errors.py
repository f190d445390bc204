"""How media may refuse.

InvalidInput
└── BadImage            something is wrong with what was uploaded
    ├── NotAnImage      no image of a format we take, or a broken one
    └── TooManyPixels   the header promises more than the limit
TooLarge
└── ImageTooLarge       more bytes than the limit
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


class ImageTooLarge(TooLarge):
    """The file has more bytes than the limit."""

    code = "image_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The image is larger than {limit} bytes.")


class MediaNotFound(NotFound):
    """No such upload of this owner that is still free to use."""

    code = "media_not_found"
    detail = "No such upload."
