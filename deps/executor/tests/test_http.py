"""The routes, over a real socket, with toy kinds."""

from contextlib import asynccontextmanager

import httpx
import pytest

from deps.executor.tests.conftest import make_settings
from deps.executor.tests.toys import FOREVER_S, HANG_S, Echo, Script, until
from executor.assembly import open_engine
from executor.core.permissions import ScopePermissions
from executor.http.errors import EXECUTION_ERRORS
from executor.http.routes import execution_routes
from servicekit.http import make_app
from servicekit.keys import KeyFile
from servicekit.testing import assert_problem, serving


@asynccontextmanager
async def service(url, tmp_path, keys=None, **changes):
    permissions = ScopePermissions({"echo": "run", "script": "run", "papers": "documents"})
    handlers = {"echo": Echo(), "script": Script(), "papers": Echo()}
    async with open_engine(
        make_settings(**changes),
        database_url=url,
        handlers=handlers,
        results=tmp_path / "results",
        permissions=permissions,
        drain_s=1,
    ) as engine:
        app = make_app(
            execution_routes(engine),
            name="toy",
            version="1.0.0",
            description="A toy.",
            errors=EXECUTION_ERRORS,
            keys=keys,
        )
        async with serving(app) as client:
            yield client


@pytest.fixture
async def client(sqlite_url, tmp_path):
    async with service(sqlite_url, tmp_path, result_inline_bytes=2000) as opened:
        yield opened


async def submit(client, kind="echo", **body):
    reply = await client.request("POST", "/api/executions", json={"kind": kind, **body})
    assert reply.status == 202, reply.body
    return reply.json()["execution_id"]


async def state(client, execution_id, wait=HANG_S):
    return (
        await client.request("GET", f"/api/executions/{execution_id}?wait={wait}", timeout_s=2 * HANG_S)
    ).json()


async def is_running(client, execution_id):
    return (await state(client, execution_id, wait=0))["status"] == "running"


async def test_submitting_answers_202_with_a_place_to_look(client):
    reply = await client.request("POST", "/api/executions", json={"kind": "echo", "request": {"a": 1}})
    assert reply.status == 202
    assert reply.json().keys() == {"execution_id", "status"}
    assert reply.headers["Location"] == f"/api/executions/{reply.json()['execution_id']}"
    assert int(reply.headers["Retry-After"]) >= 1
    found = await client.request("GET", reply.headers["Location"] + "?wait=60")
    assert found.json()["status"] == "succeeded"
    assert found.json()["request"] == {"a": 1}
    assert [one["status"] for one in found.json()["attempts"]] == ["succeeded"]


async def test_waiting_answers_200_in_time_and_202_when_it_is_over(client):
    body = {"kind": "echo", "request": {"a": 1}, "wait": 60}
    reply = await client.request("POST", "/api/executions", json=body)
    assert (reply.status, reply.json()["output"], reply.json()["status"]) == (200, {"a": 1}, "succeeded")
    endless = {"kind": "script", "request": {"sleep_s": FOREVER_S}, "wait": 0.2}
    reply = await client.request("POST", "/api/executions", json=endless)
    assert (reply.status, reply.json()["status"] in {"queued", "running"}) == (202, True)
    await client.request("POST", f"{reply.headers['Location']}/cancel")
    quick = {"kind": "script", "request": {"sleep_s": 0.1}}
    reply = await client.request("POST", "/api/executions", json=quick, headers={"Prefer": "wait=60"})
    assert reply.status == 200
    assert reply.json()["metadata"]["verdict"] == "success"


async def test_results_come_as_json_or_as_the_bytes_they_are(client):
    small = await submit(client, "script", request={"value": {"x": [1, 2]}})
    large = await submit(client, "script", request={"value": "y" * 50_000})
    raw = await submit(client, "script", request={"bytes": 300_000})
    reply = await client.request("GET", f"/api/executions/{small}/result?wait=60")
    assert reply.json()["output"] == {"x": [1, 2]}
    reply = await client.request("GET", f"/api/executions/{large}/result?wait=60")
    assert reply.json()["output"] == "y" * 50_000
    assert reply.json()["status"] == "succeeded"
    reply = await client.request("GET", f"/api/executions/{raw}/result?wait=60")
    assert reply.headers["Content-Type"] == "application/x-zeros"
    assert reply.body == bytes(300_000)


