"""Files in the storage: how they are named, written, addressed and deleted."""

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import IO

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from snappio.media import filetypes
from snappio.media.filetypes import FileType
from snappio.media.renditions import SIDES, Rendition

CONTENT_TYPES = {"jpg": "image/jpeg", "webp": "image/webp"}
# Stands in a name where that of a rendition would; whatever is so called is kept as
# it came, and never shown by a browser. The gateway knows it, too.
AS_IT_CAME = "file"

# Two characters of the key first, so that no directory holds millions of files.
NAME_PATTERN = (
    r"[A-Za-z0-9_-]{2}/[A-Za-z0-9_-]{22}-"
    rf"(?:(?:{'|'.join(SIDES)})\.(?:{'|'.join(CONTENT_TYPES)})"
    rf"|{AS_IT_CAME}\.(?:{'|'.join(filetypes.BY_EXTENSION)}))"
)


class TypedFile(File[bytes]):
    """A file that tells an object store its type, whatever this machine knows of extensions."""

    def __init__(self, file: IO[bytes], content_type: str) -> None:
        super().__init__(file)
        self.content_type = content_type


def name_of(key: str, rendition: str, extension: str) -> str:
    """Return the name in the storage; nothing of it comes from the client."""
    return f"{key[:2]}/{key}-{rendition}.{extension}"


def name_as_it_came(key: str, kind: FileType) -> str:
    """Return the name in the storage of a file that is no image."""
    return name_of(key, AS_IT_CAME, kind.extension)


def names_of_image(key: str) -> list[str]:
    """Return every name that a file of an image may have.

    All possible ones and not only the recorded ones: an upload that broke off
    has recorded none.
    """
    return [name_of(key, side, extension) for side in SIDES for extension in CONTENT_TYPES]


def write(key: str, rendition: Rendition) -> str:
    """Write one rendition and return its name."""
    name = name_of(key, rendition.name, rendition.extension)
    content = BytesIO(rendition.content)
    return _storage().save(name, TypedFile(content, CONTENT_TYPES[rendition.extension]))


def write_as_it_came(key: str, file: IO[bytes], kind: FileType) -> str:
    """Write a file that is no image and return its name."""
    return _storage().save(name_as_it_came(key, kind), TypedFile(file, kind.content_type))


def copy(name: str, key: str, new_key: str) -> str:
    """Write a file once more, under another upload's key, and return its name."""
    new_name = f"{new_key[:2]}/{new_key}" + name.removeprefix(f"{key[:2]}/{key}")
    with _storage().open(name) as file:
        return _storage().save(new_name, TypedFile(file, content_type_of(name)))


def delete_all(names: Iterable[str]) -> None:
    """Delete files; what is gone already does not matter."""
    for name in names:
        _storage().delete(name)


def url_of(name: str) -> str:
    """Return the address: a path on this instance, or absolute in an object store."""
    return _prefix(_storage()) + name


def base_url() -> str:
    """Return what the addresses of files begin with, computed without a request.

    Absolute with an object store and where PUBLIC_URL is set. Else the path
    `/media/`, to be resolved against the instance that was asked: only a request
    knows by which name a client reaches it.
    """
    prefix = url_of("")
    return f"{settings.PUBLIC_URL}{prefix}" if prefix.startswith("/") else prefix


def is_shown(name: str) -> bool:
    """Say whether a browser may show a file: images, which are our own making, and nothing else."""
    return f"-{AS_IT_CAME}." not in name


def content_type_of(name: str) -> str:
    """Return the one type that files with this extension are served as."""
    extension = name.rpartition(".")[2]
    if is_shown(name):
        return CONTENT_TYPES[extension]
    return filetypes.BY_EXTENSION[extension].content_type


def open_local(name: str) -> File[bytes] | None:
    """Return the file opened if it lies on this machine, else None."""
    storage = _storage()
    if not isinstance(storage, FileSystemStorage):
        return None
    try:
        return storage.open(name)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=4)
def _prefix(storage: Storage) -> str:
    # Our names need no escaping, so one address tells them all; an object store's
    # library takes a millisecond to make each.
    return storage.url("-").removesuffix("-")


def _storage() -> Storage:
    return storages["default"]
