"""A job as a worker would hand it over."""

import io
from pathlib import Path

from dataflowtools.src.drivenadapters.workers.job import Job


def job_with(*files: bytes) -> Job:
    return Job([io.BytesIO(file) for file in files], Path("/nonexistent"), 60.0, 1 << 30, lambda *_: None)
