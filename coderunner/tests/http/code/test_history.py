"""What is remembered and counted of runs, and the security status of one."""

import asyncio
import json
import secrets
from datetime import UTC, datetime

import pytest

from servicekit.testing import Client, assert_problem

HISTORY = "/api/code/executions"


@pytest.fixture
async def client(service):
    client = Client(service.base_url)
    yield client
    client.close()


async def run(client, code, **body):
    reply = await client.request("POST", "/api/runner/execute", json={"code": code, **body}, timeout_s=60)
    assert reply.status == 200, reply.body[:1000]
    return reply.json()


async def listed(client, count, query):
    """The rows, once there are as many: they come at most 200 ms after the replies."""
    async with asyncio.timeout(30):
        while True:
            found = (await client.request("GET", f"{HISTORY}?{query}")).json()
            if len(found["items"]) >= count:
                return found
            await asyncio.sleep(0.05)


async def test_runs_are_found_by_verdict_function_and_time_page_by_page(client):
    name = f"f_{secrets.token_hex(4)}"
    before = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    for parameters in ({"n": 1}, {"n": 2}, {"n": 0}):
        await run(client, f"def {name}(n): return 1 / n", function_name=name, parameters=parameters)
    found = await listed(client, 3, f"function_name={name}")
    assert [item["parameters"]["n"] for item in found["items"]] == [0, 2, 1]
    first = await listed(client, 2, f"function_name={name}&limit=2")
    rest = await listed(client, 1, f"function_name={name}&limit=2&cursor={first['next_cursor']}")
    assert ([item["parameters"]["n"] for item in rest["items"]], rest["next_cursor"]) == ([1], None)
    failed = await listed(client, 1, f"function_name={name}&status=error&since={before}")
    assert [item["exceptions"][0]["type"] for item in failed["items"]] == ["ZeroDivisionError"]
    assert (await listed(client, 0, f"function_name={name}&until={before}"))["items"] == []
    counted = (await client.request("GET", f"/api/code/metrics?function_name={name}")).json()
    assert counted["executions_by_status"] == {"success": 2, "error": 1}
    assert (counted["total_executions"], counted["failed_executions"]) == (3, 1)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("cursor=x", 400, "invalid_cursor"),
        ("cursor=eyJhIjoxfQ", 400, "invalid_cursor"),
        ("cursor=eyJiZWZvcmUiOiJ4In0", 400, "invalid_cursor"),
        ("limit=0", 422, "validation_failed"),
        ("since=yesterday", 422, "validation_failed"),
        ("tool_id=x", 422, "validation_failed"),
    ],
)
async def test_a_question_that_is_wrong_is_told(client, query, status, code):
    assert_problem(await client.request("GET", f"{HISTORY}?{query}"), status, code)


async def test_one_run_and_its_refusals_are_found_by_name(client):
    name = (await run(client, "import os\nimport subprocess"))["execution_id"]
    await listed(client, 1, "status=policy_violation")
    row = (await client.request("GET", f"{HISTORY}/{name}")).json()
    assert (row["status"], [error["line"] for error in row["exceptions"]]) == ("policy_violation", [1, 2])
    status = (await client.request("GET", f"{HISTORY}/{name}/security")).json()
    assert (status["state"], status["status"], len(status["violations"])) == (
        "finished",
        "policy_violation",
        2,
    )
    for path in (f"{HISTORY}/exec_unknown", f"{HISTORY}/exec_unknown/security"):
        assert_problem(await client.request("GET", path), 404, "execution_not_found")


async def test_a_run_is_watched_while_it_runs(client, service):
    code = "print('here', flush=True)\nwhile True: pass"
    reader, writer = await asyncio.open_connection("127.0.0.1", int(service.base_url.rpartition(":")[2]))
    raw = json.dumps({"code": code, "security_level": "isolated", "timeout": 20}).encode()
    writer.write(
        b"POST /api/runner/execute HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(raw), raw)
    )
    async with asyncio.timeout(60):
        told = b""
        while b"event: stdout" not in told:
            told += await reader.read(4096)
    name = told.partition(b'"execution_id":"')[2].partition(b'"')[0].decode()
    status = (await client.request("GET", f"{HISTORY}/{name}/security")).json()
    assert (status["state"], status["status"]) == ("running", None)
    assert (status["security_level"], status["isolation"]) == ("isolated", "complete")
    assert (status["limits"]["wall_s"], status["elapsed_ms"] > 0) == (20, True)
    writer.close()
    await writer.wait_closed()
    async with asyncio.timeout(60):
        while (await client.request("GET", f"{HISTORY}/{name}/security")).status == 200:
            await asyncio.sleep(0.05)


async def test_runs_are_counted_for_prometheus(client):
    await run(client, "1/0", security_level="isolated")
    await client.request(
        "POST", "/api/runner/execute", json={"code": "1"}, headers={"Cache-Control": "max-age=1"}
    )
    text = (await client.request("GET", "/metrics")).body.decode()
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("coderunner_"))
    assert float(lines['coderunner_executions_total{level="isolated",status="error"}']) >= 1
    count = float(lines['coderunner_execution_duration_seconds_count{status="error"}'])
    assert (
        count == float(lines['coderunner_execution_duration_seconds_bucket{le="+Inf",status="error"}']) >= 1
    )
    assert float(lines['coderunner_result_cache_total{status="miss"}']) >= 1
    assert float(lines["coderunner_environments"]) >= 0


@pytest.mark.parametrize("what", ["executions", "modules", "installed", "metrics"])
async def test_a_number_is_no_moment(client, what):
    for query in ("since=20261121", "until=0.5"):
        problem = assert_problem(
            await client.request("GET", f"/api/code/{what}?{query}"), 422, "validation_failed"
        )
        assert problem["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"
