"""Files in the storage: how they are named, written, addressed and deleted."""

from functools import lru_cache

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages

from snappio.media.renditions import SIDES, Rendition

CONTENT_TYPES = {"jpg": "image/jpeg", "webp": "image/webp"}

# Two characters of the key first, so that no directory holds millions of files.
NAME_PATTERN = (
    r"[A-Za-z0-9_-]{2}/[A-Za-z0-9_-]{22}"
    rf"-(?:{'|'.join(SIDES)})\.(?:{'|'.join(CONTENT_TYPES)})"
)


class TypedContent(ContentFile[bytes]):
    """Bytes that tell an object store their type, whatever this machine knows of extensions."""

    def __init__(self, content: bytes, content_type: str) -> None:
        super().__init__(content)
        self.content_type = content_type


def name_of(key: str, rendition: str, extension: str) -> str:
    """Return the name in the storage; nothing of it comes from the client."""
    return f"{key[:2]}/{key}-{rendition}.{extension}"


def write(key: str, rendition: Rendition) -> str:
    """Write one rendition and return its name."""
    name = name_of(key, rendition.name, rendition.extension)
    content = TypedContent(rendition.content, CONTENT_TYPES[rendition.extension])
    return _storage().save(name, content)


def delete_all(key: str) -> None:
    """Delete every file that an upload may have; what is gone already does not matter.

    All possible names and not only the recorded ones: an upload that broke off
    has recorded none.
    """
    for rendition in SIDES:
        for extension in CONTENT_TYPES:
            _storage().delete(name_of(key, rendition, extension))


def url_of(name: str) -> str:
    """Return the address: a path on this instance, or absolute in an object store."""
    return _prefix(_storage()) + name


def content_type_of(name: str) -> str:
    """Return the one type that files with this extension are served as."""
    return CONTENT_TYPES[name.rpartition(".")[2]]


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
