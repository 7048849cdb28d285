"""Control groups for runs that last: the kernel then counts all processes of a run together.

Short runs never pay for it: moving a process costs milliseconds, and until then the limits of each process and the look
from outside hold. Version 1 and 2; where neither may be written there is no such layer.
"""

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from coderunner.src.common.limits import Limits

CONTROLLERS = ("memory", "pids", "cpu")
_PERIOD_US = 100_000
_ROUNDS = 8
_REMOVE_TRIES, _REMOVE_PAUSE_S = 100, 0.05


@dataclass(frozen=True, slots=True)
class RunGroup:
    """One run's groups: the same folder in version 2, one for each controller in version 1."""

    folders: Mapping[str, Path]

    def adopt(self, roots: Iterable[int], *, spare: int | None) -> None:
        """Move these processes and all that they started, however fast they fork.

        Spared is the first process of their namespace: it shares the memory of the parent, so that the kernel, when
        it ends it for want of memory in the group, would end the parent and with it everybody's runs.
        """
        moved = {spare} if spare else set()
        for _ in range(_ROUNDS):
            fresh = {pid for root in roots for pid in _family(root)} - moved
            if not fresh:
                return
            for pid in fresh:
                self._move(pid)
            moved |= fresh

    def _move(self, pid: int) -> None:
        for folder in set(self.folders.values()):
            with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                (folder / "cgroup.procs").write_text(str(pid))

    def memory_killed(self) -> bool:
        """Whether the kernel ended a process of the run for want of memory."""
        folder = self.folders["memory"]
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError):
                lines = (folder / name).read_text().splitlines()
                return any(line.startswith("oom_kill ") and int(line.split()[1]) for line in lines)
        return False

    def remove(self) -> None:
        """Take the folders away as soon as the last process is gone; blocks until then."""
        for folder in set(self.folders.values()):
            for _ in range(_REMOVE_TRIES):
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(_REMOVE_PAUSE_S)
                else:
                    break


def _family(root: int) -> list[int]:
    found, line = [], [root]
    while line:
        pid = line.pop()
        found.append(pid)
        for listing in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                line += map(int, listing.read_text().split())
    return found


@dataclass(frozen=True, slots=True)
class RunGroups:
    """Where groups for runs may be made on this host."""

    bases: Mapping[str, Path]
    version: int

    def create(self, name: str, limits: Limits) -> RunGroup:
        """New groups with a run's limits."""
        folders = {controller: base / name for controller, base in self.bases.items()}
        for folder in set(folders.values()):
            folder.mkdir()
        for controller, file, value in self._settings(limits):
            (folders[controller] / file).write_text(value)
        return RunGroup(folders)

    def _settings(self, limits: Limits) -> list[tuple[str, str, str]]:
        quota = round(limits.cpu_share * _PERIOD_US)
        memory = str(limits.memory_bytes + limits.disk_bytes)  # the box is memory too, and has its own quota
        pids = ("pids", "pids.max", str(limits.processes))
        if self.version == 2:  # noqa: PLR2004 - the version's own number
            share = f"{quota} {_PERIOD_US}" if quota else f"max {_PERIOD_US}"
            return [("memory", "memory.max", memory), pids, ("cpu", "cpu.max", share)]
        found = [("memory", "memory.limit_in_bytes", memory), pids]
        return [*found, ("cpu", "cpu.cfs_quota_us", str(quota))] if quota else found

    def close(self) -> None:
        """Take away our own folders."""
        for base in set(self.bases.values()):
            with contextlib.suppress(OSError):  # groups of runs that end later keep it
                base.rmdir()


def find_groups() -> RunGroups | None:
    """Groups below the service's own, in whichever version has the three controllers and may be written."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        own[names] = path
    return _version_2(mounts, own.get("")) or _version_1(mounts, own)


def _version_1(mounts: list[list[str]], own: Mapping[str, str]) -> RunGroups | None:
    bases = {}
    for controller in CONTROLLERS:
        point = next((m[1] for m in mounts if m[2] == "cgroup" and controller in m[3].split(",")), None)
        path = next((path for names, path in own.items() if controller in names.split(",")), None)
        if point is None or path is None:
            return None
        bases[controller] = Path(point + path.rstrip("/")) / f"coderunner-{os.getpid()}"
    return _made(bases, 1)


def _version_2(mounts: list[list[str]], path: str | None) -> RunGroups | None:
    point = next((m[1] for m in mounts if m[2] == "cgroup2"), None)
    if point is None or path is None:
        return None
    own = Path(point + path.rstrip("/"))
    try:
        if not set(CONTROLLERS) <= set((own / "cgroup.controllers").read_text().split()):
            return None
        base = own / f"coderunner-{os.getpid()}"
        _hand_down(own, base)
    except OSError:
        return None  # not ours to divide
    return RunGroups(dict.fromkeys(CONTROLLERS, base), 2)


def _hand_down(own: Path, base: Path) -> None:
    """Controllers reach a group's children only when the group itself holds no process: the service moves aside."""
    wanted = " ".join(f"+{controller}" for controller in CONTROLLERS)
    base.mkdir()
    try:
        (own / "cgroup.subtree_control").write_text(wanted)
    except OSError:
        leaf = own / "coderunner-service"
        leaf.mkdir(exist_ok=True)
        for pid in (own / "cgroup.procs").read_text().split():
            (leaf / "cgroup.procs").write_text(pid)
        (own / "cgroup.subtree_control").write_text(wanted)
    (base / "cgroup.subtree_control").write_text(wanted)


def _made(bases: dict[str, Path], version: int) -> RunGroups | None:
    try:
        for base in set(bases.values()):
            base.mkdir(exist_ok=True)
    except OSError:
        return None
    return RunGroups(bases, version)
