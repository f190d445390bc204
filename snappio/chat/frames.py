"""The frames of the two sockets that existing clients open.

In: `{"message": <any JSON value>}`. Out: exactly that, the value equal to the
character, whoever wrote it with what.
"""

from typing import Any

import msgspec
import orjson

from snappio.chat.updates import MessageState, read_update
from snappio.core.limits import current_limits
from snappio.realtime.updates import Update


class BadFrame(ValueError):
    """The frame is not what a client of these sockets sends."""


class _Frame(msgspec.Struct):
    # Kept as the slice of text it was: no parsing and writing again could promise
    # equal big integers, duplicate keys and order.
    message: msgspec.Raw


class _AppMessage(msgspec.Struct):
    data: str


_frame = msgspec.json.Decoder(_Frame)
_app_message = msgspec.json.Decoder(_AppMessage)

BRACKETS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
QUOTE, BACKSLASH = ord('"'), ord("\\")


def read_frame(text: str | None) -> str:
    """Return the JSON text of a frame's message, or raise `BadFrame`; no text is a binary frame."""
    if text is None:
        raise BadFrame
    data = text.encode()
    # Most frames have few brackets, and need no closer look.
    if data.count(b"[") + data.count(b"{") > current_limits().json_depth:
        require_shallow(data)
    try:
        # Strict also where it only skips: no NaN, no lone surrogates, nothing after it.
        value = _frame.decode(data).message
    except (msgspec.MsgspecError, RecursionError):
        raise BadFrame from None
    return bytes(value).decode()


def require_shallow(data: bytes) -> None:
    """Raise `BadFrame` if JSON text nests deeper than the limit; strings do not count."""
    deepest = current_limits().json_depth
    depth, is_string, is_escaped = 0, False, False
    for byte in data:
        if is_string:
            is_string = is_escaped or byte != QUOTE
            is_escaped = byte == BACKSLASH and not is_escaped
        elif byte == QUOTE:
            is_string = True
        elif byte in BRACKETS:
            depth += BRACKETS[byte]
            if depth > deepest:
                raise BadFrame


def text_of(raw: str) -> str:
    """Return what a value of an old socket says as text: its `data`, or itself.

    NUL, which PostgreSQL cannot keep, is left out of the text; ``raw`` has it.
    """
    try:
        text = _app_message.decode(raw).data
    except (msgspec.MsgspecError, RecursionError):
        value: Any = msgspec.json.decode(raw) if raw.startswith('"') else raw
        text = str(value)
    return text.replace("\0", "")[: current_limits().message_length]


def write_frame(message: MessageState) -> bytes:
    """Return the frame that tells existing clients of a message."""
    value = message.raw.encode() if message.raw else orjson.dumps(_as_the_app_writes(message))
    return b'{"message": ' + value + b"}"


def _as_the_app_writes(message: MessageState) -> dict[str, Any]:
    at = message.sent_at
    addresses = (attachment.url for attachment in message.attachments)
    return {
        "data": "\n".join(filter(None, [message.text, *addresses])),
        "user": message.sender_name,
        "time": f"{at.hour}:{at.minute}",
        "isme": False,
    }


def encode_update(update: Update, is_new: bool) -> bytes | None:  # noqa: FBT001 -- as hubs call it
    """Return the frame for a live update (`realtime.hub.Encoder`).

    Existing clients hear of new messages only: they could not place a change.
    """
    if not is_new:
        return None
    told = read_update(update)
    if not isinstance(told, MessageState) or told.deleted or told.notice:
        return None
    return write_frame(told)


class FrameEncoder:
    """Writes updates for existing clients (`realtime.hub.Encoder`)."""

    def update(self, update: Update, is_new: bool) -> bytes | None:  # noqa: FBT001 -- as hubs call it
        """Return the frame for a live update, or None."""
        return encode_update(update, is_new)

    def gap(self, _topic: str, _after: int, _reached: int) -> None:
        """Tell nothing: these clients know no revisions."""


# One for all, so that they share what is written.
ENCODER = FrameEncoder()
