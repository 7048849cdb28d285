"""How much memory the service's host or container still has."""

import re
import time
from pathlib import Path

from coderunner.src.utils.small_files import read_small

_UNLIMITED = 1 << 60
_FRESH_S = 0.02
_AVAILABLE = re.compile(rb"^MemAvailable: +(\d+) kB$", re.MULTILINE)
_CGROUP_FILES = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


class HostMemory:
    """The least of what the kernel calls available and what the container's own limit leaves."""

    def __init__(self) -> None:
        self._limits = [pair for pair in _CGROUP_FILES if Path(pair[0]).exists()]
        self._seen_bytes = 0
        self._seen_s = -_FRESH_S

    def free_bytes(self) -> int:
        """What is free now, or was a moment ago: admission asks more often than the answer changes."""
        now_s = time.monotonic()
        if now_s - self._seen_s >= _FRESH_S:
            self._seen_bytes = min(_available(), *(_left(*pair) for pair in self._limits), _UNLIMITED)
            self._seen_s = now_s
        return self._seen_bytes


def _available() -> int:
    found = _AVAILABLE.search(read_small("/proc/meminfo"))
    return int(found[1]) * 1024 if found else _UNLIMITED


def _left(limit: str, used: str) -> int:
    try:
        most = read_small(limit).strip()
        return _UNLIMITED if most == b"max" else int(most) - int(read_small(used))
    except (OSError, ValueError):
        return _UNLIMITED  # no such limit here
