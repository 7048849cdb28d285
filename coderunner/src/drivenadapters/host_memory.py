"""How much memory the service's host or container still has."""

from pathlib import Path

_UNLIMITED = 1 << 60
_CGROUP_FILES = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


def free_memory_bytes() -> int:
    """The least of what the kernel calls available and what the container's own limit leaves."""
    return min(_available(), *(_left(limit, used) for limit, used in _CGROUP_FILES))


def _available() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return _UNLIMITED


def _left(limit: Path, used: Path) -> int:
    try:
        most = limit.read_text().strip()
        return _UNLIMITED if most == "max" else int(most) - int(used.read_text())
    except (OSError, ValueError):
        return _UNLIMITED  # no such limit here
