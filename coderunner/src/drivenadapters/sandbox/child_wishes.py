"""What a run wants of its child that the parked ones do not have; such a child is made for the run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from coderunner.src.common.limits import Limits
from coderunner.src.common.program import Program, Walls
from coderunner.src.drivenadapters.sandbox.names import Names, Reachable
from coderunner.src.drivenadapters.sandbox.seccomp_filter import SyscallPolicy


@dataclass(frozen=True, slots=True)
class Wishes:
    """The message to the parent, empty where a parked child will do, and what the run may connect to."""

    message: Mapping[str, Any]
    reachable: Reachable | None = None


class ChildWishes:
    """Compares a program with what the parked children are."""

    def __init__(
        self,
        *,
        defaults: Limits,
        policy: Callable[[], SyscallPolicy],
        names: Names,
        network: Callable[[], bool],
    ) -> None:
        self._defaults = defaults
        self._policy = policy
        self._names = names
        self._network = network

    async def of(self, program: Program, limits: Limits) -> Wishes:
        """Another size of box, packages of one's own, or other walls."""
        message: dict[str, Any] = {"environment": program.layer} if program.layer else {}
        if (limits.disk_bytes, limits.disk_inodes) != (self._defaults.disk_bytes, self._defaults.disk_inodes):
            message |= {"box_bytes": limits.disk_bytes, "box_inodes": limits.disk_inodes}
        reachable = await self._names.reachable() if program.walls.network and self._network() else None
        walls = replace(program.walls, network=bool(reachable and not reachable.nothing))
        if walls != Walls():
            filters = self._policy().filters(walls)
            message |= {"seccomp": filters.base.hex(), "narrower": filters.narrower.hex()}
        if walls.network and reachable:
            message |= {"supervised": True, "hosts": reachable.hosts}
        return Wishes(message, reachable if walls.network else None)
