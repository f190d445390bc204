"""What in a text means something: members who are named, tags, links.

Found from the text alone, once, when it is stored; whether there is a member of that
name is nobody's question here. The work grows with the length of the text and with
nothing else.
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from snappio.accounts import names

# More than anybody reads; a text of nothing but names would have thousands.
MOST_ENTITIES = 200
LONGEST_LINK = 2048
LONGEST_TAG = 100

# A tag is of letters, digits and `_`, and of the signs that other scripts write
# vowels with, which Python does not count among the letters.
_TAG = (
    r"[\w\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0eff"
    r"\u1000-\u1049\u1050-\u109f\u1780-\u17d3]"
)
# Ends a link: space, quotes and brackets of markup, controls, and the signs that
# would show another address than the one that opens.
_LINK = r'[^\s<>"`\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]'
# No part repeats a choice, so nothing is tried twice.
_ENTITY = re.compile(
    rf"(?<!\w)(?P<link>https?://\w{_LINK}*)"
    r"|(?<![\w.+@/-])@(?P<mention>[\w.@+-]+)"
    rf"|(?<![\w&#/])\#(?P<hashtag>{_TAG}+)",
    re.IGNORECASE,
)
_WHOLE_TAG = re.compile(rf"{_TAG}+")
# What ends a sentence rather than a link or a name.
_LINK_ENDS = ".,:;!?'*~…。，、！？；：’”»」』】）"
_NAME_ENDS = ".+-@"
_BRACKETS = {")": "(", "]": "[", "}": "{"}

Entity = dict[str, Any]


def entities_of(text: str) -> str:
    """Return the text's entities as JSON: `[{"type", "start", "end", "value"}]`; empty for none.

    ``start`` and ``end`` count code points from 0, the end is not part of it.
    """
    # Most texts have none, and need no closer look.
    if "@" not in text and "#" not in text and "://" not in text:
        return ""
    found = []
    for entity in _found(text):
        found.append(entity)
        if len(found) == MOST_ENTITIES:
            break
    return orjson.dumps(found).decode() if found else ""


def tag_identity(written: str) -> str:
    """Return what all spellings of a tag have in common; empty for what cannot be one."""
    is_tag = _WHOLE_TAG.fullmatch(written) and _hashtag(written)[0]
    return names.identity_of(written) if is_tag else ""


def _found(text: str) -> Iterator[Entity]:
    for match in _ENTITY.finditer(text):
        kind, written = str(match.lastgroup), match[match.lastgroup or 0]
        value, length = _READERS[kind](written)
        if value:
            start = match.start()
            # The sign before a name or a tag belongs to it.
            end = match.start(kind) + length
            yield {"type": kind, "start": start, "end": end, "value": value}


def _link(written: str) -> tuple[str, int]:
    if len(written) > LONGEST_LINK:
        return "", 0
    surplus = {closing: written.count(closing) - written.count(opening)
               for closing, opening in _BRACKETS.items()}  # fmt: skip
    end = len(written)
    while written[end - 1] in _LINK_ENDS or surplus.get(written[end - 1], 0) > 0:
        if written[end - 1] in surplus:
            surplus[written[end - 1]] -= 1
        end -= 1
    return written[:end], end


def _mention(written: str) -> tuple[str, int]:
    name = written.rstrip(_NAME_ENDS)
    value = names.normalise_username(name)
    is_name = names.is_well_formed(value) and not names.is_reserved(value)
    return value if is_name else "", len(name)


def _hashtag(written: str) -> tuple[str, int]:
    # `#1` counts things.
    is_tag = len(written) <= LONGEST_TAG and not written.isdigit()
    return written if is_tag else "", len(written)


_READERS = {"link": _link, "mention": _mention, "hashtag": _hashtag}
