"""The sizes every image is kept in."""

from collections.abc import Sequence
from dataclasses import dataclass

# Longest side in pixels, the largest first. Made once, at the upload: nobody can
# ask for other sizes. An image no larger than one has no such rendition, except
# that it always has the first.
SIDES = {"large": 2048, "medium": 1080, "small": 320}


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size of an image, encoded."""

    name: str
    width: int
    height: int
    extension: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """What becomes of an upload: its renditions, the largest first, and a placeholder."""

    renditions: Sequence[Rendition]
    blurhash: str
