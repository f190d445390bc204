"""The description of the protocol as rows for people to read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from snappio.realtime.gateway.description import SCHEMAS, Schema

DISCRIMINATOR = "type"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a frame or a shape."""

    name: str
    kind: str
    description: str
    is_required: bool
    # The shape that it is, if that has a table of its own.
    shape: str


@dataclass(frozen=True, slots=True)
class Table:
    """A frame or a shape with its fields."""

    name: str
    summary: str
    fields: list[Field]
    # What answers it; None for what is not answered.
    answer: "Table | None" = None


@dataclass(frozen=True, slots=True)
class Page:
    """All that the page shows."""

    said: list[Table]
    told: list[Table]
    shapes: list[Table]


def page_of(document: Schema) -> Page:
    """Return the tables of an AsyncAPI document that `description.describe` has made."""
    messages, schemas = document["components"]["messages"], document["components"]["schemas"]
    said = [_said(name, messages, schemas) for name in messages if name.startswith("say.")]
    told = [_table(messages[name], schemas) for name in messages if name.startswith("hear.")]
    framed = {message["payload"].get("$ref", "") for message in messages.values()}
    results = {_result_of(message) for message in messages.values()}
    shapes = [
        Table(name, schema.get("description", ""), list(_fields(schema)))
        for name, schema in sorted(schemas.items())
        if "properties" in schema and SCHEMAS + name not in framed | results
    ]
    return Page(said, told, shapes)


def _result_of(message: Schema) -> str:
    properties = message["payload"].get("properties", {})
    return str(properties.get("result", {}).get("$ref", ""))


def _said(name: str, messages: Mapping[str, Schema], schemas: Mapping[str, Schema]) -> Table:
    table = _table(messages[name], schemas)
    answer = messages.get(name.replace("say.", "ok."))
    if answer is None:
        return table
    result = schemas.get(_result_of(answer).removeprefix(SCHEMAS), {})
    answered = Table("ok", answer["summary"], list(_fields(result)))
    return Table(table.name, table.summary, table.fields, answered)


def _table(message: Schema, schemas: Mapping[str, Schema]) -> Table:
    schema = schemas[message["payload"]["$ref"].removeprefix(SCHEMAS)]
    return Table(message["name"], message["summary"], list(_fields(schema)))


def _fields(schema: Schema) -> Iterator[Field]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        if name != DISCRIMINATOR or "enum" not in field:
            description = field.get("description", "")
            yield Field(name, _kind(field), description, name in required, _shape(field))


def _kind(field: Schema) -> str:
    if "$ref" in field:
        return str(field["$ref"]).removeprefix(SCHEMAS)
    for several in ("oneOf", "anyOf", "allOf"):
        if several in field:
            return " or ".join(kind for kind in map(_kind, field[several]) if kind)
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}))}"
    if "const" in field or "enum" in field:
        return " or ".join(f'"{value}"' for value in field.get("enum", [field.get("const")]))
    kind: Any = field.get("type", "")
    named = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return named + _bounds(field)


def _bounds(field: Schema) -> str:
    # Of numbers the bound is what a 64-bit column holds, which nobody need know.
    return f" up to {field['maxLength']}" if "maxLength" in field else ""


def _shape(field: Any) -> str:
    if isinstance(field, dict):
        if "$ref" in field:
            return str(field["$ref"]).removeprefix(SCHEMAS)
        field = [*field.get("oneOf", []), *field.get("anyOf", []), field.get("items")]
        return next(filter(None, map(_shape, field)), "")
    return ""
