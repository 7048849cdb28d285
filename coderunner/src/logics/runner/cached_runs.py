"""The same program on the same inputs, answered from what it said before."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

from coderunner.src.common.program import Program, Verdict
from coderunner.src.logics.environment.run_environments import RunEnvironments
from coderunner.src.logics.runner.execute_code import ExecuteCode, Execution
from executor.core.caching import CachePlan, CacheStatus, Produced, ReplyCache, Served, cache_key, plan_cache


@dataclass(frozen=True, slots=True)
class CacheRules:
    """The operator's part: whether silence means yes, how long and how large; `guest` names the interpreter."""

    enabled: bool
    ttl_s: float
    most_bytes: int
    guest: str


class CachedRuns:
    """Runs once for all who ask for the same at the same time, and remembers what succeeded.

    A reply depends on everything that is in the key: the tenant, the program with its inputs, files, level and
    policy, the packages that it sees, and its limits. Other verdicts than success are not remembered: whether a
    run hits a limit is the machine's doing as well. A failing sandbox raises for all who wait, and is forgotten.
    """

    def __init__(
        self,
        *,
        execute_code: ExecuteCode,
        environments: RunEnvironments | None,
        replies: ReplyCache,
        rules: CacheRules,
    ) -> None:
        self._execute_code = execute_code
        self._environments = environments
        self._replies = replies
        self._rules = rules
        self.served: Counter[CacheStatus] = Counter()

    def plan(self, cache_control: str | None) -> CachePlan:
        """What a request's `Cache-Control` asks for."""
        return plan_cache(cache_control, enabled=self._rules.enabled, ttl_s=self._rules.ttl_s)

    async def __call__(
        self,
        tenant: str,
        program: Program,
        wishes: Mapping[str, Any],
        plan: CachePlan,
        encode: Callable[[Execution], bytes],
    ) -> Served:
        """The reply as bytes; raises what running raises. `encode` writes a fresh one."""
        key = await self._key(tenant, program, wishes)

        async def produce() -> Produced:
            execution = await self._execute_code(tenant, program, wishes)
            body = encode(execution)
            good = execution.outcome.verdict is Verdict.SUCCESS and len(body) <= self._rules.most_bytes
            return Produced(body, storable=good)

        served = await self._replies.call(key, plan, produce)
        self.served[served.status] += 1
        return served

    async def _key(self, tenant: str, program: Program, wishes: Mapping[str, Any]) -> str:
        limits = self._execute_code.check(program, wishes)
        environments = self._environments
        prepared = environments.prepared(tenant, program) if environments else nullcontext(program)
        async with prepared as equipped:
            return cache_key(
                tenant=tenant, program=asdict(equipped), limits=asdict(limits), guest=self._rules.guest
            )
