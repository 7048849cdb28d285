"""The engine that carries long work: one handler a kind, and the scope that each kind asks for."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from dataflowtools.src.common.settings import Settings
from dataflowtools.src.driveradapters.execution.convert_stored import ConvertStored
from dataflowtools.src.driveradapters.execution.parse_stored import ParseStored
from dataflowtools.src.driveradapters.execution.read_pictures import ReadPictures
from dataflowtools.src.driveradapters.execution.run_batches import RunBatches
from dataflowtools.src.driveradapters.routes import Uses
from executor.adapters.prometheus import PrometheusMonitoring
from executor.assembly import open_engine
from executor.core.engine import ExecutionEngine
from executor.core.permissions import ScopePermissions
from executor.ports.handler import Handler
from rowkit.database import SqlDatabase
from servicekit.health import Health
from servicekit.metrics import Metrics

SCOPES = {"parse": "documents", "ocr": "documents", "convert": "documents", "batch": "documents"}


def handlers_of(settings: Settings, uses: Uses) -> Mapping[str, Handler]:
    """What carries out each kind, here and in workers; a new kind needs its line here and in SCOPES."""
    inline_bytes = settings.result_inline_bytes
    seeing = uses.seeing
    return {
        "parse": ParseStored(uses.documents.parse_document, inline_bytes=inline_bytes),
        "convert": ConvertStored(uses.converting.convert_file),
        "batch": RunBatches(uses.batches.run_batch, uses.batches.operations),
        "ocr": ReadPictures(seeing.extract_text, seeing.open_file, inline_bytes=inline_bytes),
    }


def results_folder(settings: Settings) -> Path:
    """Where large results are kept unless a bucket is named."""
    return settings.data_dir / "results"


async def open_executions(
    settings: Settings,
    database: SqlDatabase,
    resources: AsyncExitStack,
    health: Health,
    *,
    metrics: Metrics,
    handlers: Mapping[str, Handler],
) -> ExecutionEngine:
    """A running engine with this service's kinds, in this service's database."""
    engine = await resources.enter_async_context(
        open_engine(
            _bounded(settings),
            database_url=database.engine.url.render_as_string(hide_password=False),
            handlers=handlers,
            results=results_folder(settings),
            permissions=ScopePermissions(SCOPES),
            monitoring=PrometheusMonitoring(metrics.registry),
            drain_s=settings.drain_s,
        )
    )
    for loop in engine.loops:
        health.watch(f"executions_{loop.get_name()}", loop)
    return engine


def _bounded(settings: Settings) -> Settings:
    """Start no more of a kind than there are processes for it: their time would run out in the workers' line."""
    if settings.executor_backend == "celery":  # each worker command says how many it carries
        return settings
    processes = {
        "parse": settings.document_workers,
        "ocr": settings.ocr_workers,
        "convert": settings.convert_workers,
        "batch": settings.convert_workers,
    }
    caps = {kind: count + 1 for kind, count in processes.items()}  # one more has its file at hand
    return settings.model_copy(update={"max_running_per_kind": {**caps, **settings.max_running_per_kind}})
