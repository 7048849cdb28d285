"""The machine below: free memory and load for admission, and whether a process still lives."""

import os
import secrets
import socket
from pathlib import Path

from executor.common.settings import ExecutorSettings
from executor.ports.scheduler import Admission


class MachineAdmission(Admission):
    """Nothing new starts while memory is short or the cores have too much to do."""

    def __init__(self, *, min_free_memory_bytes: int, max_load_per_core: float) -> None:
        self._min_free_memory_bytes = min_free_memory_bytes
        self._max_load_per_core = max_load_per_core

    def allowed(self, wanted: int) -> int:
        free = free_memory_bytes()
        if free is not None and free < self._min_free_memory_bytes:
            return 0
        return 0 if load_per_core() > self._max_load_per_core else wanted


class ElsewhereAdmission(Admission):
    """Behind a broker: a worker looks at its own machine, and this one's is no reason to hold it up."""

    def allowed(self, wanted: int) -> int:
        return wanted


def machine_admission(settings: ExecutorSettings) -> Admission:
    """Look at the machine of the process, as the settings bound it."""
    return MachineAdmission(
        min_free_memory_bytes=settings.min_free_memory_bytes, max_load_per_core=settings.max_load_per_core
    )


def load_per_core() -> float:
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def free_memory_bytes() -> int | None:
    """What the machine or this container's cgroup has left, whichever is less."""
    found = [value for value in (_free_of_machine(), _free_of_cgroup()) if value is not None]
    return min(found, default=None)


def _free_of_machine() -> int | None:
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _free_of_cgroup() -> int | None:
    limit, used = _read("/sys/fs/cgroup/memory.max").strip(), _read("/sys/fs/cgroup/memory.current").strip()
    return int(limit) - int(used) if limit.isdecimal() and used.isdecimal() else None


def make_worker_id() -> str:
    """Names the process so that another one on the same machine can tell whether it still lives."""
    pid = os.getpid()
    return f"{socket.gethostname()[:40]}:{_home()}:{pid}:{_start_ticks(pid)}:{secrets.token_hex(4)}"


def is_dead(worker_id: str) -> bool:
    """True only when the process was on this machine, in this container, and is gone for certain."""
    try:
        _host, home, pid, ticks, _random = worker_id.rsplit(":", 4)
    except ValueError:
        return False
    return home != "" and home == _home() and _start_ticks(int(pid)) != ticks


def _home() -> str:
    """The boot and the pid namespace we are in; empty where /proc does not tell."""
    boot = _read("/proc/sys/kernel/random/boot_id").strip()[:13]
    try:
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return ""
    return f"{boot}.{namespace}" if boot else ""


def _start_ticks(pid: int) -> str:
    """When a process started; empty when it is gone or only a zombie is left."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else ""  # noqa: PLR2004 - proc(5)


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