async def test_a_failing_program_is_a_200_with_its_verdict(client):
    body = {"kind": "script", "request": {"verdict": "error", "message": "line 3"}, "wait": 60}
    reply = await client.request("POST", "/api/executions", json=body)
    assert reply.status == 200
    assert reply.json()["metadata"]["error_message"] == "line 3"
    assert reply.json()["status"] == "failed"


async def test_wrong_requests_are_told_by_field(client):
    post = lambda body: client.request("POST", "/api/executions", json=body)  # noqa: E731
    problem = assert_problem(await post({"kind": "nope"}), 422, "unknown_kind")
    assert problem["errors"][0]["pointer"] == "/kind"
    problem = assert_problem(
        await post({"kind": "echo", "request": {"forbidden": 1}}), 422, "invalid_parameters"
    )
    assert problem["errors"][0]["pointer"] == "/request/forbidden"
    problem = assert_problem(
        await post({"kind": "echo", "options": {"timeout_s": 99999}}), 422, "invalid_parameters"
    )
    assert problem["errors"][0]["pointer"] == "/options/timeout_s"
    problem = assert_problem(await post({"kind": "echo", "options": {"tmeout": 1}}), 422, "validation_failed")
    assert problem["errors"][0]["pointer"] == "/options/tmeout"
    assert_problem(await post({"kind": "echo", "options": {"priority": "urgent"}}), 422, "validation_failed")
    callback = {"callback": {"url": "http://127.0.0.1/"}}
    assert_problem(await post({"kind": "echo", "options": callback}), 422, "callback_refused")


