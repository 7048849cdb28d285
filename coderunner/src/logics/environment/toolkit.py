"""The use cases of environments and packages, put together from their ports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from coderunner.src.logics.code.policy_rules import PolicyRules
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.environment.change_packages import ChangePackages
from coderunner.src.logics.environment.manage_environments import EnvironmentRules, ManageEnvironments
from coderunner.src.logics.environment.ports.environment_catalogue import EnvironmentCatalogue
from coderunner.src.logics.environment.ports.layer_builder import LayerBuilder
from coderunner.src.logics.environment.requirements import PackageRules
from coderunner.src.logics.environment.run_environments import RunEnvironments


@dataclass(frozen=True, slots=True)
class EnvironmentToolkit:
    """Environments, their packages, and the runs that see them."""

    manage: ManageEnvironments
    change: ChangePackages
    runs: RunEnvironments
    environments: EnvironmentCatalogue
    builder: LayerBuilder

    @classmethod
    def of(
        cls,
        *,
        environments: EnvironmentCatalogue,
        builder: LayerBuilder,
        guest: GuestCatalogue,
        packages: PackageRules,
        rules: EnvironmentRules,
        allowed: bool,
        now: Callable[[], datetime],
        policy: PolicyRules,
    ) -> "EnvironmentToolkit":
        """All on the same ports."""
        change = ChangePackages(
            environments=environments, builder=builder, guest=guest, rules=packages, now=now, allowed=allowed
        )
        manage = ManageEnvironments(
            environments=environments, builder=builder, guest=guest, change=change, rules=rules, now=now
        )
        runs = RunEnvironments(manage=manage, environments=environments, now=now, policy=policy)
        return cls(manage, change, runs, environments, builder)

    async def tidy(self) -> int:
        """Forget idle environments and delete folders that nobody names or uses; says how many went."""
        idle = await self.manage.clean_up()
        used = {*await self.environments.layers(), *self.runs.in_use()}
        return idle + await self.builder.sweep(used)
