"""Source text as data: modules, functions, classes, imports and what they depend on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from coderunner.src.logics.code.code_rules import CodeRules, SourceFile
from coderunner.src.logics.code.find_dependencies import FindDependencies, own_modules, require_python
from coderunner.src.logics.code.ports.code_analyser import CodeAnalyser, Entry


@dataclass(frozen=True, slots=True)
class ParsedPackage:
    """Several files: those that parse as modules, the rest as faults."""

    modules: tuple[dict[str, Any], ...]
    faults: tuple[Entry, ...]


class ParseCode:
    """Parses one text or a package of files; nothing is executed."""

    def __init__(
        self, *, analyser: CodeAnalyser, find_dependencies: FindDependencies, rules: CodeRules
    ) -> None:
        self._analyser = analyser
        self._find_dependencies = find_dependencies
        self._rules = rules

    async def __call__(
        self, tenant: str, file: SourceFile, environment_id: str | None = None, *, with_tree: bool = False
    ) -> dict[str, Any]:
        """One module; NotPython where the text has syntax errors, EnvironmentNotFound for one of others."""
        self._rules.hold_size([file])
        analysis = await self._analyser.parse(file.raw, file.name, with_tree=with_tree and self._rules.trees)
        require_python(analysis, file)
        assert analysis.module is not None  # noqa: S101 - no faults, so there is a module
        return await self._completed(tenant, dict(analysis.module), frozenset(), environment_id)

    async def package(
        self,
        tenant: str,
        files: Sequence[SourceFile],
        environment_id: str | None = None,
        *,
        with_tree: bool = False,
    ) -> ParsedPackage:
        """Every file; one that does not parse is told and keeps none of the others back."""
        self._rules.hold_size(files)
        own = own_modules(files)
        modules: list[dict[str, Any]] = []
        faults: list[Entry] = []
        for file in files:
            analysis = await self._analyser.parse(
                file.raw, file.name, with_tree=with_tree and self._rules.trees
            )
            faults.extend({**fault, "file": file.name} for fault in analysis.faults)
            if analysis.module is not None:
                modules.append(await self._completed(tenant, dict(analysis.module), own, environment_id))
        return ParsedPackage(tuple(modules), tuple(faults))

    async def _completed(
        self, tenant: str, module: dict[str, Any], own: frozenset[str], environment_id: str | None
    ) -> dict[str, Any]:
        if not self._rules.dependencies:
            return {**module, "dependencies": []}
        found = await self._find_dependencies.resolve(tenant, module["imports"], own, environment_id)
        return {**module, "dependencies": [asdict(dependency) for dependency in found.dependencies]}
