"""The service and its worker command as processes that share MariaDB, Redis and a bucket, and no folder."""

import secrets
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import redis

from dataflowtools.tests.http_service import stored
from dataflowtools.tests.real_servers import fresh_mysql_name, missing, s3_server
from servicekit.testing import spawn_service

ROOT = Path(__file__).resolve().parents[3]
ARGV = [sys.executable, str(ROOT / "dataflowtools" / "src" / "main.py")]
REDIS_URL = "redis://127.0.0.1:6379/0"
HANG_S = 60.0


@asynccontextmanager
async def service_and_worker(folder):
    prefix = f"dataflow-test-{secrets.token_hex(6)}"
    try:
        with redis.Redis.from_url(REDIS_URL) as client:
            client.ping()
    except redis.RedisError:
        missing("Redis")
    with s3_server() as bucket, fresh_mysql_name() as database:
        environment = {
            "STEPFLOW_SCHEDULER_MAX_LOAD_PER_CORE": "1000",
            "STEPFLOW_SCHEDULER_MIN_FREE_MEMORY": "0",
            "DB_HOST": "127.0.0.1",
            "DB_NAME": database,
            "FILE_STORE": "s3",
            "STEPFLOW_EXECUTOR_RESULT_STORE": "s3",
            "S3_ENDPOINT_URL": bucket,
            "S3_ACCESS_KEY": "test",
            "S3_SECRET_KEY": "test",
            "EXECUTOR_BACKEND": "celery",
            "STEPFLOW_EXECUTOR_BROKER_URL": REDIS_URL,
            "STEPFLOW_EXECUTOR_QUEUE_PREFIX": prefix,
            "STEPFLOW_EXECUTOR_RESULT_INLINE_BYTES": "100",
        }
        try:
            async with (
                spawn_service(ARGV, env={**environment, "DATA_DIR": str(folder / "a")}) as service,
                spawn_service(
                    [*ARGV, "worker"], env={**environment, "DATA_DIR": str(folder / "b")}
                ) as worker,
            ):
                yield service, worker
        finally:
            with redis.Redis.from_url(REDIS_URL) as client:
                for key in client.scan_iter(f"{prefix}*"):
                    client.delete(key)


async def test_a_document_is_parsed_on_the_worker_and_its_result_streamed_by_the_service(tmp_path):
    text = "many words\n" * 1000
    async with service_and_worker(tmp_path) as (service, worker):
        file_id = (await stored(service, "a.txt", text.encode()))["file_id"]
        body = {"kind": "parse", "request": {"file_id": file_id, "format": "text"}, "wait": 60}
        reply = await service.request("POST", "/api/executions", json=body, timeout_s=HANG_S)
        counted = (await worker.request("GET", "/metrics")).body.decode()
        worker.process.send_signal(signal.SIGTERM)
        ended = await worker.process.wait()

    assert (reply.status, reply.json()["status"]) == (200, "succeeded"), reply.body
    assert reply.json()["output"]["content"].split() == text.split()
    assert 'stepflow_executions_total{kind="parse",status="succeeded"} 1.0' in counted
    assert ended == 0
