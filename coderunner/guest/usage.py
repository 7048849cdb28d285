"""What all processes of one run use together, measured from outside the run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from coderunner.guest import unwalled

_TICKS = os.sysconf("SC_CLK_TCK")
_MOST_BYTES = 16 << 10  # more than any of these files has


@dataclass(slots=True)
class Watch:
    """Limits on the sum, and the peak seen so far."""

    memory_kb: int
    cpu_ms: int
    base_anon_kb: int
    box: str
    tasks: int = 0  # processes and threads; 0 where the kernel counts them by user
    disk_kb: int = 0  # of a box that stands on the host's disk; 0 where the box has a size of its own
    inodes: int = 0
    peak_kb: int = 0

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> Watch:
        return cls(
            message["memory_kb"],
            message["cpu_ms"],
            message["base_anon_kb"],
            message["box"],
            message.get("tasks", 0),
            message.get("disk_kb", 0),
            message.get("inodes", 0),
        )

    def sample(self, pid: int, processes: list[int]) -> dict[str, Any] | None:
        """Measure a run by its program and all its processes; the limit exceeded and what was used, or None."""
        return (
            self._tasks(processes)
            or self._memory(pid, processes)
            or self._cpu(processes)
            or self._disk(processes)
        )

    def _tasks(self, processes: list[int]) -> dict[str, Any] | None:
        """First, because it is the cheapest look at a bomb that grows."""
        if not self.tasks or (used := sum(map(_tasks, processes))) <= self.tasks:
            return None
        return {"limit": "processes", "value": self.tasks, "used": used}

    def _memory(self, pid: int, processes: list[int]) -> dict[str, Any] | None:
        in_memory = 0 if self.disk_kb else _files_kb(pid, self.box)
        used = _memory_kb(processes, self.base_anon_kb) + in_memory
        self.peak_kb = max(self.peak_kb, used)
        if used <= self.memory_kb:
            return None
        return {"limit": "memory", "value": self.memory_kb, "used": used}

    def _cpu(self, processes: list[int]) -> dict[str, Any] | None:
        used = sum(map(_cpu_ms, processes))
        return {"limit": "cpu", "value": self.cpu_ms, "used": used} if used > self.cpu_ms else None

    def _disk(self, processes: list[int]) -> dict[str, Any] | None:
        if not self.disk_kb:
            return None
        used = unwalled.box_usage(self.box, processes, self.inodes)
        if used.inodes > self.inodes:
            return {"limit": "files", "value": self.inodes, "used": used.inodes}
        if used.kb > self.disk_kb:
            return {"limit": "disk", "value": self.disk_kb, "used": used.kb}
        return None


def processes_by_program(programs: list[int], *, namespaced: bool) -> dict[int, list[int]]:
    """All processes of each run, by the run's program, from one look at the whole machine."""
    marks = {_membership(pid, namespaced=namespaced): pid for pid in programs}
    marks.pop(None, None)
    found: dict[int, list[int]] = {pid: [] for pid in programs}
    for name in os.listdir("/proc") if marks else ():
        if name.isdigit() and (mark := _membership(int(name), namespaced=namespaced)) in marks:
            found[marks[mark]].append(int(name))
    return found


def _membership(pid: int, *, namespaced: bool) -> object:
    """What the processes of one run have in common: the PID namespace, or else the process group."""
    try:
        return os.stat(f"/proc/{pid}/ns/pid").st_ino if namespaced else os.getpgid(pid)
    except OSError:
        return None  # gone, or not ours


def _read(path: str) -> str:
    """A small file of /proc; without a file object, which would cost more than the reading."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""  # the process ended between the listing and the look
    try:
        return os.read(descriptor, _MOST_BYTES).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _memory_kb(processes: list[int], base_anon_kb: int) -> int:
    """Own memory: of one process what it has beyond its birth; of several the sum of their private pages."""
    anonymous = [
        _fields(_read(f"/proc/{pid}/status"), ("RssAnon", "RssShmem", "VmSwap")) for pid in processes
    ]
    largest = max((own - base_anon_kb for own in anonymous), default=0)
    if len(processes) <= 1:
        return max(largest, 0)
    private = ("Private_Clean", "Private_Dirty", "Swap")
    return max(largest, sum(_fields(_read(f"/proc/{pid}/smaps_rollup"), private) for pid in processes))


def _fields(text: str, names: tuple[str, ...]) -> int:
    total = 0
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if name in names:
            total += int(rest.split()[0])
    return total


def _files_kb(pid: int, box: str) -> int:
    try:
        state = os.statvfs(f"/proc/{pid}/root{box}")
    except OSError:
        return 0  # the run ended meanwhile
    return (state.f_blocks - state.f_bfree) * state.f_frsize // 1024


def _tasks(pid: int) -> int:
    return _fields(_read(f"/proc/{pid}/status"), ("Threads",))


def _cpu_ms(pid: int) -> int:
    _, _, rest = _read(f"/proc/{pid}/stat").rpartition(")")
    fields = rest.split()
    return sum(map(int, fields[11:15])) * 1000 // _TICKS if fields else 0
