"""Runs that nobody waits for: executions of kind `python` against the real service."""

import asyncio

import pytest

from servicekit.testing import assert_problem


async def submit(client, status=202, **request):
    body = {"kind": "python", "request": request}
    reply = await client.request("POST", "/api/executions", json=body)
    assert reply.status == status, reply.body
    return reply


async def ended(client, place):
    async with asyncio.timeout(60):
        while True:
            state = (await client.request("GET", place)).json()
            if state["status"] not in {"queued", "running", "retrying"}:
                return state
            await asyncio.sleep(0.05)


async def test_a_program_runs_as_an_execution(client):
    reply = await submit(client, code="print('hello')\n6 * 7", security_level="isolated")
    state = await ended(client, reply.headers["Location"])
    assert state["status"] == "succeeded", state
    result = (await client.request("GET", f"{reply.headers['Location']}/result")).json()
    assert "hello" in str(result)
    assert "42" in str(result)


async def test_a_failing_program_is_a_failed_execution_with_its_verdict(client):
    reply = await submit(client, code="1/0")
    state = await ended(client, reply.headers["Location"])
    assert (state["status"], state["verdict"]) == ("failed", "error")


async def test_a_running_program_is_cancelled(client):
    reply = await submit(client, code="import time\ntime.sleep(60)", security_level="isolated", timeout=60)
    place = reply.headers["Location"]
    await client.request("POST", f"{place}/cancel")
    assert (await ended(client, place))["status"] == "cancelled"


async def test_a_body_that_is_no_program_is_refused_before_it_is_accepted(client):
    body = {"kind": "python", "request": {"code": 1}}
    problem = assert_problem(
        await client.request("POST", "/api/executions", json=body), 422, "invalid_parameters"
    )
    assert problem["errors"][0]["pointer"] == "/request/code"


async def test_the_options_limit_the_run_and_a_timeout_of_the_body_holds(client):
    options = {"resource_limits": {"memory_bytes": 200 << 20, "cpu_time_s": 7, "output_bytes": 4}}
    body = {
        "kind": "python",
        "request": {"code": "print('x' * 100)", "security_level": "isolated", "timeout": 400},
        "options": options,
    }
    reply = await client.request("POST", "/api/executions", json=body)
    state = await ended(client, reply.headers["Location"])
    result = (await client.request("GET", f"{reply.headers['Location']}/result")).json()

    assert state["verdict"] == "output_exceeded"
    assert result["output"]["limit"]["value"] == 4


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"resource_limits": {"memory_bytes": 1 << 50}}, "/options/resource_limits/memory_bytes"),
        ({"isolation": {"memory_limit_bytes": 1 << 50}}, "/options/resource_limits/memory_bytes"),
        ({"isolation": {"network_limit": False}}, "/options/isolation/network_limit"),
        ({"isolation": {"file_system_limit": False}}, "/options/isolation/file_system_limit"),
    ],
)
async def test_what_the_options_may_not_ask_for_is_refused_by_name(client, options, pointer):
    body = {"kind": "python", "request": {"code": "1"}, "options": options}
    reply = await client.request("POST", "/api/executions", json=body)
    assert assert_problem(reply, 422, "invalid_parameters")["errors"][0]["pointer"] == pointer


async def test_how_a_program_ended_is_in_the_log(client):
    reply = await submit(client, code="1/0")
    await ended(client, reply.headers["Location"])
    [line] = (await client.request("GET", f"{reply.headers['Location']}/logs")).json()["items"]
    assert (line["level"], line["message"]) == ("error", "error: division by zero")


async def test_executions_leave_places_to_callers_who_wait(client, service):
    sleeping = {
        "kind": "python",
        "request": {"code": "import time\ntime.sleep(600)", "security_level": "isolated"},
    }
    many = {"executions": [{**sleeping, "options": {"timeout_s": 1200}} for _ in range(20)]}
    reply = await client.request("POST", "/api/executions/batch", json=many)
    ids = [one["execution_id"] for one in reply.json()["executions"]]
    async with asyncio.timeout(60):
        while (running := (await client.request("GET", "/api/queue")).json()["running"]) < 12:
            await asyncio.sleep(0.05)
    called = await client.request("POST", "/api/runner/execute", json={"code": "print(1)"})
    for one in reversed(ids):
        await client.request("POST", f"/api/executions/{one}/cancel", timeout_s=60)

    assert running == 12  # of the sixteen places of this service
    assert (called.status, called.json()["status"]) == (200, "success")


async def test_what_a_program_said_before_its_time_was_over_is_kept_in_every_attempt(client):
    program = {
        "code": "import time\nprint('begun', flush=True)\ntime.sleep(600)",
        "security_level": "isolated",
    }
    body = {"kind": "python", "request": program, "options": {"timeout_s": 2}}
    reply = await client.request("POST", "/api/executions", json=body)
    place = reply.headers["Location"]
    state = await ended(client, place)
    again = await client.request("POST", f"{place}/retry")
    repeated = await ended(client, again.headers["Location"])
    result = (await client.request("GET", f"{again.headers['Location']}/result")).json()["output"]

    assert (state["status"], state["verdict"]) == ("timed_out", "timeout")
    assert (repeated["status"], repeated["verdict"]) == ("timed_out", "timeout")
    assert (result["stdout"], result["limit"]["value"]) == ("begun\n", 2)


async def test_an_end_without_an_exception_has_its_reason_too(client):
    state = await ended(client, (await submit(client, code="raise SystemExit(3)")).headers["Location"])
    assert (state["status"], state["error_message"]) == ("failed", "the program ended with code 3")
    state = await ended(
        client, (await submit(client, code="while True: pass", timeout=1)).headers["Location"]
    )
    assert (state["status"], state["error_message"]) == (
        "timed_out",
        "timeout: wall_time is limited to 1 seconds",
    )
