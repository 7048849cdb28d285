"""Installing and uninstalling: a new folder is built beside the old one, then one row is switched."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from weakref import WeakValueDictionary

from coderunner.src.errors import (
    EnvironmentBusy,
    EnvironmentNotFound,
    InstallRefused,
    InvalidRequirementText,
    PackageNotInstalled,
    PackagesUnresolvable,
)
from coderunner.src.logics.code.distributions import canonical
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.environment.model import ACTIVE, Environment, Package, Pin, Source
from coderunner.src.logics.environment.ports.environment_catalogue import EnvironmentCatalogue
from coderunner.src.logics.environment.ports.layer_builder import LayerBuilder
from coderunner.src.logics.environment.ports.source_builder import SourceBuilder
from coderunner.src.logics.environment.ports.wheel_store import KeptWheel, WheelStore, source_of
from coderunner.src.logics.environment.requirements import (
    PackageRules,
    applicable,
    kept_requirement,
    local_path,
    parse_requirements,
    source_location,
)

_ATTEMPTS = 3
Telling = Callable[[str], None]


def _silent(_message: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for, every version that it needs, and which of them the guest lacks."""

    wanted: tuple[str, ...]
    pins: tuple[Pin, ...] = ()
    own: tuple[Pin, ...] = ()


class ChangePackages:
    """Two changes of one environment happen one after the other; of several services, one begins again."""

    def __init__(
        self,
        *,
        environments: EnvironmentCatalogue,
        builder: LayerBuilder,
        wheels: WheelStore,
        sources: SourceBuilder | None,
        guest: GuestCatalogue,
        rules: PackageRules,
        now: Callable[[], datetime],
        allowed: bool,
    ) -> None:
        self._environments = environments
        self._builder = builder
        self._wheels = wheels
        self._sources = sources
        self._guest = guest
        self._rules = rules
        self._now = now
        self._allowed = allowed
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def require_allowed(self) -> None:
        """InstallRefused where the operator lets nobody change packages."""
        if not self._allowed:
            raise InstallRefused("packages may not be installed here (ALLOW_PACKAGE_INSTALL is false)")

    def check(self, packages: Sequence[str], pointer: str = "/packages") -> dict[str, str]:
        """Hold what is asked for to the operator's rules before anything is done."""
        self.require_allowed()
        asked = parse_requirements(packages, pointer, everywhere=True)
        self._rules.hold(asked)
        self._rules.hold_sources(asked, pointer)
        return asked

    async def install(
        self,
        tenant: str,
        environment_id: str,
        packages: Sequence[str],
        tell: Telling = _silent,
        *,
        wheels: Sequence[str] = (),
    ) -> Environment:
        """Add or change packages; the environment stays as it was when anything fails."""
        asked = await self._asked(tenant, packages, wheels, tell)

        def wanted(before: Environment) -> tuple[str, ...]:
            return tuple({**parse_requirements(before.wanted, kept=True), **asked}.values())

        return await self._change(tenant, environment_id, wanted, tell)

    async def filled(
        self,
        blank: Environment,
        packages: Sequence[str],
        tell: Telling = _silent,
    ) -> Environment:
        """What an environment that no row knows yet becomes with these packages."""
        asked = await self._asked(blank.tenant, packages, (), tell)
        return await self._rebuilt(blank, tuple(asked.values()), tell)

    async def _asked(
        self, tenant: str, packages: Sequence[str], wheels: Sequence[str], tell: Telling
    ) -> dict[str, str]:
        """By name, with files of this machine and uploads as kept wheels."""
        self.check(packages)
        here = applicable(packages, (await self._guest.contents()).python_version)
        asked = parse_requirements(here)
        self._rules.hold_sources(asked, "/packages")
        for name, text in asked.items():
            kept = await self._made(tenant, text, tell)
            if kept is not None and kept.name != name:
                raise InvalidRequirementText(f"{text[:80]!r} is {kept.name}, not {name}", pointer="/packages")
            if kept is not None:
                asked[name] = kept_requirement(name, kept.ref)
        for public in wheels:
            kept = await self._wheels.find(tenant, public)
            self._rules.hold([kept.name])
            asked[kept.name] = kept_requirement(kept.name, kept.ref)
        return asked

    async def _made(self, tenant: str, text: str, tell: Telling) -> KeptWheel | None:
        """The wheel of this machine that a requirement names, or that its source becomes."""
        if location := source_location(text):
            if self._sources is None:
                raise InstallRefused("nothing is built from source here (PACKAGE_BUILD_FROM_SOURCE is false)")
            source = Source.GIT if location.startswith("git") else Source.LOCAL
            built = await self._sources.build(location, tell)
            return await self._wheels.keep(tenant, built.filename, built.content, source)
        path = local_path(text)
        return await self._wheels.adopt(tenant, path) if path else None

    async def uninstall(
        self, tenant: str, environment_id: str, names: Sequence[str], tell: Telling = _silent
    ) -> Environment:
        """Remove packages that were asked for, and what only they needed; PackageNotInstalled for others."""
        self.require_allowed()
        gone = list(parse_requirements(names))

        def wanted(before: Environment) -> tuple[str, ...]:
            kept = parse_requirements(before.wanted, kept=True)
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
        after = replace(before, wanted=wanted, status=ACTIVE)
        if await self._is_whole(before, plan):
            imports = {package.name: package.imports for package in before.packages}
            return replace(after, packages=self._packages(before, plan, imports))
        if not plan.own:
            return replace(after, layer="", packages=self._packages(before, plan, {}))
        tell(f"installing {', '.join(f'{pin.name} {pin.version}' for pin in plan.own)}")
        built = await self._builder.build(plan.own, before.index)
        return replace(after, layer=built.layer, packages=self._packages(before, plan, built.imports))

    async def _is_whole(self, before: Environment, plan: Plan) -> bool:
        """Whether its folder has just what is planned; one that was lost or damaged is built again."""
        if set(plan.own) != {package.pin for package in before.own}:
            return False
        return not await self._builder.broken(before.layer, plan.own)

    async def _plan(self, before: Environment, wanted: tuple[str, ...], tell: Telling) -> Plan:
        if not wanted:
            return Plan(())
        tell("resolving")
        guest = await self._guest.contents()
        preferred = [package.pin for package in before.packages if not package.wheel]
        pins = tuple(await self._builder.resolve(wanted, guest.distributions, preferred, before.index))
        own = tuple(pin for pin in pins if pin.name not in guest.distributions)
        for pin in pins:
            if pin.wheel and pin not in own:
                raise PackagesUnresolvable(f"{pin.name} is part of the guest interpreter and stays as it is")
        self._rules.hold(pin.name for pin in own)
        return Plan(wanted, pins, own)

    def _packages(
        self, before: Environment, plan: Plan, imports: Mapping[str, tuple[str, ...]]
    ) -> tuple[Package, ...]:
        known = {package.pin: package for package in before.packages}
        asked = set(parse_requirements(plan.wanted, kept=True))
        return tuple(
            replace(known[pin], imports=imports.get(pin.name, ()))
            if pin in known
            else Package(
                pin.name,
                pin.version,
                source_of(pin.wheel) if pin in plan.own else Source.GUEST,
                self._now(),
                imports.get(pin.name, ()),
                pin.wheel,
            )
            for pin in sorted(plan.pins, key=lambda pin: pin.name)
            if pin in plan.own or pin.name in asked
        )


def _why_not(name: str, environment: Environment) -> str:
    if any(canonical(package.name) == name for package in environment.packages):
        return f"{name} is there because other packages need it; uninstall those"
    return f"{name} is not installed in this environment"
