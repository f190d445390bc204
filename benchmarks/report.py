"""What was measured, what was promised, and the table that holds the two together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Target(Protocol):
    """A promise that a measured row keeps or breaks."""

    def is_met(self, row: "Row") -> bool: ...


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Ours is at least this share of the reference."""

    ratio: float

    def is_met(self, row: "Row") -> bool:
        return row.ratio is not None and row.ratio >= self.ratio

    def __str__(self) -> str:
        return f"≥ {self.ratio:g} ×"


@dataclass(frozen=True, slots=True)
class AtMost:
    """Ours is at most this many of the row's unit."""

    most: float

    def is_met(self, row: "Row") -> bool:
        return row.ours <= self.most

    def __str__(self) -> str:
        return f"≤ {self.most:g}"


@dataclass(frozen=True, slots=True)
class AtMostRatio:
    """Ours is at most so many times the reference."""

    ratio: float

    def is_met(self, row: "Row") -> bool:
        return row.ratio is not None and row.ratio <= self.ratio

    def __str__(self) -> str:
        return f"≤ {self.ratio:g} ×"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    unit: str
    ours: float
    reference: float | None = None
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Ours divided by the reference."""
        return self.ours / self.reference if self.reference else None

    @property
    def verdict(self) -> str:
        """Say whether the target is met; empty where nothing was promised."""
        if self.target is None:
            return ""
        return "met" if self.target.is_met(self) else "missed"

    def cells(self) -> Sequence[str]:
        """Return the row as text, in the order of `HEADINGS`."""
        return (
            self.what,
            self.unit,
            _number(self.ours),
            "" if self.reference is None else _number(self.reference),
            "" if self.ratio is None else f"{self.ratio:.2f}",
            "" if self.target is None else str(self.target),
            self.verdict,
        )


HEADINGS = ("what", "unit", "ours", "reference", "ratio", "target", "verdict")


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table of plain text."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    # Words to the left, numbers to the right.
    aligns = "<<>>>><"
    return "\n".join(
        "  ".join(
            f"{cell:{align}{width}}"
            for cell, align, width in zip(line, aligns, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"
