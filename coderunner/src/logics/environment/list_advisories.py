"""Known weaknesses of what an environment has, as far as anybody can say right now."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from coderunner.src.errors import PackageIndexUnavailable
from coderunner.src.logics.environment.manage_environments import ManageEnvironments
from coderunner.src.logics.environment.model import Package, Source
from coderunner.src.logics.environment.ports.advisories import Advisories, Advisory

_NOT_PUBLISHED = "it did not come from a package index"


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, and what nobody could say anything of, with the reason."""

    enabled: bool
    advisories: tuple[Advisory, ...] = ()
    unchecked: tuple[tuple[str, str], ...] = ()


class ListAdvisories:
    """Never fails because nobody answers: what could not be asked is told."""

    def __init__(self, *, manage: ManageEnvironments, advisories: Advisories | None) -> None:
        self._manage = manage
        self._advisories = advisories

    async def __call__(self, tenant: str, environment_id: str | None) -> Findings:
        """Of one environment, or of the default one; EnvironmentNotFound."""
        environment = await self._manage.chosen(tenant, environment_id)
        packages = environment.packages if environment else ()
        if self._advisories is None:
            return Findings(enabled=False)
        looked = await asyncio.gather(*(self._look(self._advisories, package) for package in packages))
        found = tuple(one for result in looked if not isinstance(result, str) for one in result)
        pairs = zip(packages, looked, strict=True)
        unchecked = tuple((package.name, result) for package, result in pairs if isinstance(result, str))
        return Findings(enabled=True, advisories=found, unchecked=unchecked)

    async def _look(self, advisories: Advisories, package: Package) -> Sequence[Advisory] | str:
        if package.source not in {Source.PYPI, Source.GUEST}:
            return _NOT_PUBLISHED
        try:
            return await advisories.known(package.name, package.version)
        except PackageIndexUnavailable as away:
            return str(away)
