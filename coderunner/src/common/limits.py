"""What one run may use; every bound has a default, an operator's maximum and a per-request value."""

from dataclasses import dataclass

MEGABYTE = 1024**2


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one run, all of its processes together."""

    wall_s: float
    cpu_s: int
    cpu_share: float  # cores at once; 0: as many as there are
    memory_bytes: int
    processes: int
    open_files: int
    disk_bytes: int
    disk_inodes: int
    stdout_bytes: int
    stderr_bytes: int
    value_bytes: int
    outputs: int
    output_bytes: int


@dataclass(frozen=True, slots=True)
class LimitHit:
    """The bound that ended a run, its value and what was used, in the bound's own unit."""

    name: str
    value: float
    used: float
    unit: str
