"""What becomes of a file: formats, colours, damage, and what must not survive.

In this process, where that is safe; `test_decoding.py` has what is not.
"""

import time
from io import BytesIO

import blurhash
import pytest
from PIL import Image, ImageCms

from snappio.media.decoder import NOT_AN_IMAGE, TOO_MANY_PIXELS, Order, answer, decode, fitted
from snappio.media.renditions import SIDES
from snappio.media.tests.images import (
    BLUE,
    HEIC,
    RED,
    encoded,
    gif_of_many_frames,
    halves,
    jpeg,
    photograph_exif,
    srgb_profile,
)

PIXELS = 40_000_000

# As in the process that it is made for (`decoding._COMMAND`).
pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore")]


def read(content, longest_side=2048, pixels=PIXELS):
    return decode(BytesIO(content), pixels=pixels, longest_side=longest_side)


def refusal_of(content, pixels=PIXELS):
    line, contents = answer(
        BytesIO(content), Order(pixels=pixels, sides=SIDES, memory_bytes=0, cpu_seconds=0)
    )
    assert contents == []
    return line["refusal"]


def is_near(pixel, colour):
    return all(abs(have - want) <= 24 for have, want in zip(pixel, colour, strict=False))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_decodes_the_formats_we_take(kind):
    image = read(encoded(halves(), kind))

    assert (image.mode, image.size) == ("RGB", (64, 32))
    assert is_near(image.getpixel((8, 16)), RED)
    assert is_near(image.getpixel((56, 16)), BLUE)


def test_decodes_heic_upright():
    image = read(HEIC)

    assert (image.mode, image.size, image.info) == ("RGB", (32, 48), {})
    top, bottom = image.getpixel((16, 8)), image.getpixel((16, 40))
    assert is_near(top, RED)
    assert is_near(bottom, BLUE)


def test_decodes_the_first_picture_of_an_mpo():
    content = encoded(halves(), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))])

    assert read(content).size == (64, 32)


@pytest.mark.parametrize(
    "kind", ["BMP", "TIFF", "ICO", "EPS", "PDF", "PCX", "PPM", "TGA", "JPEG2000", "SGI", "ICNS"]
)
def test_refuses_formats_we_do_not_need(kind):
    assert refusal_of(encoded(halves((64, 64)), kind)) == NOT_AN_IMAGE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"\xff",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"\x00\x00\x00\x18ftypheic" + bytes(40),
        b"\x00\x00\x00\x18ftypavif" + bytes(40),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7\n",
        b"8BPS\x00\x01" + bytes(100),
        b"SIMPLE  =                    T" + bytes(2880),
    ],
    ids=lambda content: repr(content[:12]),
)
def test_refuses_what_is_no_image(content):
    assert refusal_of(content) == NOT_AN_IMAGE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_refuses_a_truncated_file(kind, part):
    noise = Image.effect_noise((300, 300), 90).convert("RGB")
    content = encoded(noise, kind)

    assert refusal_of(content[: int(len(content) * part)]) == NOT_AN_IMAGE


