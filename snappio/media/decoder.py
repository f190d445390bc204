"""The process that touches hostile bytes: one image in, its renditions out.

`decoding` runs this file by its path, one process per upload. Decoders are
megabytes of C, and a single wrong byte in a HEIC is known to crash one; here
that ends an upload and not the server. So this file stands alone: it imports
nothing of Snappio, gets no environment, and limits its own memory and time.

On stdin the file; as the argument an `Order` in JSON. On stdout one line of
JSON, then the renditions' bytes one after the other.
"""

import json
import resource
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from PIL import Image, ImageCms

# AVIF stands before HEIF: files of both may begin with the same mark, and only
# Pillow's own decoder knows AVIF.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF")
# Where the container of HEIC and AVIF says what it is.
_CONTAINER_MARK = slice(4, 8)

QUALITY = 82
# The pure Python encoder takes 5 ms for this many; more would not be seen.
BLURHASH_SIDE = 32
BLURHASH_COMPONENTS = (4, 3)
_WHITE = (255, 255, 255)
_OPAQUE = (255, 255)

ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

NOT_AN_IMAGE = "not_an_image"
TOO_MANY_PIXELS = "too_many_pixels"


class TooManyPixels(Exception):
    """The header promises more than the limit."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the parent asks for; ``sides`` are longest sides by name, the largest first."""

    pixels: int
    sides: Mapping[str, int]
    memory_bytes: int
    cpu_seconds: int


def decode(file: IO[bytes], *, pixels: int, longest_side: int) -> Image.Image:
    """Return the first frame, upright, in sRGB, as RGB or (only if translucent) RGBA.

    Nothing but pixels is left of the file, at most ``longest_side`` of them on
    the longer side. The content alone decides what it is. Raises
    `TooManyPixels` before any pixel is decoded, or whatever the decoder throws.
    """
    if _container_mark(file) == b"ftyp":
        _learn_heic()
    # Pillow's own guard watches inner sizes too (a GIF frame beyond its screen).
    Image.MAX_IMAGE_PIXELS = pixels
    with Image.open(file, formats=FORMATS) as image:
        if image.width * image.height > pixels:
            raise TooManyPixels
        target = fitted(image.size, longest_side)
        # JPEG only: decodes at a half, a quarter or an eighth, many times faster.
        image.draft(None, target)
        # The first frame only. Frames are never counted either: that alone reads
        # through all of an animation.
        image.load()
        # Asked after loading: PNG may tell it after the pixels.
        orientation = _orientation_of(image)
        profile = image.info.get("icc_profile")
        decoded = _in_sampling_mode(image)
    decoded = decoded.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)
    decoded = _in_srgb(decoded, profile)
    if orientation in _UPRIGHT:
        decoded = decoded.transpose(_UPRIGHT[orientation])
    # EXIF, XMP, comments: encoders would write some of it back.
    decoded.info = {}
    return decoded


def _container_mark(file: IO[bytes]) -> bytes:
    mark = file.read(_CONTAINER_MARK.stop)[_CONTAINER_MARK]
    file.seek(0)
    return mark


def _learn_heic() -> None:
    # Late: most uploads are JPEG and need not wait for this library to load.
    import pi_heif  # noqa: PLC0415

    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def fitted(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    """Return ``size`` scaled down to fit, never up, never below one pixel."""
    width, height = size
    scale = min(1.0, longest_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _orientation_of(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001 - damaged EXIF does not make the picture worse
        return 1


def _in_sampling_mode(image: Image.Image) -> Image.Image:
    # Indexed colours cannot be averaged; and 16 bits would be clipped, not scaled,
    # by a plain conversion.
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    # Left alone where possible: a needless copy of 40 megapixels takes 160 MB.
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    has_alpha = image.mode == "RGBA" and image.getchannel("A").getextrema() != _OPAQUE
    if profile:
        image = _converted(image, profile)
    return image.convert("RGBA" if has_alpha else "RGB")


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        transformed = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode=mode,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        # A damaged profile, or one for other colours: most viewers ignore it too.
        return image
    return transformed or image


def encode(image: Image.Image, sides: Mapping[str, int]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield name, size and extension, and the bytes, of each rendition."""
    for at, (name, side) in enumerate(sides.items()):
        if at and max(image.size) <= side:
            continue
        # Each is made from the one before: cheaper, and nobody can see it.
        size = fitted(image.size, side)
        if size != image.size:
            image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        extension, content = _encoded(image)
        width, height = image.size
        yield {"name": name, "width": width, "height": height, "extension": extension}, content


def _encoded(image: Image.Image) -> tuple[str, bytes]:
    buffer = BytesIO()
    if image.mode == "RGBA":
        image.save(buffer, "WEBP", quality=QUALITY)
        return "webp", buffer.getvalue()
    image.save(buffer, "JPEG", quality=QUALITY, progressive=True, optimize=True)
    return "jpg", buffer.getvalue()


def blurhash_of(image: Image.Image) -> str:
    """Return the BlurHash; what is translucent is seen on white."""
    # Late, so that a file that is no image costs as little as can be.
    import blurhash  # noqa: PLC0415

    thumb = image.resize((BLURHASH_SIDE, BLURHASH_SIDE), reducing_gap=2.0)
    if thumb.mode == "RGBA":
        ground = Image.new("RGB", thumb.size, _WHITE)
        ground.paste(thumb, mask=thumb.getchannel("A"))
        thumb = ground
    data = thumb.tobytes()
    pixels = [data[at : at + 3] for at in range(0, len(data), 3)]
    rows = [pixels[at : at + BLURHASH_SIDE] for at in range(0, len(pixels), BLURHASH_SIDE)]
    code: str = blurhash.encode(rows, *BLURHASH_COMPONENTS)
    return code


def answer(file: IO[bytes], order: Order) -> tuple[dict[str, Any], list[bytes]]:
    """Return what goes to stdout: the line, and the bytes that follow it."""
    longest_side = next(iter(order.sides.values()))
    try:
        image = decode(file, pixels=order.pixels, longest_side=longest_side)
        encoded = list(encode(image, order.sides))
        blurhash = blurhash_of(image)
    except (TooManyPixels, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return {"refusal": TOO_MANY_PIXELS}, []
    except Exception:  # noqa: BLE001 - decoders raise nearly anything on hostile input
        return {"refusal": NOT_AN_IMAGE}, []
    contents = [content for _, content in encoded]
    lengths = [len(content) for content in contents]
    described = [about for about, _ in encoded]
    return {"renditions": described, "lengths": lengths, "blurhash": blurhash}, contents


def _limit_myself(order: Order) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (order.memory_bytes, order.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_seconds, order.cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # It writes to its pipe and to no file.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> None:
    """Serve one order."""
    order = Order(**json.loads(sys.argv[1]))
    _limit_myself(order)
    line, contents = answer(BytesIO(sys.stdin.buffer.read()), order)
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n")
    for content in contents:
        sys.stdout.buffer.write(content)


if __name__ == "__main__":
    main()
