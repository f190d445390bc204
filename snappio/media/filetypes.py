"""The kinds of files that are taken besides images, and the names they may be shown under."""

import re
import unicodedata
from dataclasses import dataclass

NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class FileType:
    """One kind of file: what it is served as, and how it is called.

    ``extension`` ends its name in the storage. ``other_endings`` may end the name
    it is shown under, too.
    """

    content_type: str
    extension: str
    other_endings: frozenset[str] = frozenset()

    def may_end(self, ending: str) -> bool:
        """Say whether a name may end so."""
        return ending == self.extension or ending in self.other_endings


PDF = FileType("application/pdf", "pdf")
TEXT = FileType("text/plain", "txt", frozenset({"text", "md", "csv", "log"}))
ZIP = FileType("application/zip", "zip")
MP3 = FileType("audio/mpeg", "mp3")
OGG = FileType("audio/ogg", "ogg", frozenset({"oga", "opus"}))
WAV = FileType("audio/wav", "wav")
M4A = FileType("audio/mp4", "m4a")
# Phones write recordings without a picture as MP4, too, and browsers as WebM.
MP4 = FileType("video/mp4", "mp4", frozenset({"m4v", "m4a"}))
WEBM = FileType("video/webm", "webm", frozenset({"weba"}))

_OOXML = "application/vnd.openxmlformats-officedocument."
DOCX = FileType(f"{_OOXML}wordprocessingml.document", "docx")
XLSX = FileType(f"{_OOXML}spreadsheetml.sheet", "xlsx")
PPTX = FileType(f"{_OOXML}presentationml.presentation", "pptx")

_ODF = "application/vnd.oasis.opendocument."
ODT = FileType(f"{_ODF}text", "odt")
ODS = FileType(f"{_ODF}spreadsheet", "ods")
ODP = FileType(f"{_ODF}presentation", "odp")

# Uploads are stored under these extensions: one may be added, none be taken away.
ALL = (
    PDF, TEXT, ZIP, MP3, OGG, WAV, M4A, MP4, WEBM, DOCX, XLSX, PPTX, ODT, ODS, ODP,
)  # fmt: skip
BY_CONTENT_TYPE = {kind.content_type: kind for kind in ALL}
BY_EXTENSION = {kind.extension: kind for kind in ALL}

# Control characters, marks that turn the direction of writing, lone surrogates, line ends.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Windows gives these a meaning; other systems take them badly.
_TROUBLESOME = re.compile(r'[<>:"|?*]')


def display_name(given: str, kind: FileType) -> str:
    """Return the client's name as it may be shown: at most `NAME_LENGTH` characters.

    No path and nothing unseen is left of it, and it ends as its type may end: a
    text that calls itself `run.bat` is shown as `run.bat.txt`, so that whoever
    saves it under that name has a text.
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", given)[-1])
    name = "".join(char for char in name if unicodedata.category(char) not in _UNSEEN)
    name = " ".join(_TROUBLESOME.sub(" ", name).split()).strip(" .")
    stem, _, ending = name.rpartition(".")
    if not stem or not kind.may_end(ending.lower()):
        stem, ending = name, kind.extension
    room = NAME_LENGTH - len(ending) - 1
    return f"{stem[:room].rstrip(' .') or 'file'}.{ending}"
