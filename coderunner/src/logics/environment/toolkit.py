"""The use cases of environments and packages, put together from their ports."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from coderunner.src.logics.code.policy_rules import PolicyRules
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.environment.change_packages import ChangePackages
from coderunner.src.logics.environment.index_rules import IndexRules
from coderunner.src.logics.environment.manage_environments import EnvironmentRules, ManageEnvironments
from coderunner.src.logics.environment.ports.environment_catalogue import EnvironmentCatalogue
from coderunner.src.logics.environment.ports.layer_builder import LayerBuilder
from coderunner.src.logics.environment.ports.source_builder import SourceBuilder
from coderunner.src.logics.environment.ports.wheel_store import WheelStore
from coderunner.src.logics.environment.requirements import PackageRules
from coderunner.src.logics.environment.run_environments import RunEnvironments

Warm = Callable[[], Collection[str]]


@dataclass(frozen=True, slots=True)
class EnvironmentToolkit:
    """Environments, their packages, and the runs that see them."""

    manage: ManageEnvironments
    change: ChangePackages
    runs: RunEnvironments
    environments: EnvironmentCatalogue
    builder: LayerBuilder
    wheels: WheelStore
    guest: GuestCatalogue
    warm: Warm

    @classmethod
    def of(
        cls,
        *,
        environments: EnvironmentCatalogue,
        builder: LayerBuilder,
        wheels: WheelStore,
        sources: SourceBuilder | None,
        guest: GuestCatalogue,
        warm: Warm,
        packages: PackageRules,
        indexes: IndexRules,
        rules: EnvironmentRules,
        allowed: bool,
        now: Callable[[], datetime],
        policy: PolicyRules,
    ) -> "EnvironmentToolkit":
        """All on the same ports."""
        change = ChangePackages(
            environments=environments, builder=builder, wheels=wheels, sources=sources, guest=guest,
            rules=packages, now=now, allowed=allowed,
        )  # fmt: skip
        manage = ManageEnvironments(
            environments=environments, builder=builder, guest=guest,
            change=change, indexes=indexes, rules=rules, now=now,
        )  # fmt: skip
        runs = RunEnvironments(manage=manage, environments=environments, now=now, policy=policy)
        return cls(manage, change, runs, environments, builder, wheels, guest, warm)

    async def warm_packages(self) -> Collection[str]:
        """Distributions of the guest that runs may find imported already."""
        modules = self.warm()
        if not modules:
            return ()
        providers = (await self.guest.contents()).providers
        return {name for module in modules for name in providers.get(module, ())}

    async def tidy(self, under_way: Collection[str]) -> int:
        """Forget idle and abandoned environments, delete what nobody names or uses; says how many went.

        `under_way` names the environments that executions are about to fill.
        """
        gone = await self.manage.clean_up() + await self.manage.abandon(under_way)
        used = {*await self.environments.layers(), *self.runs.in_use()}
        swept = await self.builder.sweep(used)
        return gone + swept + await self.wheels.sweep(await self.environments.wheels())
