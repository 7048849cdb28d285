"""Installing and uninstalling: a new folder is built beside the old one, then one row is switched."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from weakref import WeakValueDictionary

from coderunner.src.errors import EnvironmentBusy, EnvironmentNotFound, InstallRefused, PackageNotInstalled
from coderunner.src.logics.code.distributions import canonical
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.environment.model import Environment, Package, Pin
from coderunner.src.logics.environment.ports.environment_catalogue import EnvironmentCatalogue
from coderunner.src.logics.environment.ports.layer_builder import LayerBuilder
from coderunner.src.logics.environment.requirements import PackageRules, parse_requirements

_ATTEMPTS = 3
Telling = Callable[[str], None]


def _silent(_message: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class _Plan:
    wanted: tuple[str, ...]
    pins: tuple[Pin, ...]
    own: tuple[Pin, ...]


class ChangePackages:
    """Two changes of one environment happen one after the other; of several services, one begins again."""

    def __init__(
        self,
        *,
        environments: EnvironmentCatalogue,
        builder: LayerBuilder,
        guest: GuestCatalogue,
        rules: PackageRules,
        now: Callable[[], datetime],
        allowed: bool,
    ) -> None:
        self._environments = environments
        self._builder = builder
        self._guest = guest
        self._rules = rules
        self._now = now
        self._allowed = allowed
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def check(self, packages: Sequence[str], pointer: str = "/packages") -> dict[str, str]:
        """Hold what is asked for to the operator's rules before anything is done."""
        if not self._allowed:
            raise InstallRefused("packages may not be installed here (ALLOW_PACKAGE_INSTALL is false)")
        asked = parse_requirements(packages, pointer)
        self._rules.hold(asked)
        return asked

    async def install(
        self, tenant: str, environment_id: str, packages: Sequence[str], tell: Telling = _silent
    ) -> Environment:
        """Add or change packages; the environment stays as it was when anything fails."""
        asked = self.check(packages)

        def wanted(before: Environment) -> tuple[str, ...]:
            return tuple({**parse_requirements(before.wanted), **asked}.values())

        return await self._change(tenant, environment_id, wanted, tell)

    async def uninstall(
        self, tenant: str, environment_id: str, names: Sequence[str], tell: Telling = _silent
    ) -> Environment:
        """Remove packages that were asked for, and what only they needed; PackageNotInstalled for others."""
        if not self._allowed:
            raise InstallRefused("packages may not be changed here (ALLOW_PACKAGE_INSTALL is false)")
        gone = list(parse_requirements(names))

        def wanted(before: Environment) -> tuple[str, ...]:
            kept = parse_requirements(before.wanted)
            for index, name in enumerate(gone):
                if kept.pop(name, None) is None:
                    raise PackageNotInstalled(_why_not(name, before), pointer=f"/packages/{index}")
            return tuple(kept.values())

        return await self._change(tenant, environment_id, wanted, tell)

    async def _change(
        self,
        tenant: str,
        environment_id: str,
        wanted: Callable[[Environment], tuple[str, ...]],
        tell: Telling,
    ) -> Environment:
        lock = self._locks.setdefault(environment_id, asyncio.Lock())
        async with lock:
            for _ in range(_ATTEMPTS):
                before = await self._environments.get(tenant, environment_id)
                if before is None:
                    raise EnvironmentNotFound("there is no such environment")
                after = await self._rebuilt(before, wanted(before), tell)
                if await self._environments.switch(before, after):
                    return after
                if after.layer and after.layer != before.layer:
                    await self._builder.remove(after.layer)
        raise EnvironmentBusy("other changes of this environment came first; try again")

    async def _rebuilt(self, before: Environment, wanted: tuple[str, ...], tell: Telling) -> Environment:
        plan = await self._plan(before, wanted, tell)
        unchanged = {
            (package.name, package.version) for package in before.packages if package.source == "pypi"
        }
        if {(pin.name, pin.version) for pin in plan.own} == unchanged:
            imports = {package.name: package.imports for package in before.packages}
            return replace(before, wanted=wanted, packages=self._packages(before, plan, imports))
        if not plan.own:
            return replace(before, wanted=wanted, layer="", packages=self._packages(before, plan, {}))
        tell(f"installing {', '.join(f'{pin.name} {pin.version}' for pin in plan.own)}")
        built = await self._builder.build(plan.own)
        packages = self._packages(before, plan, built.imports)
        return replace(before, wanted=wanted, layer=built.layer, packages=packages)

    async def _plan(self, before: Environment, wanted: tuple[str, ...], tell: Telling) -> _Plan:
        if not wanted:
            return _Plan((), (), ())
        tell("resolving")
        guest = await self._guest.contents()
        preferred = [Pin(package.name, package.version) for package in before.packages]
        pins = tuple(await self._builder.resolve(wanted, guest.distributions, preferred))
        own = tuple(pin for pin in pins if pin.name not in guest.distributions)
        self._rules.hold(pin.name for pin in own)
        return _Plan(wanted, pins, own)

    def _packages(
        self, before: Environment, plan: _Plan, imports: Mapping[str, tuple[str, ...]]
    ) -> tuple[Package, ...]:
        known = {(package.name, package.version): package for package in before.packages}
        asked = set(parse_requirements(plan.wanted))
        own = {pin.name for pin in plan.own}
        return tuple(
            replace(known[pin.name, pin.version], imports=imports.get(pin.name, ()))
            if (pin.name, pin.version) in known
            else Package(
                pin.name,
                pin.version,
                "pypi" if pin.name in own else "guest",
                self._now(),
                imports.get(pin.name, ()),
            )
            for pin in sorted(plan.pins, key=lambda pin: pin.name)
            if pin.name in own or pin.name in asked
        )


def _why_not(name: str, environment: Environment) -> str:
    if any(canonical(package.name) == name for package in environment.packages):
        return f"{name} is there because other packages need it; uninstall those"
    return f"{name} is not installed in this environment"
