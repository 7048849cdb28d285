"""Which packages a run sees, and that they stay while it runs."""

import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from coderunner.src.common.program import Program, SecurityLevel
from coderunner.src.errors import EnvironmentBusy
from coderunner.src.logics.code.policy_rules import PolicyRules
from coderunner.src.logics.environment.manage_environments import ManageEnvironments
from coderunner.src.logics.environment.model import ACTIVE, Environment
from coderunner.src.logics.environment.ports.environment_catalogue import EnvironmentCatalogue
from coderunner.src.logics.runner.imports_scan import needs_libraries

_STANDARD = frozenset(sys.stdlib_module_names)
_REMEMBER_S = 2.0  # how long another service's change may stay unseen
_TOUCH_EVERY_S = 60.0
_MOST_REMEMBERED = 10_000


class RunEnvironments:
    """Gives a program its layer; answers are remembered for a moment, so that a run costs no query."""

    def __init__(
        self,
        *,
        manage: ManageEnvironments,
        environments: EnvironmentCatalogue,
        now: Callable[[], datetime],
        policy: PolicyRules,
    ) -> None:
        self._manage = manage
        self._environments = environments
        self._now = now
        self._policy = policy
        self._remembered: dict[tuple[str, str | None], tuple[float, Environment | None]] = {}
        self._touched: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        self._in_use: Counter[str] = Counter()

    def in_use(self) -> Collection[str]:
        """Folders that runs in flight see."""
        return tuple(self._in_use)

    def forget(self, tenant: str) -> None:
        """An environment of this tenant has changed."""
        for key in [key for key in self._remembered if key[0] == tenant]:
            del self._remembered[key]

    def check_security(self, security: Mapping[str, Any], key: Mapping[str, Any]) -> None:
        """PolicyTooWide for settings of an environment beyond what the operator and the key grant."""
        self._policy.check(SecurityLevel.RESTRICTED, security, key)

    @asynccontextmanager
    async def prepared(self, tenant: str, program: Program) -> AsyncIterator[Program]:
        """The program with its layer and policy; EnvironmentNotFound for one that is not the tenant's."""
        environment = await self._find(tenant, program.environment_id)
        if environment is None:
            yield self._held(program)
            return
        layer = ""
        if program.environment_id or _imports_libraries(program):
            environment = await self._whole(environment)
            layer = environment.layer
        self._in_use[layer] += 1
        try:
            await self._touch(environment)
            yield self._held(program, environment, layer)
        finally:
            self._in_use[layer] -= 1
            if not self._in_use[layer]:
                del self._in_use[layer]

    def _held(self, program: Program, environment: Environment | None = None, layer: str = "") -> Program:
        """What was installed may be imported at level restricted too, beside what the policy allows anyway."""
        sources: dict[str, Any] = {
            "key": program.key_policy,
            "environment": environment.security if environment else None,
            "request": program.security,
        }
        installed = environment.imports() if environment and layer else ()
        policy = self._policy.for_run(**sources, installed=installed)
        return replace(program, layer=layer, policy=policy, walls=self._policy.walls(**sources))

    async def _find(self, tenant: str, environment_id: str | None) -> Environment | None:
        key, now_s = (tenant, environment_id), time.monotonic()
        known = self._remembered.get(key)
        if known is not None and now_s - known[0] < _REMEMBER_S:
            return known[1]
        found = await self._manage.chosen(tenant, environment_id)
        if found is not None and found.status != ACTIVE:
            raise EnvironmentBusy("the environment is still being built; its execution tells how far it is")
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = (now_s, found)
        return found

    async def _whole(self, environment: Environment) -> Environment:
        """With its folder, looked for now and then; a program without libraries never waits for that."""
        key, now_s = environment.layer, time.monotonic()
        if now_s - self._seen.get(key, -_REMEMBER_S) < _REMEMBER_S:
            return environment
        whole = await self._manage.whole(environment)
        if whole is not environment:
            self.forget(environment.tenant)
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen[whole.layer] = now_s
        return whole

    async def _touch(self, environment: Environment) -> None:
        now_s = time.monotonic()
        if now_s - self._touched.get(environment.id, -_TOUCH_EVERY_S) < _TOUCH_EVERY_S:
            return
        self._touched[environment.id] = now_s
        await self._environments.touch(environment.id, self._now())


def _imports_libraries(program: Program) -> bool:
    """A program that imports the standard library only runs in a parked child, as if nothing were installed."""
    return needs_libraries(program.sources(), _STANDARD)
