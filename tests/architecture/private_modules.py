"""An import-linter contract: some modules of an app are nobody else's affair."""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PrivateModulesContract(Contract):
    """No app of ``package`` imports a module named in ``private`` of another app.

    What one app needs of another is a service, a query or a model; its views and
    serializers may change with its addresses.
    """

    package = fields.StringField()
    private = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001
        """Find every direct import that crosses into another app's private modules."""
        apps = graph.find_children(self.package)
        trespasses = [
            (importer, imported)
            for app in sorted(apps)
            for name in sorted(self.private)
            for imported in _with_descendants(graph, f"{app}.{name}")
            for importer in sorted(graph.find_modules_that_directly_import(imported))
            if _is_within(importer, self.package) and not _is_within(importer, app)
        ]
        return ContractCheck(kept=not trespasses, metadata={"trespasses": trespasses})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name every trespass."""
        for importer, imported in check.metadata["trespasses"]:
            output.print_error(f"{importer} imports {imported}, which is private to its app.")


def _with_descendants(graph: ImportGraph, module: str) -> list[str]:
    if module not in graph.modules:
        return []
    return [module, *sorted(graph.find_descendants(module))]


def _is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