async def test_unknown_executions_are_404_everywhere(client):
    for method, tail in [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/result"),
        ("GET", "/logs"),
        ("GET", "/logs?follow=true"),
        ("GET", "/metrics"),
        ("GET", "/events"),
        ("GET", "/callbacks"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
    ]:
        assert_problem(
            await client.request(method, f"/api/executions/ex_0{tail}"), 404, "execution_not_found"
        )


async def test_cancel_retry_and_delete(client):
    one = await submit(client, "script", request={"sleep_s": FOREVER_S})
    assert_problem(
        await client.request("POST", f"/api/executions/{one}/retry"), 409, "execution_still_active"
    )
    assert_problem(await client.request("DELETE", f"/api/executions/{one}"), 409, "execution_still_active")
    problem = await client.request("GET", f"/api/executions/{one}/result")
    assert_problem(problem, 409, "execution_not_finished")
    assert problem.headers["Retry-After"] == "1"
    reply = await client.request("POST", f"/api/executions/{one}/cancel")
    assert (reply.status, reply.json()["status"]) == (200, "cancelled")
    reply = await client.request("POST", f"/api/executions/{one}/retry")
    again = reply.json()["execution_id"]
    assert reply.status == 202
    assert (await state(client, again, wait=0))["retry_of"] == one
    await client.request("POST", f"/api/executions/{again}/cancel")
    assert (await client.request("DELETE", f"/api/executions/{one}")).status == 204
    assert_problem(await client.request("GET", f"/api/executions/{one}"), 404, "execution_not_found")


async def test_idempotency_keys(client):
    post = lambda body: client.request("POST", "/api/executions", json=body, headers={"Idempotency-Key": "k"})  # noqa: E731
    first = await post({"kind": "echo", "request": {"n": 1}})
    again = await post({"kind": "echo", "request": {"n": 1}})
    assert first.json()["execution_id"] == again.json()["execution_id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert_problem(await post({"kind": "echo", "request": {"n": 2}}), 422, "idempotency_conflict")


async def test_a_batch_with_references(client):
    items = [
        {"kind": "script", "request": {"sleep_s": 0.1, "value": 1}, "ref": "first"},
        {"kind": "echo", "request": {}, "options": {"depends_on": ["@first"]}},
    ]
    key = {"Idempotency-Key": "batch"}
    reply = await client.request("POST", "/api/executions/batch", json={"executions": items}, headers=key)
    assert reply.status == 202
    again = await client.request("POST", "/api/executions/batch", json={"executions": items}, headers=key)
    assert [one["execution_id"] for one in again.json()["executions"]] == [
        one["execution_id"] for one in reply.json()["executions"]
    ]
    _, second = (one["execution_id"] for one in reply.json()["executions"])
    assert (await state(client, second))["status"] == "succeeded"
    items[1]["options"]["depends_on"] = ["@nobody"]
    problem = await client.request("POST", "/api/executions/batch", json={"executions": items})
    assert (
        assert_problem(problem, 422, "validation_failed")["errors"][0]["pointer"]
        == "/executions/1/options/depends_on"
    )


async def test_half_a_surrogate_pair_is_refused_or_kept_but_never_a_500(client):
    raw = b'{"kind": "echo", "request": {"text": "\\ud800"}, "wait": 60}'
    headers = {"Content-Type": "application/json"}
    reply = await client.request("POST", "/api/executions", body=raw, headers=headers)
    assert reply.status in (200, 400, 422)


async def test_lists_page_by_cursor(client):
    ids = [await submit(client, context={"session_id": "s1"}) for _ in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        reply = await client.request("GET", f"/api/executions?limit=2&session_id=s1{cursor}")
        seen += [item["execution_id"] for item in reply.json()["items"]]
        cursor = reply.json()["next_cursor"] and f"&cursor={reply.json()['next_cursor']}"
    assert seen == sorted(ids, reverse=True)
    assert_problem(await client.request("GET", "/api/executions?cursor=zzz"), 400, "invalid_cursor")
    assert_problem(await client.request("GET", "/api/executions?status=lost"), 422, "validation_failed")
    for one in ids:
        await state(client, one)
    reply = await client.request("GET", "/api/executions?status=succeeded&status=failed&limit=500")
    assert len(reply.json()["items"]) == 5


def parse_events(text):
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            events.append(fields)
    return events


async def test_events_stream_live_and_resume(client):
    one = await submit(client, "script", request={"steps": 4, "sleep_s": FOREVER_S})
    async with httpx.AsyncClient(base_url=client.base_url, timeout=HANG_S) as http:
        async with http.stream("GET", f"/api/executions/{one}/events") as stream:
            assert stream.headers["content-type"] == "text/event-stream"
            text, cancelled = "", False
            async for chunk in stream.aiter_text():
                text += chunk
                if not cancelled and text.count("event: progress") == 4:
                    cancelled = True  # it ends only now, so the events came while it ran
                    await client.request("POST", f"/api/executions/{one}/cancel")
        events = parse_events(text)
        assert [event["id"] for event in events] == [str(n) for n in range(1, len(events) + 1)]
        assert [event["event"] for event in events].count("progress") == 4
        assert '"cancelled"' in events[-1]["data"]
        rest = await http.get(f"/api/executions/{one}/events", headers={"Last-Event-ID": "3"})
        assert parse_events(rest.text) == events[3:]
        done = await http.get(f"/api/executions/{one}/events", headers={"Last-Event-ID": events[-1]["id"]})
        assert done.status_code == 204
        bad = await http.get(f"/api/executions/{one}/events", headers={"Last-Event-ID": "x"})
        assert bad.status_code == 400


async def test_logs_page_and_follow(client):
    one = await submit(client, "echo", options={"logging_level": "debug"})
    async with httpx.AsyncClient(base_url=client.base_url, timeout=HANG_S) as http:
        followed = parse_events((await http.get(f"/api/executions/{one}/logs?follow=true")).text)
    assert [event["id"] for event in followed] == ["1", "2"]
    page = (await client.request("GET", f"/api/executions/{one}/logs?limit=1")).json()
    assert [line["message"] for line in page["items"]] == ["detail"]
    page = (await client.request("GET", f"/api/executions/{one}/logs?after={page['next_after']}")).json()
    assert [(line["message"], line["level"], line["metadata"]) for line in page["items"]] == [
        ("echoing", "info", {"n": 1})
    ]


async def test_queue_pool_and_metrics(client):
    one = await submit(client)
    await state(client, one)
    queue = (await client.request("GET", "/api/queue")).json()
    assert (queue["length"], queue["capacity"]) == (0, 1000)
    pool = (await client.request("GET", "/api/pool")).json()
    assert (pool["backend"], pool["max_workers"]) == ("embedded", 8)
    metrics = (await client.request("GET", f"/api/executions/{one}/metrics")).json()
    assert {item["name"] for item in metrics["items"]} == {"size", "queue_wait", "run_time"}
    totals = (await client.request("GET", "/api/execution-metrics?name=size")).json()
    assert (totals["total_executions"], totals["error_rate"]) == (1, 0.0)
    assert [one["value"] for one in totals["measurements"]] == [0.0]


async def test_a_full_queue_is_503_and_a_full_tenant_429(sqlite_url, tmp_path):
    async with service(sqlite_url, tmp_path, max_workers=1, queue_size=2, queue_size_per_tenant=1) as client:
        one = await submit(client, "script", request={"sleep_s": FOREVER_S})
        await until(lambda: is_running(client, one))
        await submit(client, "script")
        reply = await client.request("POST", "/api/executions", json={"kind": "script"})
        assert_problem(reply, 429, "quota_exceeded")
        assert int(reply.headers["Retry-After"]) >= 1


async def test_a_batch_that_never_fits_is_not_told_to_come_again(sqlite_url, tmp_path):
    for bounds in ({"queue_size": 2}, {"queue_size": 9, "queue_size_per_tenant": 2}):
        async with service(sqlite_url, tmp_path, **bounds) as client:
            body = {"executions": [{"kind": "echo"}] * 3}
            reply = await client.request("POST", "/api/executions/batch", json=body)
            problem = assert_problem(reply, 422, "invalid_parameters")
            assert problem["errors"][0]["pointer"] == "/executions"


async def test_keys_decide_tenant_scope_and_what_is_seen(sqlite_url, tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    acme, bobs, root = (
        {"Authorization": f"Bearer {keys.create(tenant, scopes, user=user)}"}
        for tenant, scopes, user in [
            ("acme", {"run"}, "ada"),
            ("bobs", {"documents"}, "bob"),
            ("ops", {"admin", "run"}, "root"),
        ]
    )
    async with service(sqlite_url, tmp_path, keys=keys) as client:

        async def ask(method, path, who, **more):
            return await client.request(method, path, headers=who, **more)

        assert (await ask("GET", "/api/queue", {})).status == 401
        reply = await ask("POST", "/api/executions", acme, json={"kind": "echo", "wait": 60})
        one = reply.json()["execution_id"]
        assert_problem(
            await ask("POST", "/api/executions", bobs, json={"kind": "echo"}), 403, "permission_denied"
        )
        assert (await ask("POST", "/api/executions", bobs, json={"kind": "papers"})).status == 202
        assert_problem(await ask("GET", f"/api/executions/{one}", bobs), 404, "execution_not_found")
        info = (await ask("GET", f"/api/executions/{one}", acme)).json()
        assert (info["tenant_id"], info["user_id"]) == ("acme", "ada")
        assert [i["execution_id"] for i in (await ask("GET", "/api/executions", acme)).json()["items"]] == [
            one
        ]
        assert_problem(await ask("GET", "/api/executions?tenant_id=bobs", acme), 403, "forbidden")
        everything = await ask("GET", "/api/executions?tenant_id=*", root)
        assert {item["tenant_id"] for item in everything.json()["items"]} == {"acme", "bobs"}
        assert_problem(await ask("GET", "/api/execution-metrics?tenant_id=*", acme), 403, "forbidden")


def test_every_error_a_request_can_meet_has_a_status():
    from executor import errors

    internal = {
        errors.ExecutorError,
        errors._Overload,
        errors.ConfigurationError,
        errors.IllegalTransition,
        errors.RetryableError,
        errors.RowRefused,
    }
    leaves = {
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.ExecutorError)
    }
    assert leaves - internal == set(EXECUTION_ERRORS)
    codes = [one.code for one in leaves]
    assert len(codes) == len(set(codes)) + 1  # the overload's base has its parent's
