"""The kinds of workers that compute on tables and that draw."""

from dataflowtools.src.drivenadapters.workers.families import WorkerFamily
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits

_JOBS = "dataflowtools.src.drivenadapters.analysis.jobs"
_CHARTS = "dataflowtools.src.drivenadapters.analysis.charts.draw"
_EXTRA_BYTES = 64 << 20


def analysis_families(limits: AnalysisLimits, *, size: int = 2) -> list[WorkerFamily]:
    """List the families of this subject."""
    return [
        WorkerFamily(
            name="analysis",
            jobs={
                "analysis.analyze": f"{_JOBS}:analyze",
                "analysis.transform": f"{_JOBS}:transform",
                "analysis.validate": f"{_JOBS}:validate",
                "analysis.infer_schema": f"{_JOBS}:infer_schema",
                "analysis.to_arrow": f"{_JOBS}:to_arrow",
                "analysis.functions": f"{_JOBS}:functions",
            },
            warm_up=(f"{_JOBS}:warm_up",),
            size=size,
            memory_bytes=limits.memory_bytes,
            result_bytes=limits.inline_bytes * 2 + _EXTRA_BYTES,
            file_bytes=limits.file_bytes,
            open_files=256,
            processes=256,
            growth_bytes=512 << 20,
            read_paths=("/sys/fs/cgroup",),  # DuckDB aborts when it may not read its cgroup's limits
            environment={"POLARS_MAX_THREADS": "2", "POLARS_ALLOW_EXTENSION": "0"},
        ),
        WorkerFamily(
            name="charts",
            jobs={"charts.draw": f"{_CHARTS}:draw"},
            warm_up=(f"{_CHARTS}:warm_up",),
            size=1,
            memory_bytes=512 << 20,
            result_bytes=32 << 20,
        ),
    ]
