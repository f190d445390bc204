"""Where a client keeps how far it got, so that another start of it goes on from there."""

from pathlib import Path
from typing import Protocol

import msgspec


class Position(msgspec.Struct, frozen=True):
    """How far one conversation was taken: its revision, and its newest message."""

    revision: int
    seq: int


class Store(Protocol):
    """What is asked of a store; calls are short, and one at a time."""

    def load(self) -> tuple[str | None, dict[str, Position]]:
        """Return the epoch (None at first) and the positions by conversation."""

    def begin(self, epoch: str) -> None:
        """Forget all positions; those to come belong to this epoch."""

    def keep(self, conversation: str, position: Position) -> None:
        """Remember a position."""

    def drop(self, conversation: str) -> None:
        """Forget the position of a conversation, if there is one."""


class MemoryStore:
    """Lasts as long as the object; give it to the next `Client` of this process."""

    def __init__(self) -> None:
        self._epoch: str | None = None
        self._positions: dict[str, Position] = {}

    def load(self) -> tuple[str | None, dict[str, Position]]:
        return self._epoch, dict(self._positions)

    def begin(self, epoch: str) -> None:
        self._epoch = epoch
        self._positions.clear()

    def keep(self, conversation: str, position: Position) -> None:
        self._positions[conversation] = position

    def drop(self, conversation: str) -> None:
        self._positions.pop(conversation, None)


class _Kept(msgspec.Struct):
    epoch: str | None
    positions: dict[str, Position]


class FileStore(MemoryStore):
    """A small JSON file, replaced at once at every change: whole at any moment."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        if path.exists():
            kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
            self._epoch, self._positions = kept.epoch, kept.positions

    def begin(self, epoch: str) -> None:
        super().begin(epoch)
        self._write()

    def keep(self, conversation: str, position: Position) -> None:
        super().keep(conversation, position)
        self._write()

    def drop(self, conversation: str) -> None:
        super().drop(conversation)
        self._write()

    def _write(self) -> None:
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.write_bytes(msgspec.json.encode(_Kept(self._epoch, self._positions)))
        beside.replace(self._path)
