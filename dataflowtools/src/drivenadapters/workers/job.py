"""What a job function is given on the worker's side."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO


@dataclass(slots=True)
class Job:
    """The open files, the scratch folder and the limits of the one job that a worker runs now."""

    files: Sequence[BinaryIO]
    scratch: Path
    timeout_s: float
    memory_bytes: int
    report_progress: Callable[[float, str], None]
    blobs: list[bytes] = field(default_factory=list)
    started_s: float = field(default_factory=time.monotonic)

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell the caller how far the job is."""
        self.report_progress(fraction, message)

    @property
    def remaining_s(self) -> float:
        """Seconds until the worker is killed, for jobs that can end early with a part of the answer."""
        return self.timeout_s - (time.monotonic() - self.started_s)
