"""Write the TypeScript client's types from what the server publishes.

`python -m scripts.typescript` writes `api.ts`, from `docs/api.yaml`, and `frames.ts`,
from the structs that read and write the socket's frames; with ``--check`` it writes
nothing and fails if a file is not what it would write.
"""

import argparse
import json
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import django
import msgspec
import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "clients" / "typescript" / "src"
HEAD = "// Made by `make schema` from {origin}. Change it there.\n"
# What the client reads over HTTP; the types that these need come along.
SHAPES = ("Conversation", "Message", "TokenPair", "Refusal")
PRIMITIVES = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
WIDTH = 100

Schema = Mapping[str, Any]


def main() -> int:
    """Write or compare the files and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m scripts.typescript")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    is_check = parser.parse_args().check
    for path, text in generated().items():
        if not is_check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path.relative_to(ROOT)} is not what the schemas say.")
            return 1
    return 0


def generated() -> dict[Path, str]:
    """Return every generated file with its text."""
    api = yaml.safe_load((ROOT / "docs" / "api.yaml").read_text())["components"]["schemas"]
    return {
        SOURCES / "api.ts": HEAD.format(origin="docs/api.yaml") + _shapes(api),
        SOURCES / "frames.ts": HEAD.format(origin="the server's frame structs") + _frames(),
    }


def _shapes(schemas: Mapping[str, Schema]) -> str:
    found: set[str] = set()
    waiting = list(SHAPES)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return "".join(_declaration(name, schemas[name]) for name in sorted(found))


def _frames() -> str:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    django.setup()
    # Apps register their frames while they load.
    from snappio.realtime.gateway.frames import Hello  # noqa: PLC0415
    from snappio.realtime.gateway.registry import commands, events  # noqa: PLC0415

    asked: list[type[msgspec.Struct]] = [Hello, *(command.frame for command in commands())]
    results = (command.result for command in commands() if command.result)
    told = [*events(), *results]
    _, schemas = msgspec.json.schema_components([*asked, *told], ref_template="#/{name}")
    for name in schemas.keys() - {frame.__name__ for frame in asked}:
        # The server leaves nothing out.
        schemas[name]["required"] = list(schemas[name].get("properties", ()))
    foreign = {each for schema in schemas.values() for each in _references(schema)} - {*schemas}
    answers = (
        f"  {command.frame.__struct_config__.tag}: "
        f"[{command.frame.__name__}, {command.result.__name__ if command.result else 'null'}];\n"
        for command in commands()
    )
    return (
        "".join(
            [
                f'import type {{ {", ".join(sorted(foreign))} }} from "./api.ts";\n',
                *(_declaration(name, schema) for name, schema in sorted(schemas.items())),
                "\n/** What may be asked, and what `ok` answers. */\n",
                f"export interface Commands {{\n{''.join(answers)}}}\n",
                "\n/** What the server says. */\nexport type ServerFrame =\n",
                *(f"  | {event.__name__}\n" for event in events()),
            ]
        ).removesuffix("\n")
        + ";\n"
    )


def _references(schema: Schema) -> list[str]:
    return re.findall(r'"\$ref": "[^"]*/(\w+)"', json.dumps(schema))


def _declaration(name: str, schema: Schema) -> str:
    if "properties" not in schema:
        return f"\nexport type {name} = {_type(schema)};\n"
    required = schema.get("required", [])
    fields = (
        f"{_comment(field, '  ')}  {key}{'' if key in required else '?'}: {_type(field)};\n"
        for key, field in schema["properties"].items()
    )
    return f"\n{_comment(schema, '')}export interface {name} {{\n{''.join(fields)}}}\n"


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": reference}:
            return str(reference).rsplit("/", 1)[-1]
        case {"enum": values}:
            return " | ".join(json.dumps(value) for value in values)
        case {"oneOf": choices} | {"anyOf": choices}:
            return _union(_type(choice) for choice in choices)
        case {"type": [*names]}:
            return _union(_type({**schema, "type": name}) for name in names)
        case {"type": name}:
            return _named_type(name, schema)
    return "unknown"


def _named_type(name: str, schema: Schema) -> str:
    if name == "array":
        item = _type(schema.get("items", {}))
        return f"({item})[]" if " | " in item else f"{item}[]"
    if name == "object":
        return f"Record<string, {_type(schema.get('additionalProperties') or {})}>"
    return PRIMITIVES[name]


def _union(choices: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(choices))
    return "unknown" if "unknown" in distinct else " | ".join(distinct)


def _comment(schema: Schema, indent: str) -> str:
    # The description of an enum only repeats its values.
    text = " ".join(schema.get("description", "").split()).replace("*/", "* /")
    if not text or "enum" in schema:
        return ""
    if len(indent) + len(text) + 7 <= WIDTH:
        return f"{indent}/** {text} */\n"
    wrapped = textwrap.wrap(text, WIDTH - len(indent) - 3, break_long_words=False)
    lines = ["/**", *(f" * {line}" for line in wrapped), " */"]
    return "".join(f"{indent}{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
