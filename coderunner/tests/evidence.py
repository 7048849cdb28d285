"""What the host shows of a service: processes, mounts, descriptors, files, sockets; nothing here asks a program."""

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coderunner.tests.running import Running

_RANGES_START = 1 << 30  # host users of runs begin here
_SHARED_FOLDERS = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/run/lock"))
_SETTLE_S = 60


def until(condition: Callable[[], Any], what: str, *, deadline_s: float = 40) -> Any:
    """The first true answer; fails with `what` after the deadline."""
    deadline = time.monotonic() + deadline_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {deadline_s} s: {what}"
        time.sleep(0.01)  # the host tells nobody when a process or mount goes
    return found


def processes_of(pid: int) -> list[int]:
    """All descendants of a process, itself left out."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (parent := parent_of(int(entry))) is not None:
            parents.setdefault(parent, []).append(int(entry))
    found, line = [], [pid]
    while line:
        children = parents.get(line.pop(), [])
        found += children
        line += children
    return found


def parent_of(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def users_of_runs(service: Running) -> range:
    """The host users that a service started by root gives to its runs."""
    start = _RANGES_START + (service.pid % (1 << 21)) * 1024
    return range(start, start + 1024)


def processes_owned_by(users: range) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if entry.isdigit() and os.stat(f"/proc/{entry}").st_uid in users:
                found.append(int(entry))
    return found


def files_owned_by(users: range) -> list[str]:
    """Files of the runs' users in the folders where anybody may write."""
    found = []
    for folder in _SHARED_FOLDERS:
        if folder.is_dir():
            found += [entry.path for entry in os.scandir(folder) if _owner(entry.path) in users]
    return found


def _owner(path: str) -> int:
    try:
        return os.lstat(path).st_uid
    except OSError:
        return -1


def sockets_of(users: range) -> list[str]:
    """Lines of the host's socket tables that belong to these users."""
    lines = []
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        with contextlib.suppress(OSError):
            entries = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
            lines += [f"{table} {line}" for line in entries if int(line.split()[7]) in users]
    return lines


def ipc_of(users: range) -> list[str]:
    """System V objects on the host that belong to these users."""
    lines = []
    for table in ("shm", "sem", "msg"):
        path = Path(f"/proc/sysvipc/{table}")
        text = path.read_text().splitlines()[1:] if path.exists() else []
        lines += [
            line for line in text if any(int(field) in users for field in line.split() if field.isdigit())
        ]
    return lines


def own_cgroups(service: Running) -> frozenset[str]:
    """Control groups of the service's runs."""
    own = f"/coderunner-{service.pid}/"
    walks = os.walk("/sys/fs/cgroup")  # it passes over what goes while we look
    return frozenset(
        path for parent, folders, _ in walks for name in folders if own in (path := f"{parent}/{name}")
    )


@dataclass(frozen=True, slots=True)
class Traces:
    """What must be the same before and after a run, the parked children taken away."""

    stray_processes: int
    service_fds: int
    mounts: str
    cgroups: frozenset[str]
    temp_files: frozenset[str]
    foreign: tuple[str, ...]


def traces(service: Running) -> Traces:
    """What the host shows when no run is left: two looks that agree."""
    found: list[Traces] = []

    def steady() -> bool:
        now = _look(service)
        found.extend([now] if now else [])
        return now is not None and found[-2:] == [now, now]

    until(steady, f"no run's traces are left (last seen: {found[-1:]})", deadline_s=_SETTLE_S)
    return found[-1]


def assert_nothing_left(service: Running, before: Traces) -> None:
    """Every process, descriptor, mount, cgroup, file and socket of the runs is gone."""
    last: list[Traces | None] = [None]

    def gone() -> bool:
        last[0] = _look(service)
        return last[0] == before

    try:
        until(gone, "", deadline_s=_SETTLE_S)
    except AssertionError:
        assert last[0] is not None, f"runs still go on: {service.sandbox()}"
        for part in Traces.__slots__:
            assert getattr(last[0], part) == getattr(before, part), f"something was left behind: {part}"
        raise


def _look(service: Running) -> Traces | None:
    """One look; None while something still moves."""
    sandbox = service.sandbox()
    pools = sandbox.get("pools", {})
    children = sum(pool["children"] for pool in pools.values())
    if not pools or children != sum(pool["parked"] for pool in pools.values()):
        return None
    each = 2 if _namespaced(sandbox) else 1  # a namespace's first process and the program
    expected = each * (children + len(pools))
    family = len(processes_of(service.pid)) - expected
    users = users_of_runs(service)
    if _starts_as_root(service):
        family = max(family, len(processes_owned_by(users)) - expected)
    return Traces(
        stray_processes=family,
        service_fds=_lasting_fds(service.pid) - (3 + each) * children,
        mounts=Path(f"/proc/{service.pid}/mountinfo").read_text(),
        cgroups=own_cgroups(service),
        temp_files=frozenset(_tree(service.temp_dir)) - frozenset(_boxes_of_parked(service)),
        foreign=(*files_owned_by(users), *sockets_of(users), *ipc_of(users)),
    )


def _namespaced(sandbox: Mapping[str, Any]) -> bool:
    return any(layer["name"] == "pid" and layer["on"] for layer in sandbox["layers"])


def _starts_as_root(service: Running) -> bool:
    return os.stat(f"/proc/{service.pid}").st_uid == 0


def _lasting_fds(pid: int) -> int:
    """Descriptors that are no connection of a client."""
    folder = Path(f"/proc/{pid}/fd")
    clients = _client_sockets()
    count = 0
    for entry in os.listdir(folder):
        with contextlib.suppress(OSError):
            count += os.readlink(folder / entry) not in clients
    return count


def _client_sockets() -> frozenset[str]:
    """Established TCP connections, as /proc names sockets."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return frozenset(f"socket:[{fields[9]}]" for fields in map(str.split, lines) if fields[3] != "0A")


def _tree(folder: Path) -> list[str]:
    """Everything beneath a folder; what goes while we look is not there."""
    found = []
    for parent, folders, files in os.walk(folder):
        if "__pycache__" not in parent:
            found += [os.path.join(parent, name) for name in (*folders, *files) if name != "__pycache__"]
    return found


def _boxes_of_parked(service: Running) -> list[str]:
    """Without namespaces each parked child has its box on the disk."""
    alive = {str(pid) for pid in processes_of(service.pid)}
    boxes = [box for box in service.temp_dir.glob("coderunner-boxes-*/*/*") if box.name in alive]
    return [path for box in boxes for path in (str(box), *_tree(box))]


def folder_state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Names, modes and content of a folder that nobody may touch."""
    return {
        str(path): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }
