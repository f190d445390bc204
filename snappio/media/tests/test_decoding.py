"""The process around the decoder: bombs, crashes, limits."""

import resource
import sys
import threading
import zlib
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from snappio.core.errors import Unavailable
from snappio.media import decoding
from snappio.media.decoding import decoding_slot, read_picture
from snappio.media.errors import ImageTooLarge, NotAnImage, TooManyPixels
from snappio.media.tests.images import HEIC, chunk, gif_of_many_frames, jpeg, png

pytestmark = pytest.mark.once


def read(content):
    return read_picture(BytesIO(content))


def test_reads_a_heic_without_its_metadata():
    picture = read(HEIC)

    (large,) = picture.renditions
    assert (large.name, large.width, large.height, large.extension) == ("large", 32, 48, "jpg")
    assert Image.open(BytesIO(large.content)).size == (32, 48)
    assert b"SecretCam" in HEIC
    assert b"SecretCam" not in large.content


def test_hands_over_every_rendition_whole():
    picture = read(jpeg((1400, 700)))

    sizes = [Image.open(BytesIO(rendition.content)).size for rendition in picture.renditions]
    assert sizes == [(1400, 700), (1080, 540), (320, 160)]
    assert sizes == [(rendition.width, rendition.height) for rendition in picture.renditions]
    assert len(picture.blurhash) == 28


# Offsets at which one wrong byte crashes the HEIC library (an item without a
# type), among others at which it does not.
@pytest.mark.parametrize("at", [8, 60, 177, 300, 500])
def test_outlives_a_heic_with_one_wrong_byte(at):
    content = bytearray(HEIC)
    content[at] ^= 0xFF
    try:
        picture = read(bytes(content))
    except (NotAnImage, TooManyPixels):
        return
    assert picture.renditions


def test_refuses_a_truncated_heic():
    with pytest.raises(NotAnImage):
        read(HEIC[:400])


def test_ends_a_decoder_that_takes_too_long(monkeypatch):
    monkeypatch.setattr(decoding, "TIMEOUT_SECONDS", 0.001)

    with pytest.raises(NotAnImage):
        read(jpeg())


def test_ends_a_decoder_that_takes_too_much_memory(monkeypatch):
    monkeypatch.setattr(decoding, "MEMORY_BYTES", 64 * 1024 * 1024)

    with pytest.raises(NotAnImage):
        read(png(6_000, 6_000))


def test_blames_no_upload_for_a_decoder_that_cannot_start(monkeypatch):
    monkeypatch.setattr(decoding, "_COMMAND", ("/nowhere/python",))

    with pytest.raises(Unavailable):
        read(jpeg())


def test_tells_the_decoder_no_secret(monkeypatch):
    monkeypatch.setenv("DJANGO_SECRET", "s" * 40)
    show = "import os; print(sorted(os.environ))"
    monkeypatch.setattr(decoding, "_COMMAND", (sys.executable, "-I", "-c", show))

    told = decoding._run(b"")

    assert b"MALLOC_ARENA_MAX" in told
    assert b"DJANGO_SECRET" not in told


def test_refuses_a_file_one_byte_over_the_limit(settings):
    content = jpeg()
    settings.LIMITS = replace(settings.LIMITS, image_bytes=len(content))
    assert read(content).renditions[0].width == 64

    with pytest.raises(ImageTooLarge) as refusal:
        read(content + b"\x00")

    assert refusal.value.status == 413


def test_refuses_more_pixels_than_the_limit(settings):
    settings.LIMITS = replace(settings.LIMITS, image_pixels=64 * 32 - 1)

    with pytest.raises(TooManyPixels) as refusal:
        read(jpeg((64, 32)))

    assert refusal.value.status == 400


def vp8x_of_the_largest_size():
    header = b"VP8X" + (10).to_bytes(4, "little") + bytes(4) + b"\xfe\x3f\x00" * 2
    return b"RIFF" + (len(header) + 4).to_bytes(4, "little") + b"WEBP" + header


def gif_screen(width, height):
    return (
        b"GIF89a"
        + width.to_bytes(2, "little")
        + height.to_bytes(2, "little")
        + gif_of_many_frames(1)[10:]
    )


@pytest.mark.parametrize(
    "content",
    [
        png(50_000, 50_000),
        png(41_000, 1_000),
        gif_screen(65_535, 65_535),
        vp8x_of_the_largest_size(),
        png(8, 8, chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(60_000_000)))),
        png(8, 8, *[chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(900_000)))] * 90),
    ],
    ids=["png", "just over", "gif", "webp", "icc", "text"],
)
def test_refuses_a_bomb_at_once_and_leaves_this_process_as_it_was(content):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises((TooManyPixels, NotAnImage)):
        read(content)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


def test_lets_two_work_at_once_and_a_third_wait(monkeypatch):
    monkeypatch.setattr(decoding, "PATIENCE_SECONDS", 0.05)
    inside, leave = threading.Semaphore(0), threading.Event()

    def work():
        with decoding_slot():
            inside.release()
            leave.wait(10)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=10)

    with pytest.raises(Unavailable), decoding_slot():
        pass

    leave.set()
    for thread in threads:
        thread.join()
    with decoding_slot():
        assert not any(thread.is_alive() for thread in threads)
