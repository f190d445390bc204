"""The example of the protocol's page, as lines that a test can play.

In its block a line is a frame that somebody says or hears, a request over HTTP and its
answer, the code that a socket closes with, or, behind ``#``, what happens meanwhile:

    alice → {"type": "ping", "id": 7}
    alice ← {"type": "ok", "id": 7, "result": {"now": "…"}}
    alice → POST /api/v1/auth/refresh/ {"refresh": "…"}
    alice ← 200 {"access": "…", "refresh": "…"}
    alice ← close 4501
    # bob opens the socket

The value "…" stands for any; an object that ends in ``…`` may have further fields.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANY = "…"
_FRAME = re.compile(r"(?P<who>\w+) (?P<arrow>[→←]) (?P<said>.+)")
_REQUEST = re.compile(r"(?P<method>[A-Z]+) (?P<path>/\S+)(?: (?P<body>\{.*))?")
_ANSWER = re.compile(r"(?P<status>\d{3})(?: (?P<body>.+))?")
_CLOSE = re.compile(r"close (?P<code>\d{4})")


@dataclass(frozen=True)
class Says:
    who: str
    frame: dict[str, Any]


@dataclass(frozen=True)
class Hears:
    who: str
    frame: dict[str, Any]


@dataclass(frozen=True)
class Asks:
    who: str
    method: str
    path: str
    body: dict[str, Any] | None


@dataclass(frozen=True)
class IsAnswered:
    who: str
    status: int
    body: Any


@dataclass(frozen=True)
class IsClosed:
    who: str
    code: int


@dataclass(frozen=True)
class Happens:
    what: str


Line = Says | Hears | Asks | IsAnswered | IsClosed | Happens


def lines_below(heading: str, page: Path) -> list[Line]:
    """Return the lines of the blocks below a heading."""
    _, found, rest = page.read_text().partition(f"\n## {heading}\n")
    assert found, f"{page.name} has no section {heading!r}"
    section = rest.split("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return [line_of(text) for block in blocks for text in block.splitlines() if text]


def line_of(text: str) -> Line:
    if text.startswith("# "):
        return Happens(text.removeprefix("# "))
    line = _FRAME.fullmatch(text)
    assert line, f"no line of a conversation: {text}"
    who, said = line["who"], line["said"]
    if line["arrow"] == "→":
        if request := _REQUEST.fullmatch(said):
            return Asks(who, request["method"], request["path"], value_of(request["body"]))
        return Says(who, value_of(said))
    if close := _CLOSE.fullmatch(said):
        return IsClosed(who, int(close["code"]))
    if answer := _ANSWER.fullmatch(said):
        return IsAnswered(who, int(answer["status"]), value_of(answer["body"]))
    return Hears(who, value_of(said))


def value_of(text: str | None) -> Any:
    """Return JSON in which `…` may end an object."""
    return json.loads(text.replace(", …}", ', "…": "…"}')) if text else None


def difference(written: Any, real: Any, where: str = "") -> str:
    """Say where a real value is not what is written, or nothing."""
    if written == ANY:
        return ""
    match written, real:
        case dict(), dict():
            return _difference_of_objects(written, real, where)
        case list(), list() if len(written) == len(real):
            pairs = enumerate(zip(written, real, strict=True))
            found = (difference(one, other, f"{where}[{n}]") for n, (one, other) in pairs)
            return next(filter(None, found), "")
    if type(written) is type(real) and written == real:
        return ""
    return f"{where or 'it'} is {real!r}, not {written!r}"


def _difference_of_objects(written: dict[str, Any], real: dict[str, Any], where: str) -> str:
    fields = written.keys() - {ANY}
    if missing := fields - real.keys():
        return f"{where} lacks {sorted(missing)}"
    if (unknown := real.keys() - fields) and ANY not in written:
        return f"{where} has also {sorted(unknown)}"
    found = (difference(written[name], real[name], f"{where}.{name}") for name in sorted(fields))
    return next(filter(None, found), "")
