"""The pool of limited workers: every family of jobs that parse what strangers sent."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from prometheus_client import Counter, Histogram

from dataflowtools.src.bootstrap.analysis import analysis_limits
from dataflowtools.src.bootstrap.programs import families_for, installed_for
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.analysis.families import analysis_families
from dataflowtools.src.drivenadapters.documents import families as documents
from dataflowtools.src.drivenadapters.documents_out.families import writing_families
from dataflowtools.src.drivenadapters.ocr.families import seeing_families
from dataflowtools.src.drivenadapters.workers.families import JobReport, WorkerFamily
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from servicekit.health import Health
from servicekit.metrics import Metrics


def worker_families(settings: Settings) -> list[WorkerFamily]:
    """List every kind of worker; the modules named here import no parser."""
    families = [
        *documents.families(
            settings.document_workers,
            queue_limit=settings.document_queue,
            memory_bytes=settings.document_memory_bytes,
        ),
        *writing_families(
            settings.document_workers,
            queue_limit=settings.document_queue,
            memory_bytes=settings.document_memory_bytes,
        ),
        *families_for(settings),
        *seeing_families(picture_workers=settings.ocr_picture_workers, ocr_workers=settings.ocr_workers),
        *analysis_families(analysis_limits(settings), size=settings.analysis_workers),
    ]
    return [replace(family, idle_s=settings.worker_idle_s) for family in families]


async def open_workers(
    settings: Settings, resources: AsyncExitStack, health: Health, metrics: Metrics
) -> LimitedWorkers:
    """Make the pool, count its jobs, and close it at the end."""
    jobs = Counter(
        "dataflow_worker_jobs", "Jobs of limited workers.", ["job", "outcome"], registry=metrics.registry
    )
    seconds = Histogram(
        "dataflow_worker_job_seconds", "Time of jobs by part.", ["job", "part"], registry=metrics.registry
    )

    def count(report: JobReport) -> None:
        jobs.labels(report.job, report.outcome).inc()
        seconds.labels(report.job, "queue").observe(report.queue_s)
        seconds.labels(report.job, "run").observe(report.run_s)

    pool = await resources.enter_async_context(LimitedWorkers(worker_families(settings), on_job=count))

    async def report() -> Mapping[str, Any]:
        return {
            one.family: {
                "running": one.running,
                "idle": one.idle,
                "waiting": one.waiting,
                "layers": list(one.layers),
                "missing_layers": list(one.missing_layers),
            }
            for one in pool.report()
        }

    health.probe("workers", report)
    if settings.convert_warm_start and installed_for(settings).libreoffice is not None:
        pool.prepare("libreoffice.convert")
    if settings.ocr_warm_start:
        pool.prepare("rapidocr.recognise")
    return pool
