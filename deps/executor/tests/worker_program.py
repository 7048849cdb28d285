"""A worker process of the tests: `python -m deps.executor.tests.worker_program '<json>'`."""

import json
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from deps.executor.tests.toys import Echo, Script
from executor.adapters.celery.worker import WorkerParts, WorkerPlan, run_worker
from executor.adapters.files.results import FolderResultStore
from executor.common.settings import ExecutorSettings
from executor.ports.monitoring import NoMonitoring


def plan_of(asked: dict[str, Any]) -> WorkerPlan:
    @asynccontextmanager
    async def parts() -> AsyncIterator[WorkerParts]:
        handlers = {"echo": Echo(), "script": Script()}
        yield WorkerParts(handlers, FolderResultStore(Path(asked["results"])), NoMonitoring())

    return WorkerPlan(
        settings=ExecutorSettings(**asked["settings"]),
        database_url=asked["database_url"],
        parts=parts,
        slots=asked["slots"],
        pool=asked["pool"],
    )


if __name__ == "__main__":
    logging.basicConfig(level="INFO", format="%(process)d %(name)s %(message)s")
    run_worker(plan_of(json.loads(sys.argv[1])))
