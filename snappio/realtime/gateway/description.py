"""The protocol of the socket as AsyncAPI 3, made from the structs that read and write it.

requests    what a client says: each is answered by its own `ok`, or by `error`
events      what the server says of itself
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from snappio.realtime.gateway import frames, registry
from snappio.realtime.gateway.registry import Command

Schema = dict[str, Any]

SCHEMAS = "#/components/schemas/"
MESSAGES = "#/components/messages/"


def describe(*, title: str, release: str, shapes: Mapping[str, Schema]) -> Schema:
    """Return the AsyncAPI document as plain data.

    ``shapes`` are the JSON Schemas of what frames carry as it is over HTTP, by the
    names that fields refer to (``#/components/schemas/Message``).
    """
    commands = registry.commands()
    # What `ok` says is described for each request.
    events = [event for event in registry.events() if event is not frames.Ok]
    schemas = _schemas_of(commands, events)
    schemas |= dict(_used(shapes, schemas))
    messages = {**_said(commands), **_told(events), **_answers(commands)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{title}: the socket",
            "version": str(registry.VERSION),
            "description": f"`WS /ws/` of Snappio {release}; docs/realtime.md says the rest.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/ws/",
                "description": "All of a member's conversations.",
                "messages": {name: {"$ref": MESSAGES + name} for name in messages},
            }
        },
        "operations": {
            "hello": _receives("say.hello", ["hear.welcome", "hear.error"]),
            **{_name(each): _receives(f"say.{_name(each)}", _replies(each)) for each in commands},
            "events": {
                "action": "send",
                "channel": {"$ref": "#/channels/socket"},
                "messages": [_in_channel(name) for name in _told(events)],
            },
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def _name(command: Command) -> str:
    return _tag(command.frame)


def _tag(frame: type[msgspec.Struct]) -> str:
    return str(frame.__struct_config__.tag)


def _schemas_of(
    commands: Iterable[Command], events: Iterable[type[frames.Outgoing]]
) -> dict[str, Schema]:
    said = [frames.Hello, *(each.frame for each in commands)]
    results = [each.result for each in commands if each.result]
    _, schemas = msgspec.json.schema_components(
        [*said, *events, *results], ref_template=SCHEMAS + "{name}"
    )
    return dict(schemas)


def _used(
    shapes: Mapping[str, Schema], schemas: Mapping[str, Schema]
) -> Iterator[tuple[str, Schema]]:
    """Yield the shapes that frames refer to, and those that these refer to."""
    wanted, seen = [*schemas.values()], set(schemas)
    while wanted:
        for name in _references(wanted.pop()):
            if name not in seen:
                seen.add(name)
                wanted.append(shapes[name])
                yield name, shapes[name]


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.removeprefix(SCHEMAS)
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)


def _said(commands: Iterable[Command]) -> dict[str, Schema]:
    said: list[type[frames.Incoming]] = [frames.Hello, *(each.frame for each in commands)]
    return {f"say.{_tag(frame)}": _message(frame) for frame in said}


def _told(events: Iterable[type[frames.Outgoing]]) -> dict[str, Schema]:
    return {f"hear.{_tag(frame)}": _message(frame) for frame in events}


def _answers(commands: Iterable[Command]) -> dict[str, Schema]:
    return {f"ok.{_name(each)}": _answer(each) for each in commands}


def _message(frame: type[msgspec.Struct]) -> Schema:
    return {
        "name": _tag(frame),
        "summary": (frame.__doc__ or "").strip(),
        "payload": {"$ref": SCHEMAS + frame.__name__},
    }


def _answer(command: Command) -> Schema:
    result = command.result
    payload = {
        "title": f"OkTo{command.frame.__name__}",
        "type": "object",
        "properties": {
            "type": {"const": "ok"},
            "id": {"type": "integer"},
            "result": {"$ref": SCHEMAS + result.__name__} if result else {"type": "null"},
        },
        "required": ["type", "id", "result"],
        "additionalProperties": False,
    }
    summary = (result.__doc__ or "").strip() if result else "It was carried out."
    return {"name": "ok", "summary": summary, "payload": payload}


def _replies(command: Command) -> list[str]:
    return [f"ok.{_name(command)}", "hear.error"]


def _receives(message: str, replies: Iterable[str]) -> Schema:
    channel = {"$ref": "#/channels/socket"}
    return {
        "action": "receive",
        "channel": channel,
        "messages": [_in_channel(message)],
        "reply": {"channel": channel, "messages": list(map(_in_channel, replies))},
    }


def _in_channel(name: str) -> Schema:
    return {"$ref": f"#/channels/socket/messages/{name}"}
