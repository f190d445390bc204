"""The frames of the connection itself, and what all frames share.

The structs are the protocol: what reads and writes frames, and its published
description, are made from them.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

LARGEST_NUMBER = 2**63 - 1
LARGEST_REQUEST_ID = 2**32 - 1

# Members make both numbers up to here; beyond it is no number of ours.
Number = Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)]
RequestId = Annotated[
    int,
    Meta(ge=0, le=LARGEST_REQUEST_ID, description="A number of your choice; the answer has it."),
]


Word = Annotated[str, Meta(max_length=64)]


class Incoming(
    msgspec.Struct, kw_only=True, gc=False, forbid_unknown_fields=True,
    tag_field="type",
):  # fmt: skip
    """What a client may say."""


class Request(Incoming):
    """What is answered by exactly one `ok` or `error` with the same id."""

    id: RequestId


class Outgoing(msgspec.Struct, kw_only=True, gc=False, tag_field="type"):
    """What the server says."""


class Result(msgspec.Struct, kw_only=True, gc=False):
    """What `ok` carries."""


class Hello(Incoming, tag="hello"):
    """The first frame: who you are, and what you have seen."""

    version: Annotated[int, Meta(description="The highest version of the protocol you speak.")]
    token: Annotated[
        str | None, Meta(description="An access token, unless it was in the handshake.")
    ] = None
    device: Annotated[
        str,
        Meta(max_length=64, description="Names this installation; a second socket of it ends this"),
    ] = ""
    since: Annotated[
        dict[str, Number], Meta(description="The last revision you have of each conversation.")
    ] = {}
    epoch: Annotated[Word | None, Meta(description="The `epoch` of the last `welcome`.")] = None


class Auth(Request, tag="auth"):
    """A new token of the same member, before the present one expires."""

    token: str


class AuthResult(Result):
    """The token was taken."""

    expires_at: Annotated[str, Meta(description="ISO 8601, when the socket closes with 4003.")]


class Ping(Request, tag="ping"):
    """Ask whether the server is there."""


class PingResult(Result):
    """It is."""

    now: Annotated[str, Meta(description="The server's time, ISO 8601.")]


class Welcome(Outgoing, tag="welcome"):
    """The answer to `hello`."""

    version: Annotated[int, Meta(description="The version that both speak from now on.")]
    connection: Annotated[str, Meta(description="Names this socket in logs.")]
    username: str
    epoch: Annotated[str, Meta(description="Revisions of another epoch mean nothing.")]
    ping: Annotated[int, Meta(description="Say `ping` after so many seconds of silence.")]
    now: Annotated[str, Meta(description="The server's time, ISO 8601.")]
    limits: Annotated[dict[str, Any], Meta(description="As at `GET /api/v1/instance/`.")]


class Ready(Outgoing, tag="ready"):
    """All that `hello` asked for was sent; from now on things come as they happen."""


class Ok(Outgoing, tag="ok"):
    """A request was carried out."""

    id: RequestId
    result: Any = None


class Error(Outgoing, tag="error"):
    """A request was refused."""

    id: Annotated[int | None, Meta(description="Null if the frame had none.")]
    code: Annotated[str, Meta(description="Stable, and the same as over HTTP.")]
    message: Annotated[str, Meta(description="For people.")]
    retry: Annotated[bool, Meta(description="Whether the same frame may succeed later.")]
    after: Annotated[int | None, Meta(description="… in so many milliseconds.")] = None


class Bye(Outgoing, tag="bye"):
    """The server is about to close."""

    code: Annotated[int, Meta(description="The close code that follows.")]
    after: Annotated[int, Meta(description="Come back after so many milliseconds.")]


_encoder = msgspec.json.Encoder()


def encode(frame: Outgoing) -> bytes:
    """Return a frame's text."""
    return _encoder.encode(frame)


def time_text(at: datetime) -> str:
    """Return a moment as frames and HTTP write it: always with microseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
