"""The contract of our own finds what it is for."""

import pytest
from grimp import ImportGraph

from tests.architecture.private_modules import PrivateModulesContract

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("house.posts.services", "house.accounts.views"),
        ("house.posts.views.lists", "house.accounts.serializers.members"),
    ],
)
def test_refuses_an_import_of_another_apps_interface(importer, imported):
    trespasses = trespasses_of((importer, imported))

    assert trespasses == [(importer, imported)]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("house.accounts.urls", "house.accounts.views"),
        ("house.posts.services", "house.accounts.services"),
        ("config.urls", "house.accounts.views"),
    ],
)
def test_allows_what_is_ones_own_or_public(importer, imported):
    assert trespasses_of((importer, imported)) == []


def trespasses_of(*imports: tuple[str, str]) -> list[tuple[str, str]]:
    graph = ImportGraph()
    for module in {name for pair in imports for name in pair}:
        parts = module.split(".")
        for depth in range(1, len(parts) + 1):
            graph.add_module(".".join(parts[:depth]))
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported)
    contract = PrivateModulesContract(
        name="Interfaces are private",
        session_options={"root_packages": ["house", "config"]},
        contract_options={"package": "house", "private": ["views", "serializers"]},
    )
    return contract.check(graph, verbose=False).metadata["trespasses"]
