"""The service and its worker command as processes, with RabbitMQ between them and MariaDB below."""

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys

import pymysql
import pytest
import redis
from kombu import Connection

from coderunner.tests.running import MAIN, ROOT, running_service
from servicekit.testing import Client

HANG_S = 60.0
MYSQL = {"host": "127.0.0.1", "port": 3306, "user": "root", "password": ""}
REDIS_URL = "redis://127.0.0.1:6379/0"
AMQP_URL = "amqp://guest:guest@127.0.0.1:5672//"
TRACE = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


@contextlib.contextmanager
def many_machines():
    """The environment of a service and its workers that share a database, a broker and nothing else."""
    name = f"coderunner_test_{secrets.token_hex(6)}"
    try:
        admin = pymysql.connect(**MYSQL, autocommit=True)
        redis.Redis.from_url(REDIS_URL).ping()
    except (pymysql.err.OperationalError, redis.RedisError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"MariaDB and Redis are needed: {error}")
    try:
        yield {
            "DB_HOST": MYSQL["host"],
            "DB_NAME": name,
            "DB_PASSWORD": "",
            "EXECUTOR_BACKEND": "celery",
            "STEPFLOW_EXECUTOR_BROKER_URL": AMQP_URL,
            "STEPFLOW_EXECUTOR_REDIS_URL": REDIS_URL,
            "STEPFLOW_EXECUTOR_QUEUE_PREFIX": name,
            "STEPFLOW_EXECUTOR_LEASE": "6",
            "POOL_DATA_SIZE": "1",
        }
    finally:
        with admin, admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        _remove_queue(name)


def _remove_queue(name):
    with Connection(AMQP_URL) as connection, connection.channel() as channel:
        channel.queue_delete(f"{name}.executions")


@pytest.fixture(scope="module")
def pair():
    """A service that runs nothing itself, and its worker."""
    with (
        many_machines() as environment,
        running_service(env=environment) as service,
        running_service(env=environment, command=["worker"]) as worker,
    ):
        yield service, worker


@pytest.fixture
async def client(pair):
    client = Client(pair[0].base_url)
    yield client
    client.close()


async def submit(client, code, **options):
    body = {"kind": "python", "request": {"code": code, "security_level": "isolated"}, "options": options}
    reply = await client.request("POST", "/api/executions", json=body, headers={"traceparent": TRACE})
    assert reply.status == 202, reply.body
    return reply.headers["Location"]


async def until(client, place, *statuses):
    async with asyncio.timeout(HANG_S):
        while (state := (await client.request("GET", place)).json())["status"] not in statuses:
            await asyncio.sleep(0.05)
        return state


async def test_a_program_runs_on_the_worker_and_is_followed_at_the_service(client, pair):
    place = await submit(client, "print('hello')\n6 * 7")
    state = await until(client, place, "succeeded", "failed")
    result = (await client.request("GET", f"{place}/result")).json()
    events = (await client.request("GET", f"{place}/events", timeout_s=HANG_S)).body.decode()
    workers = (await client.request("GET", "/api/pool")).json()["workers"]
    told = Client(pair[1].base_url)
    counted = (await told.request("GET", "/metrics")).body.decode()
    told.close()

    assert state["status"] == "succeeded", state
    assert (result["output"]["stdout"], result["output"]["value"]) == ("hello\n", 42)
    assert "hello" in events
    assert [(one["state"], one["healthy"]) for one in workers] == [("ready", True)]
    assert 'stepflow_executions_total{kind="python",status="succeeded"} 1.0' in counted
    spans = [json.loads(line) for line in pair[1].log.splitlines() if '"attempt ended"' in line]
    assert [(one["trace_id"], one["parent_span_id"]) for one in spans] == [
        ("a" * 32, spans[0]["parent_span_id"])
    ]
    assert spans[0]["span_id"] != spans[0]["parent_span_id"]


async def test_what_runs_on_the_worker_is_cancelled_at_the_service(client):
    place = await submit(client, "import time\nprint('on', flush=True)\ntime.sleep(600)", timeout_s=1200)
    await until(client, place, "running")
    await client.request("POST", f"{place}/cancel", timeout_s=HANG_S)
    assert (await until(client, place, "cancelled", "failed", "succeeded"))["status"] == "cancelled"


async def test_a_worker_that_is_stopped_ends_its_run_first_and_says_goodbye(client, pair):
    place = await submit(client, "import time\ntime.sleep(2)\nprint('done')")
    await until(client, place, "running")
    assert await asyncio.to_thread(pair[1].stop, deadline_s=HANG_S) == 0
    assert (await until(client, place, "succeeded", "failed"))["status"] == "succeeded"
    assert (await client.request("GET", "/api/pool")).json()["workers"] == []


def test_a_worker_beside_an_embedded_service_is_refused_with_the_reason(tmp_path):
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", MAIN, "worker"],
        env=environment, cwd=ROOT, capture_output=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert b"EXECUTOR_BACKEND=celery" in done.stderr
