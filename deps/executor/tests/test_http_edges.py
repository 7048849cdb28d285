"""Requests at the edge of what the routes take: what is refused says where, and nothing is a 500."""

from contextlib import asynccontextmanager

import pytest

from deps.executor.tests.conftest import make_sqlite
from deps.executor.tests.test_http import service, state, submit
from servicekit.keys import KeyFile
from servicekit.testing import assert_problem

FIRST_DAY, LAST_DAY = "0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59"


@pytest.fixture
async def client(tmp_path):
    async with service(make_sqlite(tmp_path), tmp_path) as opened:
        yield opened


def pointers(problem):
    return [fault["pointer"] for fault in problem["errors"]]


async def raw(client, text):
    headers = {"Content-Type": "application/json"}
    return await client.request("POST", "/api/executions", body=text.encode(), headers=headers)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("not_before", '"0001-01-01T00:00:00+23:59"'),
        ("not_before", '"9999-12-31T23:59:59-23:59"'),
        ("deadline_at", '"0001-01-01T00:00:00+00:01"'),
        ("timeout_s", "1e400"),
        ("resource_limits/cpu_time_s", "1e400"),
        ("resource_limits/output_bytes", "1" + "0" * 400),
        ("resource_limits/memory_bytes", "9223372036854775808"),
        ("resource_limits/processes", "1" + "0" * 400),
        ("isolation/cpu_limit", "1e400"),
        ("isolation/memory_limit_bytes", "1" + "0" * 400),
    ],
)
async def test_moments_and_numbers_beyond_all_bounds_are_refused_by_name(client, field, value):
    group, _, name = field.rpartition("/")
    option = f'"{name}": {value}'
    options = f'"{group}": {{{option}}}' if group else option
    reply = await raw(client, f'{{"kind": "echo", "options": {{{options}}}}}')
    assert pointers(assert_problem(reply, 422, "validation_failed")) == [f"/options/{field}"]


async def test_a_plan_with_an_offset_is_kept_in_utc(client):
    options = {"not_before": "2099-01-01T01:00:00+01:00", "deadline_at": "2099-01-01T00:00:01.5Z"}
    one = await submit(client, options=options)
    info = await state(client, one, wait=0)
    assert info["not_before"] == "2099-01-01T00:00:00Z"
    assert info["deadline_at"] == "2099-01-01T00:00:01.500000Z"
    assert info["status"] == "queued"
    assert info["options"]["not_before"] == "2099-01-01T00:00:00Z"
    assert (info["options"]["priority"], info["options"]["depends_on"]) == ("normal", [])


@pytest.mark.parametrize("moment", [FIRST_DAY, LAST_DAY, "0.5", "20261121"])
@pytest.mark.parametrize("path", ["/api/executions", "/api/execution-metrics"])
async def test_filters_take_moments_of_the_calendar_only(client, path, moment):
    for name in ("since", "until"):
        reply = await client.request("GET", f"{path}?{name}={moment}")
        assert pointers(assert_problem(reply, 422, "validation_failed")) == [f"/{name}"]


async def test_a_number_of_a_line_that_no_log_reaches_is_refused(client):
    one = await submit(client)
    reply = await client.request("GET", f"/api/executions/{one}/logs?after=9223372036854775808")
    assert pointers(assert_problem(reply, 422, "validation_failed")) == ["/after"]
    reply = await client.request("GET", f"/api/executions/{one}/logs?after=9223372036854775807")
    assert reply.json()["items"] == []


@pytest.mark.parametrize(
    ("bad", "status", "code", "pointer"),
    [
        ({"kind": "nope"}, 422, "unknown_kind", "/kind"),
        ({"kind": "echo", "request": {"forbidden": 1}}, 422, "invalid_parameters", "/request/forbidden"),
        ({"kind": "echo", "options": {"retry_count": 99}}, 422, "invalid_parameters", "/options/retry_count"),
        (
            {"kind": "echo", "options": {"depends_on": ["ex_0"]}},
            422,
            "invalid_parameters",
            "/options/depends_on",
        ),
        (
            {"kind": "echo", "context": {"parent_execution_id": "ex_0"}},
            422,
            "invalid_parameters",
            "/context/parent_execution_id",
        ),
        (
            {"kind": "echo", "options": {"callback": {"url": "http://x/"}}},
            422,
            "callback_refused",
            "/options/callback/url",
        ),
    ],
)
async def test_a_batch_says_which_of_its_executions_is_wrong(client, bad, status, code, pointer):
    reply = await client.request(
        "POST", "/api/executions/batch", json={"executions": [{"kind": "echo"}, bad]}
    )
    assert pointers(assert_problem(reply, status, code)) == [f"/executions/1{pointer}"]
    assert (await client.request("GET", "/api/executions")).json()["items"] == []


