"""The life of environments: created, found, cloned, checked, deleted, cleaned up."""

import hashlib
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from coderunner.src.errors import (
    CodeRunnerError,
    DatabaseUnavailable,
    EnvironmentBusy,
    EnvironmentExists,
    EnvironmentNotFound,
    PythonVersionMissing,
)
from coderunner.src.logics.code.distributions import Installed
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.environment.change_packages import ChangePackages, Telling
from coderunner.src.logics.environment.index_rules import IndexRules
from coderunner.src.logics.environment.model import (
    ACTIVE,
    BUILDING,
    DEFAULT_NAME,
    GUEST_ID,
    SCRIPT_PREFIX,
    Environment,
    IndexSettings,
    Package,
    Source,
)
from coderunner.src.logics.environment.ports.environment_catalogue import EnvironmentCatalogue
from coderunner.src.logics.environment.ports.layer_builder import LayerBuilder

_GRACE = timedelta(minutes=1)  # between the row and the execution that fills it


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
        indexes: IndexRules,
        rules: EnvironmentRules,
        now: Callable[[], datetime],
    ) -> None:
        self._environments = environments
        self._builder = builder
        self._guest = guest
        self._change = change
        self._indexes = indexes
        self._rules = rules
        self._now = now

    async def create(
        self,
        tenant: str,
        name: str,
        packages: Sequence[str] = (),
        *,
        python_version: str | None = None,
        security: Mapping[str, Any] | None = None,
        index: IndexSettings | None = None,
        key: str | None = None,
    ) -> Environment:
        """Remember a new one; with packages it is not ready until `fill` has installed what it asks for.

        The same `key` a second time gives the same environment.
        """
        if name.startswith(SCRIPT_PREFIX):
            raise EnvironmentExists(
                f"names that begin with {SCRIPT_PREFIX!r} belong to programs' own environments"
            )
        wanted = [*self._rules.base_packages, *packages]
        if wanted:
            self._change.check(wanted, "/base_packages")
        environment = replace(
            await self.blank(tenant, name, python_version),
            security=security or {},
            index=self._indexes.hold(index) if index else IndexSettings(),
            wanted=tuple(wanted),
            status=BUILDING if wanted else ACTIVE,
        )
        if key is not None:
            environment = replace(environment, id=_id_of(tenant, key))
        try:
            await self.add(environment)
        except EnvironmentExists:
            known = await self._environments.get(tenant, environment.id)
            if known is None or known.name != name:
                raise
            return known
        return environment

    async def add(self, environment: Environment) -> None:
        """Remember it; EnvironmentExists, TooManyEnvironments."""
        await self._environments.add(environment, self._rules.most_per_tenant)

    async def fill(self, tenant: str, environment_id: str, tell: Telling) -> Environment:
        """Install what a new environment asks for; nothing of it stays when that fails.

        After a cancellation it stays as it was: who cancels knows whether the work will begin again.
        """
        found = await self.get(tenant, environment_id)
        if found.status != BUILDING:  # an execution that began again after its work was done
            return found
        try:
            return await self._change.install(tenant, environment_id, found.wanted, tell)
        except DatabaseUnavailable:  # it is tried again
            raise
        except CodeRunnerError:
            await self._environments.remove(tenant, environment_id)
            raise

    async def blank(self, tenant: str, name: str, python_version: str | None = None) -> Environment:
        """An environment without packages that no row knows; PythonVersionMissing lists what is there."""
        version = (await self._guest.contents()).python_version
        if python_version is not None and python_version not in spellings(version):
            message = f"Python {python_version} is not on this machine; there is {version}"
            raise PythonVersionMissing(message, pointer="/python_version")
        now = self._now()
        return Environment(
            id=f"env_{secrets.token_hex(12)}",
            tenant=tenant,
            name=name,
            python_version=version,
            layer="",
            wanted=(),
            packages=(),
            created_at=now,
            last_used=now,
            is_default=name == DEFAULT_NAME,
        )

    async def get(self, tenant: str, environment_id: str) -> Environment:
        """One of the tenant's; EnvironmentNotFound."""
        found = await self._environments.get(tenant, environment_id)
        if found is None:
            raise EnvironmentNotFound("there is no such environment")
        return found

    async def chosen(self, tenant: str, environment_id: str | None) -> Environment | None:
        """The one named, else the tenant's default if there is one; None stands for the guest interpreter alone."""
        if environment_id == GUEST_ID:
            return None
        if environment_id is not None:
            return await self.get(tenant, environment_id)
        return await self._environments.default_of(tenant)

    async def chosen_or_made(self, tenant: str, environment_id: str | None) -> Environment:
        """The one named, else the tenant's default, which the first use makes."""
        if environment_id == GUEST_ID:
            raise EnvironmentNotFound("the guest interpreter itself takes no packages")
        found = await self.chosen(tenant, environment_id)
        if found is not None:
            return found
        blank = await self.blank(tenant, DEFAULT_NAME)
        try:
            await self.add(blank)
        except EnvironmentExists:  # another request made it in the meantime, or the activated one was deleted
            made = await self._environments.named(tenant, DEFAULT_NAME)
            if made is None:
                raise
            return await self.activate(tenant, made.id)
        return blank

    async def activate(self, tenant: str, environment_id: str) -> Environment:
        """Make it the one that runs and installs see which name none."""
        found = await self.get(tenant, environment_id)
        if found.status != ACTIVE:
            raise EnvironmentBusy("it is still being built; activate it when it is there")
        if not await self._environments.make_default(tenant, environment_id):
            raise EnvironmentNotFound("there is no such environment")
        return replace(found, is_default=True)

    async def installed(self, tenant: str, environment_id: str | None) -> Installed:
        """What an environment adds to the guest, for finding dependencies."""
        found = await self.chosen(tenant, environment_id)
        if found is None:
            return Installed()
        providers: dict[str, tuple[str, ...]] = {}
        for package in found.packages:
            for name in package.imports:
                providers[name] = (*providers.get(name, ()), package.name)
        own = {package.name: package.version for package in found.own}
        return Installed(own, providers)

    async def all_of(self, tenant: str) -> Sequence[Environment]:
        """All of the tenant's."""
        return await self._environments.all_of(tenant)

    async def clone(self, tenant: str, environment_id: str, name: str) -> Environment:
        """A second environment with the same packages; it shares the folder until one of them changes."""
        source = await self.get(tenant, environment_id)
        blank = await self.blank(tenant, name)
        copy = replace(source, id=blank.id, name=name, created_at=blank.created_at, last_used=blank.last_used)
        copy = replace(copy, is_default=blank.is_default, revision=0)
        if copy.status != ACTIVE:
            raise EnvironmentBusy("it is still being built; clone it when it is active")
        await self.add(copy)
        return copy

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
            if package.source == Source.GUEST and package.name not in guest.distributions
        ]
        if environment.status != ACTIVE:
            found.append("its packages are still being installed")
        pins = [package.pin for package in environment.own]
        found += await self._builder.broken(environment.layer, pins)
        return found

    async def whole(self, environment: Environment) -> Environment:
        """The same with its folder of packages; one that this machine has lost is built again.

        Raises what installing raises.
        """
        pins = [package.pin for package in environment.own]
        if not pins or not await self._builder.broken(environment.layer, pins):
            return environment
        return await self._change.install(environment.tenant, environment.id, ())

    async def clean_up(self) -> int:
        """Forget environments that nobody used for long; says how many."""
        if self._rules.idle_after is None:
            return 0
        idle = await self._environments.idle_since(self._now() - self._rules.idle_after)
        gone = [await self._environments.remove(one.tenant, one.id) for one in idle]
        return sum(gone)

    async def abandon(self, under_way: Collection[str]) -> int:
        """Forget environments whose building ended without them; says how many."""
        before = self._now() - _GRACE
        lost = [
            one
            for one in await self._environments.building()
            if one.id not in under_way and one.created_at < before
        ]
        gone = [await self._environments.remove(one.tenant, one.id) for one in lost]
        return sum(gone)


def _id_of(tenant: str, key: str) -> str:
    return f"env_{hashlib.sha256(f'{tenant}/{key}'.encode()).hexdigest()[:24]}"


def lock_of(environment: Environment) -> str:
    """The environment as a requirements file with exact versions."""
    head = f"# environment {environment.name}, Python {environment.python_version}"
    return "\n".join([head, *map(_locked, environment.packages)]) + "\n"


def _locked(package: Package) -> str:
    if package.wheel:
        digest = package.wheel.split("/")[2]
        return f"# {package.name}=={package.version} from a wheel, {package.source}, sha256 {digest}"
    return f"{package.name}=={package.version}" + ("  # guest" if package.source == Source.GUEST else "")


def spellings(version: str) -> set[str]:
    """3, 3.11 and 3.11.2."""
    parts = version.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
