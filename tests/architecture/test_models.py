"""What import-linter cannot see: relations by string, and models fetched by name."""

import ast
from configparser import ConfigParser

import pytest
from django.apps import apps

from config.env import BASE_DIR

pytestmark = pytest.mark.once


def test_relations_point_only_downwards():
    floors = floors_of_apps()

    upwards = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in own_models()
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model
        and field.related_model._meta.app_label in floors
        and is_upwards(model._meta.app_label, field.related_model._meta.app_label, floors)
    ]  # fmt: skip

    assert upwards == []


def test_no_app_fetches_models_by_name_outside_migrations():
    offenders = [
        f"{path.relative_to(BASE_DIR)}:{call.lineno}"
        for path in sorted((BASE_DIR / "snappio").rglob("*.py"))
        if not {"migrations", "tests"} & set(path.parts)
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Attribute) and call.attr == "get_model"
    ]

    assert offenders == []


def test_map_names_every_installed_app():
    installed = {
        config.label for config in apps.get_app_configs() if config.name.startswith("snappio.")
    }

    assert set(floors_of_apps()) == installed


def own_models():
    return [model for model in apps.get_models() if model.__module__.startswith("snappio.")]


def is_upwards(label: str, other: str, floors: dict[str, int]) -> bool:
    return label != other and floors[label] <= floors[other]


def floors_of_apps() -> dict[str, int]:
    """Return how high each app stands in the map of `.importlinter`; core is 0."""
    contracts = ConfigParser()
    contracts.read(BASE_DIR / ".importlinter")
    layers = contracts["importlinter:contract:apps"]["layers"].strip().splitlines()
    layers = [line for line in layers if not line.strip().startswith("#")]
    return {
        name.strip(): floor
        for floor, line in enumerate(reversed(layers))
        for name in line.split("|")
    }
