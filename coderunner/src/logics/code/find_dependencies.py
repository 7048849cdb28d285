"""Which distributions a program needs, and which of them are there."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from coderunner.src.errors import NotPython
from coderunner.src.logics.code.code_rules import CodeRules, SourceFile
from coderunner.src.logics.code.distributions import (
    Dependency,
    Installed,
    dependencies_of,
    standard_modules,
)
from coderunner.src.logics.code.ports.code_analyser import Analysis, CodeAnalyser
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue

LayerOf = Callable[[str, str | None], Awaitable[Installed]]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """All that a program imports, sorted by where it comes from."""

    dependencies: tuple[Dependency, ...]
    standard_library: tuple[str, ...]
    local: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Distributions that are needed and not installed; optional ones left out."""
        return tuple(d.name for d in self.dependencies if not d.installed and not d.optional)


class FindDependencies:
    """Reads the imports and looks each up in the guest interpreter and the caller's environment."""

    def __init__(
        self, *, analyser: CodeAnalyser, catalogue: GuestCatalogue, layer_of: LayerOf, rules: CodeRules
    ) -> None:
        self._analyser = analyser
        self._catalogue = catalogue
        self._layer_of = layer_of
        self._rules = rules

    async def __call__(
        self, tenant: str, files: Sequence[SourceFile], environment_id: str | None = None
    ) -> Dependencies:
        """NotPython where a file does not parse; EnvironmentNotFound where the environment is not the tenant's."""
        self._rules.hold_size(files)
        imports: list[Mapping[str, Any]] = []
        for file in files:
            analysis = await self._analyser.imports(file.raw, file.name)
            require_python(analysis, file)
            imports.extend(analysis.imports)
        return await self.resolve(tenant, imports, own_modules(files), environment_id)

    async def require_environment(self, tenant: str, environment_id: str | None) -> None:
        """EnvironmentNotFound where one is named that is not the tenant's."""
        if environment_id is not None:
            await self._layer_of(tenant, environment_id)

    async def resolve(
        self,
        tenant: str,
        imports: Sequence[Mapping[str, Any]],
        own: frozenset[str],
        environment_id: str | None = None,
    ) -> Dependencies:
        """The same from imports that are known already."""
        guest = await self._catalogue.contents()
        layer = await self._layer_of(tenant, environment_id)
        found = dependencies_of(imports, guest, layer, own)
        local = {str(record["module"]).partition(".")[0] for record in imports if not record["level"]} & own
        return Dependencies(tuple(found), tuple(standard_modules(imports, guest, own)), tuple(sorted(local)))


def require_python(analysis: Analysis, file: SourceFile) -> None:
    """NotPython with the place of every fault."""
    if analysis.faults:
        first = analysis.faults[0]
        place = f" (line {first['line']}, column {first['column']})" if first["line"] else ""
        raise NotPython(
            f"{file.name}: {first['message']}{place}", pointer=file.pointer, faults=analysis.faults
        )


def own_modules(files: Sequence[SourceFile]) -> frozenset[str]:
    """Top-level names that the program brings itself."""
    paths = (PurePosixPath(file.name) for file in files)
    return frozenset(path.parts[0].removesuffix(".py") for path in paths if len(files) > 1 and path.parts)
