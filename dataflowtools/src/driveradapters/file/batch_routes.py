"""The URL of batches."""

from dataclasses import dataclass

from dataflowtools.src.driveradapters.file.batch_handler import BatchHandler
from dataflowtools.src.logics.file.batch.operations import BatchOperations
from dataflowtools.src.logics.file.batch.run_batch import RunBatch
from executor.core.engine import ExecutionEngine
from servicekit.http import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchUses:
    """The use case behind batches, and what makes their operations."""

    run_batch: RunBatch
    operations: BatchOperations


def batch_routes(uses: BatchUses, engine: ExecutionEngine) -> list[Route]:
    """List the routes."""
    batches = {"engine": engine, "base": "/api", "operations": uses.operations}
    return [Route("/api/file/batch", BatchHandler, batches)]
