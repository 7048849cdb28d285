"""The values of the pool: families of workers, results and reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class WorkerFamily:
    """One kind of worker: what it can do, what it imports first and what it may use."""

    name: str
    jobs: Mapping[str, str]
    warm_up: Sequence[str] = ()
    size: int = 2
    queue_limit: int = 64
    queue_timeout_s: float = 30.0
    memory_bytes: int = 1024 * MEBIBYTE
    result_bytes: int = 256 * MEBIBYTE
    file_bytes: int = 1024 * MEBIBYTE
    open_files: int = 128
    processes: int = 64
    recycle_after_jobs: int = 200
    growth_bytes: int = 256 * MEBIBYTE
    idle_s: float = 900.0
    environment: Mapping[str, str] = field(default_factory=dict)
    read_paths: Sequence[str] = ()
    may_execute: bool = False


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job gave back: a JSON value and any number of byte strings."""

    value: Any
    blobs: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class JobReport:
    """What one job cost and how it ended: `ok`, or the code of its error."""

    family: str
    job: str
    outcome: str
    queue_s: float
    run_s: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class FamilyReport:
    """What the workers of one family are doing now."""

    family: str
    size: int
    running: int
    idle: int
    waiting: int
    started: int
    layers: tuple[str, ...]
    missing_layers: tuple[str, ...]
