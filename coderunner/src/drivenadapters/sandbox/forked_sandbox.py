"""The sandbox: a program runs in a parked, single-use child of the smallest parent that has what it imports."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from coderunner.src.common.limits import LimitHit, Limits
from coderunner.src.common.program import Program, RunOutcome, Timing, Verdict
from coderunner.src.drivenadapters.sandbox.cgroups import RunGroups
from coderunner.src.drivenadapters.sandbox.child_wishes import ChildWishes
from coderunner.src.drivenadapters.sandbox.connections import Connections
from coderunner.src.drivenadapters.sandbox.host_layers import LayerReport
from coderunner.src.drivenadapters.sandbox.names import Reachable
from coderunner.src.drivenadapters.sandbox.parent_process import Child
from coderunner.src.drivenadapters.sandbox.pool import Pool
from coderunner.src.drivenadapters.sandbox.run_session import RunSession
from coderunner.src.errors import SandboxRefused, SandboxUnavailable
from coderunner.src.logics.runner.imports_scan import Preload, preload_for
from coderunner.src.logics.runner.ports.sandbox import Layer, RunListener, Sandbox, SandboxState

_SIGXCPU, _SIGXFSZ = 24, 25
_STOPPED = {
    "wall_time": Verdict.TIMEOUT,
    "cpu": Verdict.TIMEOUT,
    "memory": Verdict.MEMORY_EXCEEDED,
    "processes": Verdict.KILLED,
    "files": Verdict.KILLED,
}
_KILLED_CODE = -9
_CHANNEL_LOST_CODE = 70
_DISK_FULL = ("[Errno 28]", "[Errno 27]")  # no space left, file too large
_START_PATIENCE_S = 15.0
_GUEST_LOOK_S = 1.0
_FIRST = (Preload.SLIM, Preload.TABLES)  # what the service waits for at its start; the others follow


class ForkedSandbox(Sandbox):
    """Runs programs on two pools of parked children."""

    def __init__(
        self,
        *,
        pools: Mapping[Preload, Pool],
        layers: LayerReport,
        wishes: ChildWishes,
        groups: RunGroups | None = None,
        guest_changed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._pools = pools
        self._guest_changed = guest_changed
        self._layers = layers
        self._wishes = wishes
        self._groups = groups
        self._standard = frozenset(sys.stdlib_module_names)
        self._refusal = "the sandbox is starting"
        self._up = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Start the parents in the background; `state` says when they are ready."""
        self._tasks.append(asyncio.get_running_loop().create_task(self._bring_up()))

    async def _bring_up(self) -> None:
        first = [self._pools[kind] for kind in _FIRST if kind in self._pools]
        refusal = await self._layers.establish(first)
        self._refusal = refusal
        self._up.set()
        if not refusal:
            for pool in self._pools.values():
                if pool not in first:
                    pool.renew()
            clocks = [pool.look_after() for pool in self._pools.values()]
            await asyncio.gather(*clocks, self._look_after_guest())

    async def _look_after_guest(self) -> None:
        """A new guest interpreter renews the parents; runs in flight end with the one that they began with."""
        while True:
            await asyncio.sleep(_GUEST_LOOK_S)
            if await asyncio.to_thread(self._guest_changed):
                for pool in self._pools.values():
                    pool.renew()

    async def close(self) -> None:
        """End every parent and every run."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for pool in self._pools.values():
            await pool.close()
        if self._groups:
            self._groups.close()

    def state(self) -> SandboxState:
        """What stands and what does not, without waiting; programs for a pool that still starts wait for it."""
        ready = not self._refusal and all(self._pools[kind].ready for kind in _FIRST if kind in self._pools)
        pools = {kind.value: pool.about() for kind, pool in self._pools.items()}
        layers = (*self._layers.layers(), _group_layer(self._groups))
        warm = frozenset[str]().union(*(pool.warm for pool in self._pools.values()))
        keeps = self._groups is not None
        return SandboxState(ready, self._refusal, layers, pools, keeps_cpu_share=keeps, warm=warm)

    async def run(self, program: Program, limits: Limits, listener: RunListener | None = None) -> RunOutcome:
        """Run to the end or to a limit; a run whose parent died before it said anything is tried once more."""
        await self._until_up()
        if self._refusal:
            raise SandboxRefused(self._refusal)
        kind = preload_for(program.sources(), self._standard, _own_modules(program))
        for attempt in (1, 2):
            asked = time.monotonic()
            wishes = await self._wishes.of(program, limits)
            child = await self._pools[kind].take(wishes.message)
            pool_ms = (time.monotonic() - asked) * 1000
            session = RunSession(child, limits, listener, self._groups)
            with supervised(child, wishes.reachable):
                await session.run(_request(program, limits))
            if not session.lost:
                return _outcome(session, limits, pool_ms)
            if attempt == 2 or session.stdout.seen or session.stderr.seen or session.outputs:  # noqa: PLR2004
                break
        raise SandboxUnavailable("the sandbox failed: the run's parent died")

    async def _until_up(self) -> None:
        """The first callers wait for the parents rather than being sent away."""
        if not self._up.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_START_PATIENCE_S):
                    await self._up.wait()


@contextlib.contextmanager
def supervised(child: Child, reachable: Reachable | None) -> Iterator[None]:
    """While a run with a network lasts, its connections are decided here."""
    if reachable is None or child.listener is None:
        yield
        return
    listener, child.listener = child.listener, None
    connections = Connections(listener, reachable.allows)
    try:
        yield
    finally:
        connections.close()


def _group_layer(groups: RunGroups | None) -> Layer:
    if groups:
        return Layer("cgroup", on=True, required=False, why=f"version {groups.version}, for runs that last")
    why = "no control group with memory, pids and cpu may be written; the run's processes are summed from outside"
    remedy = "start the service as root or in a delegated group (systemd: Delegate=yes)"
    return Layer("cgroup", on=False, required=False, why=why, remedy=remedy)


def _own_modules(program: Program) -> frozenset[str]:
    return frozenset(path.partition("/")[0].removesuffix(".py") for path in program.files)


def _request(program: Program, limits: Limits) -> dict[str, Any]:
    figure = program.figure
    return {
        "code": program.code,
        "files": dict(program.files),
        "entrypoint": program.entrypoint,
        "as_module": program.as_module,
        "args": list(program.args),
        "env": dict(program.env),
        "stdin": program.stdin,
        "function_name": program.function_name,
        "parameters": dict(program.parameters),
        "arguments": list(program.arguments),
        "security_level": program.security_level.value,
        "policy": dict(program.policy),
        "figure": {
            "formats": list(figure.formats),
            "dpi": figure.dpi,
            "size": list(figure.size_inches) if figure.size_inches else None,
        },
        "limits": {
            "cpu_s": limits.cpu_s,
            "memory_bytes": limits.memory_bytes,
            "processes": limits.processes,
            "open_files": limits.open_files,
            "value_bytes": limits.value_bytes,
            "outputs": limits.outputs,
            "output_bytes": limits.output_bytes,
        },
    }


def _outcome(session: RunSession, limits: Limits, pool_ms: float) -> RunOutcome:
    end = session.end
    limit = session.stopped_by or _limit_of(session, limits)
    return RunOutcome(
        verdict=_verdict(session, limit),
        return_code=_return_code(session),
        stdout=session.stdout.kept.decode("utf-8", "replace"),
        stderr=session.stderr.kept.decode("utf-8", "replace"),
        stdout_truncated=session.stdout.truncated,
        stderr_truncated=session.stderr.truncated,
        value=end.value if end else None,
        value_is_tuple=end.value_is_tuple if end else False,
        value_truncated=end.value_truncated if end else False,
        outputs=tuple(session.outputs),
        exceptions=(end.exceptions if end else ()) or _fault_of(session),
        violations=end.violations if end else (),
        limit=limit,
        execution_time_ms=session.wall_ms,
        cpu_time_ms=session.cpu_ms,
        memory_usage_kb=session.memory_kb,
        timing=Timing(pool_ms=pool_ms, **(end.timing if end else {})),
    )


def _limit_of(session: RunSession, limits: Limits) -> LimitHit | None:
    """Limits that the kernel enforced on its own, told by how the program ended."""
    if end := session.end:
        if end.memory_error:
            return LimitHit("memory", limits.memory_bytes, session.memory_kb * 1024, "bytes")
        if any(str(error["message"]).startswith(_DISK_FULL) for error in end.exceptions):
            return LimitHit("disk", limits.disk_bytes, limits.disk_bytes, "bytes")
        return None
    code = session.exit.get("code") if session.exit else None
    if code == -_SIGXCPU or (code == _KILLED_CODE and session.cpu_ms >= limits.cpu_s * 1000):
        used_s = max(session.cpu_ms / 1000, limits.cpu_s)  # the kernel holds the limit by its coarser clock
        return LimitHit("cpu", limits.cpu_s, used_s, "seconds")
    return None


def _verdict(session: RunSession, limit: LimitHit | None) -> Verdict:
    if (
        limit is not None and limit.name != "disk"
    ):  # a full disk is an exception that the program could handle
        return _STOPPED.get(limit.name, Verdict.OUTPUT_EXCEEDED)
    if session.end:
        return session.end.verdict
    if session.fault:
        return Verdict.KILLED
    code = _return_code(session)
    if code < 0:
        return Verdict.KILLED
    return Verdict.ERROR if code else Verdict.SUCCESS


def _return_code(session: RunSession) -> int:
    if session.end:
        return session.end.return_code
    if session.stopped_by or session.fault or session.exit is None:
        return _KILLED_CODE
    return int(session.exit["code"])


def _fault_of(session: RunSession) -> tuple[Mapping[str, Any], ...]:
    fault = session.fault
    if session.end is None and session.exit and session.exit.get("code") == _CHANNEL_LOST_CODE:
        fault = (
            fault
            or "the program ended without a result: it closed the result channel, or left with this code"
        )
    return ({"type": "ResultChannelError", "message": fault, "line": None, "traceback": ""},) if fault else ()
