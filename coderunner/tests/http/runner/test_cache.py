"""The result cache and the durable history of POST /api/runner/execute."""

import asyncio
import os
import secrets
import signal
import sqlite3

import pytest

from coderunner.tests.running import running_service
from servicekit.testing import Client

REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
UNIQUE = "import uuid\nstr(uuid.uuid4())"


async def run(client, code=UNIQUE, cache=None, **body):
    headers = {"Cache-Control": cache} if cache else {}
    body = {"code": code, "security_level": "isolated", **body}
    reply = await client.request("POST", "/api/runner/execute", json=body, headers=headers, timeout_s=60)
    assert reply.status == 200, reply.body[:1000]
    return reply.headers["X-Cache"], reply.headers.get("Age"), reply.json()["value"]


async def test_nothing_is_cached_unless_a_request_asks(client):
    first, second = await run(client), await run(client)
    assert (first[0], second[0], first[1]) == ("BYPASS", "BYPASS", None)
    assert first[2] != second[2]


async def test_a_request_says_how_old_a_reply_may_be(client):
    code = f"{UNIQUE} + {secrets.token_hex(4)!r}"
    status, age, value = await run(client, code, "max-age=60")
    assert (status, age) == ("MISS", None)
    status, age, again = await run(client, code, "max-age=60")
    assert (status, again) == ("HIT", value)
    assert 0 <= int(age) <= 60
    status, _, fresh = await run(client, code, "no-cache")
    assert status == "MISS"
    assert fresh != value
    assert (await run(client, code, "max-age=60"))[2] == fresh
    status, _, apart = await run(client, code, "no-store")
    assert status == "BYPASS"
    assert apart not in {value, fresh}
    assert (await run(client, code, "max-age=60", stdin="x"))[0] == "MISS"


async def test_the_same_at_the_same_time_runs_once(client):
    code = f"import time\ntime.sleep(0.3)\n{UNIQUE} + {secrets.token_hex(4)!r}"
    replies = await asyncio.gather(*(run(client, code, "max-age=60") for _ in range(10)))
    assert len({value for _, _, value in replies}) == 1


async def test_a_cached_stream_is_an_ordinary_stream(client):
    headers = {"Cache-Control": "max-age=60", "Accept": "text/event-stream"}
    reply = await client.request("POST", "/api/runner/execute", json={"code": "print(1)"}, headers=headers)
    assert b"event: result" in reply.body


@pytest.fixture(scope="module")
def durable():
    """Two services that cache by setting, in one Redis; the first has a durable history."""
    shared = {
        "STEPFLOW_EXECUTOR_CACHE": "true",
        "STEPFLOW_EXECUTOR_REDIS_URL": REDIS_URL,
        "STEPFLOW_EXECUTOR_QUEUE_PREFIX": f"test-{secrets.token_hex(4)}",
        "POOL_SLIM_SIZE": "2",
        "POOL_DATA_SIZE": "1",
    }
    with (
        running_service(env={**shared, "DURABLE_HISTORY": "true"}) as first,
        running_service(env=shared) as second,
    ):
        yield first, second


async def test_services_share_replies_through_redis(durable):
    first, second = (Client(service.base_url) for service in durable)
    try:
        _, _, value = await run(first)
        assert (await run(second))[::2] == ("HIT", value)
        assert (await run(second, cache="no-store"))[2] != value
    finally:
        first.close()
        second.close()


async def test_a_durable_run_is_in_the_history_before_its_reply(durable):
    service = durable[0]
    client = Client(service.base_url)
    reply = await client.request(
        "POST", "/api/runner/execute", json={"code": "1"}, headers={"Cache-Control": "no-store"}
    )
    os.kill(service.pid, signal.SIGKILL)
    service.ended = True
    service.process.wait(60)
    client.close()
    rows = sqlite3.connect(service.data_dir / "coderunner.sqlite3")
    found = rows.execute(
        "SELECT status FROM python_executions WHERE execution_id = ?", (reply.json()["execution_id"],)
    )
    assert found.fetchall() == [("success",)]
    rows.close()
