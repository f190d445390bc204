"""What a file is, by its content alone.

Neither its name nor the type that the client declares is asked. The work is
bounded whatever the bytes say: the beginning is looked at, of a ZIP also the
list of its members, and only a text is read to its end.

Being of a type is no proof of harmlessness: a file may be of two types at once.
That is why it is served as the type found here, never to be shown and never to
be guessed again.
"""

import codecs
import re
import struct
from collections.abc import Iterator
from typing import IO

from snappio.core.limits import KIB, MIB
from snappio.media import filetypes
from snappio.media.filetypes import FileType

HEAD_BYTES = 8 * KIB
CHUNK_BYTES = 256 * KIB

_IMAGE_MARKS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
# In the container that they share with MP4: HEIC, HEIC of several images, AVIF.
_IMAGE_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs",
     b"mif1", b"msf1", b"avif", b"avis"}
)  # fmt: skip


def _mark(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


# What a file of a type begins with.
_MARKS = (
    (_mark(rb"%PDF-[12]\."), filetypes.PDF),
    (_mark(rb"RIFF.{4}WAVE"), filetypes.WAV),
    # The first page has one segment, which says how the sound is encoded.
    (_mark(rb"OggS\x00.{23}(?:\x01vorbis|OpusHead|Speex   |\x7fFLAC)"), filetypes.OGG),
    # The element that names the dialect; its length may be written in two ways.
    (
        _mark(rb"\x1a\x45\xdf\xa3.{1,56}\x42\x82(?:\x84|\x01\x00{6}\x04)webm"),
        filetypes.WEBM,
    ),
    (_mark(rb".{4}ftyp(?:M4A |M4B )"), filetypes.M4A),
    (_mark(rb".{4}ftyp(?:iso[m1-9]|mp4[12]|avc1|M4V |MSNV|dash)"), filetypes.MP4),
    (_mark(rb"ID3[\x02-\x04][\x00-\xfe].[\x00-\x7f]{4}"), filetypes.MP3),
)

_OFFICE_PARTS = (
    (b"word/", filetypes.DOCX),
    (b"xl/", filetypes.XLSX),
    (b"ppt/", filetypes.PPTX),
)
# Programs inside a document. Such a file is an archive and nothing to open by a tap.
_MACROS = b"/vbaProject.bin"
_OPEN_DOCUMENTS = {
    kind.content_type.encode(): kind for kind in (filetypes.ODT, filetypes.ODS, filetypes.ODP)
}

# The end of a ZIP: 22 bytes and a comment of up to 64 KiB.
_END_OF_ZIP = struct.Struct("<4s4H2LH")
_LONGEST_END = _END_OF_ZIP.size + 0xFFFF
# Enough for thousands of members; what lies beyond is not looked at.
_DIRECTORY_BYTES = MIB
_ENTRY_BYTES = 46

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Pages, drawings and other markup; scripts; PostScript. Also where blanks come first.
_NOT_PLAIN = re.compile(r"\ufeff?\s*(?:<[A-Za-z!?/]|#!|%!)")


def is_image(file: IO[bytes]) -> bool:
    """Say whether a file begins like an image that we take; the decoder has the last word."""
    head = _head(file)
    return (
        head.startswith(_IMAGE_MARKS)
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[4:8] == b"ftyp" and head[8:12] in _IMAGE_BRANDS)
    )


def type_of(file: IO[bytes]) -> FileType | None:
    """Return the type of a file that is no image, or None if it is none that we take."""
    head = _head(file)
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_archive(file, head)
    return _marked_type(head) or (filetypes.TEXT if _is_text(file) else None)


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(HEAD_BYTES)


def _marked_type(head: bytes) -> FileType | None:
    for mark, kind in _MARKS:
        if mark.match(head):
            return kind
    return filetypes.MP3 if _begins_with_frames(head) else None


# --- MP3 -------------------------------------------------------------------

_SYNC = re.compile(rb"\xff[\xf2\xf3\xfa\xfb]")
# In 1,000 bits a second, by the four bits that say it; MPEG 1, then MPEG 2.
_BIT_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
)
_SAMPLE_RATES = ((44_100, 48_000, 32_000, 0), (22_050, 24_000, 16_000, 0))


def _begins_with_frames(head: bytes) -> bool:
    # Two bytes prove nothing: a second frame must stand where the first one ends.
    length = _frame_length(head)
    return length > 0 and _frame_length(head[length : length + 4]) > 0


def _frame_length(frame: bytes) -> int:
    """Return the length in bytes of the frame that begins here, 0 if none does."""
    if len(frame) < 4 or not _SYNC.match(frame):  # noqa: PLR2004 - the frame's header
        return 0
    version = 0 if frame[1] & 0x08 else 1
    bits = _BIT_RATES[version][frame[2] >> 4] * 1000
    samples = _SAMPLE_RATES[version][frame[2] >> 2 & 0b11]
    if not bits or not samples:
        return 0
    padding = frame[2] >> 1 & 1
    return (144, 72)[version] * bits // samples + padding


# --- ZIP and what is made of it --------------------------------------------


def _kind_of_archive(file: IO[bytes], head: bytes) -> FileType | None:
    directory = _directory_of(file)
    if directory is None:
        return None
    if kind := _OPEN_DOCUMENTS.get(_declared_in_first_member(head)):
        return kind
    names = list(_names_in(directory))
    if b"[Content_Types].xml" in names and not any(name.endswith(_MACROS) for name in names):
        for part, kind in _OFFICE_PARTS:
            if any(name.startswith(part) for name in names):
                return kind
    return filetypes.ZIP


def _declared_in_first_member(head: bytes) -> bytes:
    """Return what an open document says it is: in its first member, not compressed."""
    method, size, name_length, extra_length = struct.unpack_from("<8xH8xL4x2H", head.ljust(30))
    start = 30 + name_length + extra_length
    if method or head[30 : 30 + name_length] != b"mimetype":
        return b""
    return head[start : start + size]


def _directory_of(file: IO[bytes]) -> bytes | None:
    """Return the list of members at the end of a ZIP, or None if it has no end."""
    length = file.seek(0, 2)
    file.seek(max(0, length - _LONGEST_END))
    tail = file.read(_LONGEST_END)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END_OF_ZIP.size:
        return None
    *_, size, offset, _comment = _END_OF_ZIP.unpack_from(tail, at)
    file.seek(min(offset, length))
    return file.read(min(size, _DIRECTORY_BYTES))


def _names_in(directory: bytes) -> Iterator[bytes]:
    at = 0
    while directory.startswith(b"PK\x01\x02", at) and len(directory) - at >= _ENTRY_BYTES:
        name, extra, comment = struct.unpack_from("<3H", directory, at + 28)
        yield directory[at + _ENTRY_BYTES : at + _ENTRY_BYTES + name]
        at += _ENTRY_BYTES + name + extra + comment


# --- Text ------------------------------------------------------------------


def _is_text(file: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    is_first = True
    try:
        while chunk := file.read(CHUNK_BYTES):
            text = decoder.decode(chunk)
            if _CONTROL.search(text) or (is_first and _NOT_PLAIN.match(text)):
                return False
            is_first = False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