async def test_a_batch_does_not_wait_and_says_so(client):
    items = {"executions": [{"kind": "echo", "wait": 5}]}
    reply = await client.request("POST", "/api/executions/batch", json=items)
    assert pointers(assert_problem(reply, 422, "validation_failed")) == ["/executions/0/wait"]


async def test_an_idempotency_key_of_a_submission_is_not_one_of_a_retry(client):
    key = {"Idempotency-Key": "once"}
    reply = await client.request("POST", "/api/executions", json={"kind": "echo", "wait": 60}, headers=key)
    one = reply.json()["execution_id"]
    again = await client.request("POST", f"/api/executions/{one}/retry", headers=key)
    assert_problem(again, 422, "idempotency_conflict")
    key = {"Idempotency-Key": "again"}
    first, second = [
        await client.request("POST", f"/api/executions/{one}/retry", headers=key) for _ in range(2)
    ]
    assert first.json()["execution_id"] == second.json()["execution_id"]
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_a_child_outlives_its_parent_and_can_be_retried(client):
    parent = await submit(client, wait=0)
    await state(client, parent)
    child = await submit(client, context={"parent_execution_id": parent, "session_id": "s"})
    await state(client, child)
    assert (await client.request("DELETE", f"/api/executions/{parent}")).status == 204
    reply = await client.request("POST", f"/api/executions/{child}/retry")
    assert reply.status == 202, reply.body
    again = await state(client, reply.json()["execution_id"])
    assert (again["status"], again["session_id"], again["parent_execution_id"]) == ("succeeded", "s", None)


@asynccontextmanager
async def with_keys(tmp_path, **scopes):
    """A service, and what asks it with the key of each user of one tenant."""
    keys = KeyFile(tmp_path / "keys.json")
    headers = {
        user: {"Authorization": f"Bearer {keys.create('acme', found, user=user)}"}
        for user, found in scopes.items()
    }
    async with service(make_sqlite(tmp_path), tmp_path, keys=keys) as client:

        async def ask(user, method, path, **more):
            return await client.request(method, path, headers=headers[user], **more)

        yield ask


async def test_what_needs_a_scope_to_run_needs_it_to_be_seen_stopped_or_deleted(tmp_path):
    scopes = {"runner": {"run"}, "reader": {"documents"}, "root": {"admin"}}
    async with with_keys(tmp_path, **scopes) as ask:
        body = {"kind": "echo", "request": {"secret": 1}, "wait": 60}
        one = (await ask("runner", "POST", "/api/executions", json=body)).json()["execution_id"]
        place = f"/api/executions/{one}"
        for method, tail in [
            ("GET", ""),
            ("GET", "/result"),
            ("GET", "/logs"),
            ("GET", "/logs?follow=true"),
            ("GET", "/events"),
            ("GET", "/metrics"),
            ("GET", "/callbacks"),
            ("POST", "/cancel"),
            ("POST", "/retry"),
            ("DELETE", ""),
        ]:
            assert_problem(await ask("reader", method, place + tail), 403, "permission_denied")
        assert (await ask("reader", "GET", "/api/executions")).json()["items"] == []
        assert (await ask("reader", "GET", "/api/execution-metrics?name=size")).json()["groups"] == []
        assert (await ask("reader", "GET", "/api/execution-metrics?name=size")).json()["measurements"] == []
        mine = await ask("reader", "POST", "/api/executions", json={"kind": "papers", "wait": 60})
        listed = (await ask("reader", "GET", "/api/executions")).json()["items"]
        assert [item["execution_id"] for item in listed] == [mine.json()["execution_id"]]
        assert len((await ask("root", "GET", "/api/executions")).json()["items"]) == 2
        assert (await ask("root", "GET", place)).status == 200
        assert (await ask("runner", "GET", f"{place}/result")).json()["output"] == {"secret": 1}


async def test_a_retry_happens_in_the_name_of_whoever_asks_for_it(tmp_path):
    async with with_keys(tmp_path, ada={"run"}, bob={"run"}) as ask:
        first = await ask("ada", "POST", "/api/executions", json={"kind": "echo", "wait": 60})
        again = await ask("bob", "POST", f"/api/executions/{first.json()['execution_id']}/retry")
        info = (await ask("bob", "GET", f"/api/executions/{again.json()['execution_id']}?wait=60")).json()
        assert (info["status"], info["user_id"]) == ("succeeded", "bob")
        assert info["request_id"] == again.headers["X-Request-ID"]
