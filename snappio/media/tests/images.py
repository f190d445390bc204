"""Images for tests: real ones made on the spot, and hostile ones made by hand."""

import base64
import struct
import zlib
from io import BytesIO

from PIL import Image, ImageCms

RED = (200, 30, 30)
BLUE = (20, 40, 220)
ORIENTATION = 0x0112
MAKE = 0x010F
GPS = 0x8825

# 32 × 48 once upright: red above, blue below. With a camera's name and GPS in its
# EXIF. Made for this test; nothing here can write HEIC.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    "AAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAB7AABAAAAAAAAAF0AAgAAAAACSQABAAAAAAAAAFgAAAA4aWlu"
    "ZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAB"
    "B2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    "AAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkA"
    "AAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAADAAAAABAAAAIAAAAAH////w"
    "AAAAAv///+AAAAACAAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1hAAAAAAAAAAEAAQaBAgMFhIYAAAAa"
    "aXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAL1tZGF0AAAAWSgBrwng40ecVP/5njf/fk7L2l1JVAj/qVg7zs7/4ilB"
    "oj9QMTyECRpugLiipd7mfkkOTi5nUM+F62U6Qw05MjXZhDfS0NHEfDnlYlDyl0Hp2Q6uKFT3b1WfAAAABkV4aWYA"
    "AE1NACoAAAAIAAMBDwACAAAACgAAADIBEgADAAAAAQAGAACIJQAEAAAAAQAAADwAAAAAU2VjcmV0Q2FtAAABAAEA"
    "AgAAAAJOAAAAAAAAAA=="
)


def halves(size=(64, 32)):
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image


def encoded(image, kind="JPEG", **options):
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg(size=(64, 32), **options):
    return encoded(halves(size), "JPEG", **options)


def photograph_exif(orientation=1):
    """What a camera writes: its name, where it was, how it was held."""
    exif = Image.Exif()
    exif[MAKE] = "SecretCam"
    exif[ORIENTATION] = orientation
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0)})
    return exif.tobytes()


def chunk(kind, data):
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, *chunks):
    """A PNG of one colour by hand, with more chunks if wanted."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *chunks,
            chunk(b"IDAT", zlib.compress(bytes((width + 7) // 8 + 1) * min(height, 64))),
            chunk(b"IEND", b""),
        ]
    )


def gif_of_many_frames(count):
    """A GIF whose frames are a single pixel each."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\xff\x00\x00\x00\x00\x00"
    return screen + frame * count + b"\x3b"


def srgb_profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
