"""The life of environments: created, found, cloned, checked, deleted, cleaned up."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from coderunner.src.errors import EnvironmentExists, EnvironmentNotFound, PythonVersionMissing
from coderunner.src.logics.code.distributions import Installed
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.environment.change_packages import ChangePackages, Telling
from coderunner.src.logics.environment.model import DEFAULT_NAME, Environment, Pin
from coderunner.src.logics.environment.ports.environment_catalogue import EnvironmentCatalogue
from coderunner.src.logics.environment.ports.layer_builder import LayerBuilder


@dataclass(frozen=True, slots=True)
class EnvironmentRules:
    """What the operator sets for environments."""

    most_per_tenant: int
    base_packages: tuple[str, ...]
    idle_after: timedelta | None


class ManageEnvironments:
    """Everything but packages, which ChangePackages changes."""

    def __init__(
        self,
        *,
        environments: EnvironmentCatalogue,
        builder: LayerBuilder,
        guest: GuestCatalogue,
        change: ChangePackages,
        rules: EnvironmentRules,
        now: Callable[[], datetime],
    ) -> None:
        self._environments = environments
        self._builder = builder
        self._guest = guest
        self._change = change
        self._rules = rules
        self._now = now

    async def create(
        self,
        tenant: str,
        name: str,
        *,
        python_version: str | None = None,
        security: Mapping[str, Any] | None = None,
        source: Environment | None = None,
    ) -> Environment:
        """An environment without packages, or a clone that shares the other's folder."""
        version = (await self._guest.contents()).python_version
        if python_version is not None and python_version not in _spellings(version):
            message = f"Python {python_version} is not on this machine; there is {version}"
            raise PythonVersionMissing(message, pointer="/python_version")
        now = self._now()
        environment = Environment(
            id=f"env_{secrets.token_hex(12)}",
            tenant=tenant,
            name=name,
            python_version=version,
            layer=source.layer if source else "",
            wanted=source.wanted if source else (),
            packages=source.packages if source else (),
            created_at=now,
            last_used=now,
            is_default=name == DEFAULT_NAME,
            security=security if security is not None else source.security if source else {},
        )
        await self._environments.add(environment, self._rules.most_per_tenant)
        return environment

    async def create_with(
        self,
        tenant: str,
        name: str,
        packages: Sequence[str],
        *,
        python_version: str | None = None,
        security: Mapping[str, Any] | None = None,
        tell: Telling = lambda _: None,
    ) -> Environment:
        """An environment with packages; nothing of it stays when they cannot be installed."""
        wanted = [*self._rules.base_packages, *packages]
        if wanted:
            self._change.check(wanted, "/base_packages")
        environment = await self.create(tenant, name, python_version=python_version, security=security)
        if not wanted:
            return environment
        finished = False
        try:
            environment = await self._change.install(tenant, environment.id, wanted, tell)
            finished = True
        finally:
            if not finished:
                await self._environments.remove(tenant, environment.id)
        return environment

    async def get(self, tenant: str, environment_id: str) -> Environment:
        """One of the tenant's; EnvironmentNotFound."""
        found = await self._environments.get(tenant, environment_id)
        if found is None:
            raise EnvironmentNotFound("there is no such environment")
        return found

    async def chosen(self, tenant: str, environment_id: str | None) -> Environment | None:
        """The one named, else the tenant's default if there is one."""
        if environment_id is not None:
            return await self.get(tenant, environment_id)
        return await self._environments.default_of(tenant)

    async def chosen_or_made(self, tenant: str, environment_id: str | None) -> Environment:
        """The one named, else the tenant's default, which the first use makes."""
        found = await self.chosen(tenant, environment_id)
        if found is not None:
            return found
        try:
            return await self.create(tenant, DEFAULT_NAME)
        except EnvironmentExists:  # another request made it in the meantime
            made = await self._environments.default_of(tenant)
            if made is None:
                raise
            return made

    async def installed(self, tenant: str, environment_id: str | None) -> Installed:
        """What an environment adds to the guest, for finding dependencies."""
        found = await self.chosen(tenant, environment_id)
        if found is None:
            return Installed()
        providers: dict[str, tuple[str, ...]] = {}
        for package in found.packages:
            for name in package.imports:
                providers[name] = (*providers.get(name, ()), package.name)
        own = {package.name: package.version for package in found.packages if package.source != "guest"}
        return Installed(own, providers)

    async def all_of(self, tenant: str) -> Sequence[Environment]:
        """All of the tenant's."""
        return await self._environments.all_of(tenant)

    async def clone(self, tenant: str, environment_id: str, name: str) -> Environment:
        """A second environment with the same packages; it shares the folder until one of them changes."""
        return await self.create(tenant, name, source=await self.get(tenant, environment_id))

    async def delete(self, tenant: str, environment_id: str) -> None:
        """Forget it; its folder goes with the next sweep, so that runs in flight keep it."""
        if not await self._environments.remove(tenant, environment_id):
            raise EnvironmentNotFound("there is no such environment")

    async def problems(self, tenant: str, environment_id: str) -> list[str]:
        """What is broken, missing or in conflict with the guest interpreter; empty when all is well."""
        environment = await self.get(tenant, environment_id)
        guest = await self._guest.contents()
        found = []
        if environment.python_version != guest.python_version:
            found.append(
                f"it was made for Python {environment.python_version}; this is {guest.python_version}"
            )
        found += [
            f"{package.name} {package.version} is now {guest.distributions[package.name]} in the guest interpreter"
            for package in environment.packages
            if guest.distributions.get(package.name, package.version) != package.version
        ]
        found += [
            f"{package.name} {package.version} is gone from the guest interpreter"
            for package in environment.packages
            if package.source == "guest" and package.name not in guest.distributions
        ]
        pins = [
            Pin(package.name, package.version) for package in environment.packages if package.source == "pypi"
        ]
        found += await self._builder.broken(environment.layer, pins)
        return found

    async def clean_up(self) -> int:
        """Forget environments that nobody used for long; says how many."""
        if self._rules.idle_after is None:
            return 0
        idle = await self._environments.idle_since(self._now() - self._rules.idle_after)
        gone = [await self._environments.remove(one.tenant, one.id) for one in idle]
        return sum(gone)


def lock_of(environment: Environment) -> str:
    """The environment as a requirements file with exact versions."""
    head = f"# environment {environment.name}, Python {environment.python_version}"
    pins = [
        f"{package.name}=={package.version}" + ("  # guest" if package.source == "guest" else "")
        for package in environment.packages
    ]
    return "\n".join([head, *pins]) + "\n"


def _spellings(version: str) -> set[str]:
    parts = version.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
