"""Workers of the executor's benchmark: ours, plain Celery, plain Dramatiq; a task does nothing or runs `print(1)`."""

import json
import logging
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import redis


def noop(key: str) -> None:
    CONNECTION[0].incr(key)


def program(key: str) -> None:
    """A fresh process per run, as the sandbox has one, without any of its walls."""
    subprocess.run([sys.executable, "-I", "-S", "-c", "print(1)"], capture_output=True, check=True)
    CONNECTION[0].incr(key)


TASKS = {"noop": noop, "program": program}


def plain_celery(url: str, prefix: str) -> Any:
    from celery import Celery

    app = Celery("plain", broker=url, set_as_current=False)
    app.conf.update(
        task_default_queue=f"{prefix}.celery",
        task_ignore_result=True,
        broker_transport_options={"global_keyprefix": f"{prefix}."},
        task_acks_late=True,
    )

    for name, work in TASKS.items():
        app.task(work, name=name)
    return app


def plain_dramatiq(url: str, prefix: str) -> Any:
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(url=url, namespace=f"{prefix}.dramatiq")
    dramatiq.set_broker(broker)

    return {name: dramatiq.actor(work, actor_name=name) for name, work in TASKS.items()}


CONNECTION: list[Any] = []


def ours(asked: dict[str, Any]) -> None:
    from executor.adapters.celery.worker import WorkerParts, WorkerPlan, run_worker
    from executor.adapters.files.results import FolderResultStore
    from executor.common.executions import Outcome
    from executor.common.settings import ExecutorSettings
    from executor.ports.handler import Handler, Run
    from executor.ports.monitoring import NoMonitoring

    class Noop(Handler):
        async def run(self, run: Run) -> Outcome:
            return Outcome(run.attempt)

    @asynccontextmanager
    async def parts() -> Any:
        yield WorkerParts({"noop": Noop()}, FolderResultStore(Path(asked["results"])), NoMonitoring())

    settings = ExecutorSettings(**asked["settings"])
    run_worker(WorkerPlan(settings, asked["database_url"], parts, slots=asked["slots"], pool=asked["pool"]))


def main() -> None:
    logging.basicConfig(level="WARNING")
    asked = json.loads(sys.argv[1])
    if asked["which"] == "ours":
        ours(asked)
        return
    CONNECTION.append(redis.Redis.from_url(asked["redis_url"]))
    if asked["which"] == "celery":
        options = ["worker", "--concurrency", "2", "--pool", "prefork", "--loglevel", "ERROR"]
        plain_celery(asked["redis_url"], asked["prefix"]).worker_main(
            [*options, "--without-gossip", "--without-mingle"]
        )
        return
    from dramatiq import Worker, get_broker

    plain_dramatiq(asked["redis_url"], asked["prefix"])
    worker = Worker(get_broker(), worker_threads=8)
    worker.start()
    worker.join()
    __import__("threading").Event().wait()


if __name__ == "__main__":
    main()