def test_refuses_a_png_with_a_wrong_checksum():
    content = bytearray(encoded(halves(), "PNG"))
    content[content.index(b"IDAT") + 8] ^= 0xFF

    assert refusal_of(bytes(content)) == NOT_AN_IMAGE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_answers_whatever_byte_is_wrong(kind):
    original = encoded(halves(), kind)
    order = Order(pixels=PIXELS, sides=SIDES, memory_bytes=0, cpu_seconds=0)
    refusals = []
    for at in range(0, len(original), max(1, len(original) // 100)):
        content = bytearray(original)
        content[at] ^= 0xFF
        line, contents = answer(BytesIO(bytes(content)), order)
        assert len(contents) == len(line.get("renditions", []))
        refusals.append(line.get("refusal"))

    assert set(refusals) <= {None, NOT_AN_IMAGE, TOO_MANY_PIXELS}
    assert NOT_AN_IMAGE in refusals


def test_counts_the_pixels_from_the_header_alone():
    assert read(jpeg((64, 32)), pixels=64 * 32).size == (64, 32)
    assert refusal_of(jpeg((64, 33)), pixels=64 * 32) == TOO_MANY_PIXELS


def test_never_walks_through_an_animation():
    content = gif_of_many_frames(100_000)
    started = time.process_time()

    assert read(content).size == (1, 1)

    assert time.process_time() - started < 0.2


def test_takes_the_first_frame_of_an_animation():
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    for kind in ("GIF", "WEBP", "PNG", "AVIF"):
        content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert is_near(read(content).getpixel((4, 4)), RED)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_applies_the_orientation(orientation):
    upright = halves((64, 32))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright

    image = read(encoded(stored, "JPEG", exif=photograph_exif(orientation)))

    assert image.size == (64, 32)
    assert is_near(image.getpixel((8, 8)), RED)
    assert is_near(image.getpixel((56, 24)), BLUE)


def test_shows_a_photograph_with_damaged_exif():
    content = encoded(halves(), "JPEG", exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff" + bytes(20))

    assert read(content).size == (64, 32)


def test_keeps_nothing_but_pixels():
    content = encoded(
        halves(),
        "JPEG",
        exif=photograph_exif(),
        comment=b"a comment",
        xmp=b"<x:xmpmeta/>",
        icc_profile=srgb_profile(),
    )

    assert read(content).info == {}


def test_converts_other_colour_spaces_to_srgb():
    lab_white_point = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    plain = read(encoded(halves(), "PNG"))

    same = read(encoded(halves(), "PNG", icc_profile=srgb_profile()))
    foreign = read(encoded(halves(), "PNG", icc_profile=lab_white_point))
    damaged = read(encoded(halves(), "PNG", icc_profile=b"no profile"))

    assert same.getpixel((8, 8)) == pytest.approx(plain.getpixel((8, 8)), abs=1)
    assert foreign.tobytes() == damaged.tobytes() == plain.tobytes()


def wide_gamut_profile():
    """An RGB profile whose red and blue change places: a conversion shows at once."""
    profile = bytearray(srgb_profile())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_applies_the_colour_profile(mode):
    image = halves().convert(mode)
    if mode == "RGBA":
        image.putalpha(128)

    converted = read(encoded(image, "PNG", icc_profile=wide_gamut_profile()))

    assert converted.mode == mode
    assert converted.getpixel((8, 8))[2] > converted.getpixel((8, 8))[0]


def test_reads_cmyk():
    image = read(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))

    assert is_near(image.getpixel((4, 4)), (255, 0, 0))


def test_scales_sixteen_bits_instead_of_clipping_them():
    image = read(encoded(Image.new("I;16", (8, 8), 0x8000), "PNG"))

    assert image.getpixel((4, 4)) == (128, 128, 128)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_reads_grey_and_indexed_colours(mode):
    image = read(encoded(Image.new("RGB", (8, 8), (255, 255, 255)).convert(mode), "PNG"))

    assert (image.mode, image.getpixel((4, 4))) == ("RGB", (255, 255, 255))


@pytest.mark.parametrize("mode", ["LA", "PA", "RGBA"])
def test_keeps_transparency(mode):
    image = Image.new("RGBA", (8, 8), (255, 255, 255, 0))
    image.paste((0, 0, 0, 255), (0, 0, 4, 8))
    kind = "PNG" if mode != "PA" else "GIF"
    source = image.convert(mode) if mode != "PA" else image

    result = read(encoded(source, kind))

    assert result.mode == "RGBA"
    assert [result.getpixel((1, 4))[3], result.getpixel((6, 4))[3]] == [255, 0]


def test_drops_an_alpha_channel_that_hides_nothing():
    assert read(encoded(halves().convert("RGBA"), "PNG")).mode == "RGB"


def test_reads_a_transparent_colour():
    content = encoded(Image.new("RGB", (8, 8), RED), "PNG", transparency=RED)

    assert read(content).getpixel((4, 4))[3] == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_scales_down_and_never_up(kind):
    assert read(encoded(halves((400, 200)), kind), longest_side=100).size == (100, 50)
    assert read(encoded(halves((40, 20)), kind), longest_side=100).size == (40, 20)


def test_keeps_at_least_one_pixel():
    assert fitted((10_000, 1), 100) == (100, 1)


def order_of(sides):
    return Order(pixels=PIXELS, sides=sides, memory_bytes=0, cpu_seconds=0)


def test_makes_no_rendition_larger_than_the_one_before():
    sides = {"large": 200, "medium": 100, "small": 50}

    sizes = {
        width: [
            (about["name"], about["width"], about["height"])
            for about in answer(BytesIO(jpeg((width, width // 2))), order_of(sides))[0][
                "renditions"
            ]
        ]
        for width in (400, 100, 40)
    }

    assert sizes == {
        400: [("large", 200, 100), ("medium", 100, 50), ("small", 50, 25)],
        100: [("large", 100, 50), ("small", 50, 25)],
        40: [("large", 40, 20)],
    }


def test_encodes_opaque_as_progressive_jpeg_and_translucent_as_webp():
    translucent = halves().convert("RGBA")
    translucent.putalpha(100)
    kinds = {}
    for name, source in {"opaque": halves(), "translucent": translucent}.items():
        line, (content,) = answer(BytesIO(encoded(source, "PNG")), order_of({"large": 2048}))
        image = Image.open(BytesIO(content))
        kinds[name] = (line["renditions"][0]["extension"], image.format, image.mode)
        assert image.info.get("progressive", 0) == (name == "opaque")

    assert kinds == {"opaque": ("jpg", "JPEG", "RGB"), "translucent": ("webp", "WEBP", "RGBA")}


def test_leaves_no_metadata_in_any_rendition():
    content = encoded(
        halves((600, 400)), "JPEG", exif=photograph_exif(), comment=b"SecretNote", xmp=b"<SecretX/>"
    )

    _, contents = answer(BytesIO(content), order_of(SIDES))

    assert len(contents) == 2
    for made in contents:
        image = Image.open(BytesIO(made))
        assert not image.getexif()
        assert not {"exif", "xmp", "comment", "icc_profile"} & set(image.info)
        assert b"Secret" not in made


def test_drops_what_hangs_behind_the_image():
    content = jpeg() + b"<?php system($_GET[0]); ?><script>alert(1)</script>PK\x03\x04"

    _, (made,) = answer(BytesIO(content), order_of({"large": 2048}))

    assert b"script" not in made
    assert b"php" not in made


def test_tells_a_placeholder_that_looks_like_the_image():
    line, _ = answer(BytesIO(encoded(halves(), "PNG")), order_of(SIDES))

    pixels = blurhash.decode(line["blurhash"], 8, 4)

    assert pixels[2][0][0] > pixels[2][0][2]
    assert pixels[2][7][2] > pixels[2][7][0]
