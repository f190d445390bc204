"""Uploads into pictures, in a process of their own, two at a time."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from snappio.core.errors import Unavailable
from snappio.core.limits import MIB, current_limits
from snappio.core.slots import held_slot
from snappio.media import decoder
from snappio.media.errors import ImageTooLarge, NotAnImage, TooManyPixels
from snappio.media.renditions import SIDES, Picture, Rendition

logger = logging.getLogger(__name__)

# Each takes 25 MB and more, an image of 40 megapixels from 100 (JPEG) to 650 MB (WebP).
AT_ONCE = 2
PATIENCE_SECONDS = 10
# Address space, three times what honest files use: threads of decoders reserve much.
MEMORY_BYTES = 2048 * MIB
# The slowest honest file, an AVIF of 40 megapixels, takes about 3 seconds.
CPU_SECONDS = 20
TIMEOUT_SECONDS = 30

# Isolated (-I): neither the environment nor the working directory says what it imports.
_COMMAND = (sys.executable, "-I", "-W", "ignore", str(Path(decoder.__file__)))
# More arenas would each reserve 64 MiB of the address space.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}

_slots = threading.BoundedSemaphore(AT_ONCE)


def read_picture(file: IO[bytes]) -> Picture:
    """Return the renditions of an upload: upright, in sRGB, nothing left but pixels.

    Of an animation, the first frame. Raises `ImageTooLarge`, `TooManyPixels`,
    `NotAnImage` (also where the decoder crashes or takes too long), or
    `Unavailable` if no slot frees up in time.
    """
    with decoding_slot():
        # Read in here: uploads that wait hold no memory, they are files on disk.
        answer = _run(_bounded(file))
    return _picture(answer)


def decoding_slot() -> AbstractContextManager[None]:
    """Hold one of the slots for work on pixels, or raise `Unavailable`."""
    return held_slot(_slots, patience=PATIENCE_SECONDS)


def _bounded(file: IO[bytes]) -> bytes:
    limit = current_limits().image_bytes
    file.seek(0)
    content = file.read(limit + 1)
    if len(content) > limit:
        raise ImageTooLarge(limit)
    return content


def _run(content: bytes) -> bytes:
    order = decoder.Order(
        pixels=current_limits().image_pixels,
        sides=SIDES,
        memory_bytes=MEMORY_BYTES,
        cpu_seconds=CPU_SECONDS,
    )
    try:
        return subprocess.run(  # noqa: S603 - a constant command; the bytes go to stdin
            [*_COMMAND, json.dumps(asdict(order))],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            timeout=TIMEOUT_SECONDS,
            check=True,
        ).stdout
    except subprocess.SubprocessError:
        # Killed, crashed, or over one of its limits.
        raise NotAnImage from None
    except OSError as error:
        # No memory or no process left on this machine: not the upload's fault.
        logger.warning("No decoder can be started: %s", error)
        raise Unavailable from None


def _picture(answer: bytes) -> Picture:
    line, _, contents = answer.partition(b"\n")
    about = json.loads(line)
    if refusal := about.get("refusal"):
        if refusal == decoder.TOO_MANY_PIXELS:
            raise TooManyPixels(current_limits().image_pixels)
        raise NotAnImage
    return Picture(list(_renditions(about, contents)), about["blurhash"])


def _renditions(about: dict[str, Any], contents: bytes) -> Iterator[Rendition]:
    lengths: Sequence[int] = about["lengths"]
    start = 0
    for described, length in zip(about["renditions"], lengths, strict=True):
        yield Rendition(**described, content=contents[start : start + length])
        start += length
