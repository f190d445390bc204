"""Every variable that the settings read is explained in `.env.example`, and no other."""

import ast
import re

import pytest

from config.env import BASE_DIR

pytestmark = pytest.mark.once

SOURCES = [BASE_DIR / "config" / "env.py", *sorted((BASE_DIR / "config" / "settings").glob("*.py"))]


def test_example_lists_exactly_what_the_settings_read():
    assert sorted(documented_variables()) == sorted(read_variables())


def test_every_variable_has_a_comment_above():
    lines = (BASE_DIR / ".env.example").read_text().splitlines()

    bare = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if is_assignment(line) and not above.startswith("#")
    ]

    assert bare == []


def documented_variables() -> list[str]:
    lines = (BASE_DIR / ".env.example").read_text().splitlines()
    return [line.lstrip("#").split("=")[0] for line in lines if is_assignment(line)]


def is_assignment(line: str) -> bool:
    return re.match(r"#?[A-Z][A-Z0-9_]*=", line) is not None


def read_variables() -> set[str]:
    return {name for path in SOURCES for name in names_read_by(path.read_text())}


def names_read_by(source: str) -> list[str]:
    """Return NAME of every `env.str("NAME", …)`, whatever the type."""
    return [
        call.args[0].value
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.func.attr != "read_env"
        and isinstance(call.args[0], ast.Constant)
    ]
