"""A small service of the tests: `python -m deps.executor.tests.service_program '<json>'`."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from executor.adapters.celery.worker import WorkerParts, WorkerPlan, run_worker
from executor.adapters.files.results import FolderResultStore
from executor.assembly import open_engine
from executor.common.executions import Outcome
from executor.common.settings import ExecutorSettings
from executor.http.errors import EXECUTION_ERRORS
from executor.http.routes import execution_routes
from executor.ports.handler import Handler, Run
from executor.ports.monitoring import NoMonitoring
from servicekit.http import make_app
from servicekit.server import serve


class Effects(Handler):
    """Leaves a line at its start and one at its end, so that every run can be accounted for."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def run(self, run: Run) -> Outcome:
        self._note(run, "start")
        await asyncio.sleep(run.parameters.get("sleep_s", 0))
        self._note(run, "end")
        return Outcome({"n": run.parameters.get("n")})

    def _note(self, run: Run, what: str) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{run.execution_id} {run.attempt} {what}\n".encode())
        os.close(descriptor)


async def serve_it(asked: dict[str, Any]) -> None:
    async with open_engine(
        ExecutorSettings(**asked["settings"]),
        database_url=asked["database_url"],
        handlers={"work": Effects(asked["effects"])},
        results=Path(asked["results"]),
    ) as engine:
        app = make_app(
            execution_routes(engine), name="toy", version="1", description="A toy.", errors=EXECUTION_ERRORS
        )
        await serve(app, host="127.0.0.1", port=asked["port"], drain_s=1)


def work(asked: dict[str, Any]) -> None:
    @asynccontextmanager
    async def parts() -> AsyncIterator[WorkerParts]:
        yield WorkerParts(
            {"work": Effects(asked["effects"])}, FolderResultStore(Path(asked["results"])), NoMonitoring()
        )

    settings = ExecutorSettings(**asked["settings"])
    run_worker(WorkerPlan(settings, asked["database_url"], parts, slots=2, pool="prefork"))


if __name__ == "__main__":
    logging.basicConfig(level="WARNING", format="%(process)d %(name)s %(message)s")
    given = json.loads(sys.argv[1])
    if given["role"] == "worker":
        work(given)
    else:
        asyncio.run(serve_it(given))
