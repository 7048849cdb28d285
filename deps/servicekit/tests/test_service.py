import asyncio
import io
import json
import logging
import re
import sys

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator

from deps.servicekit.tests.example import ERRORS, NoSuchThing, example_app
from servicekit.health import Health
from servicekit.http import ApiHandler, Route, make_app, operation
from servicekit.logs import configure_logging
from servicekit.metrics import Metrics
from servicekit.testing import assert_problem, serving, spawn_service

PATH = ".:deps/servicekit"


async def test_the_document_is_valid_and_says_what_the_verbs_declare(client):
    document = (await client.request("GET", "/openapi.json")).json()

    OpenAPIV31SpecValidator(document).validate()
    post = document["paths"]["/api/things"]["post"]
    assert post["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Thing"
    }
    assert document["components"]["schemas"]["Thing"]["additionalProperties"] is False
    assert {"201", "400", "413", "415", "422", "503", "500"} <= post["responses"].keys()
    assert "security" not in post
    names = [(each["name"], each["in"]) for each in document["paths"]["/api/things"]["get"]["parameters"]]
    assert names == [("limit", "query"), ("tag", "query")]


async def test_a_secured_document_names_the_key(tmp_path):
    from servicekit.keys import KeyFile

    keys = KeyFile(tmp_path / "keys")
    keys.create("a", ["run"])
    async with serving(example_app(keys=keys)) as client:
        document = (await client.request("GET", "/openapi.json")).json()

    OpenAPIV31SpecValidator(document).validate()
    assert document["paths"]["/api/things"]["post"]["security"] == [{"key": []}]
    assert "security" not in document["paths"]["/api/health"]["get"]


async def test_the_example_answers_as_its_document_says():
    async with spawn_service(
        [sys.executable, "-m", "deps.servicekit.tests.example"], env={"PYTHONPATH": PATH}
    ) as process:
        await asyncio.to_thread(explore, process.base_url)


def answers_as_declared(case) -> None:
    whole = isinstance(case.body, dict) and isinstance(case.body.get("size"), float)
    assume(not whole)  # JSON Schema calls 2.0 an integer; strict models do not
    case.call_and_validate()


def explore(base_url: str) -> None:
    schema = schemathesis.openapi.from_url(f"{base_url}/openapi.json")
    tried = settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    operations = [result.ok() for result in schema.get_all_operations()]
    wanted = [
        each
        for each in operations
        if each.path in ("/api/things", "/api/things/{thing_id}", "/api/health", "/api/files")
    ]
    assert len(wanted) == 6
    for each in wanted:
        tried(given(case=each.as_strategy())(answers_as_declared))()


async def test_the_page_takes_everything_from_here_and_its_policy_says_so(client):
    page = await client.request("GET", "/docs")
    text = page.body.decode()

    links = re.findall(r'(?:src|href)="(/[^"]*)"', text)
    assert len(links) == 3
    for link in links:
        assert link.startswith("/docs/")
        assert len((await client.request("GET", link)).body) > 50
    assert "default-src 'none'; script-src 'self'" in page.headers["Content-Security-Policy"]
    assert_problem(await client.request("GET", "/docs/..%2fpyproject.toml"), 404, "not_found")


async def test_metrics_count_by_template():
    metrics = Metrics()
    async with serving(example_app(metrics=metrics)) as client:
        for number in range(3):
            await client.request("GET", f"/api/things/{number}")
        await client.request("GET", "/a/b/c")
        await client.request("NONSENSE", "/api/things")
        text = (await client.request("GET", "/metrics")).body.decode()

    assert 'http_requests_total{method="GET",route="/api/things/{thing_id}",status="404"} 3.0' in text
    assert 'http_requests_total{method="GET",route="unknown",status="404"} 1.0' in text
    assert 'http_requests_total{method="OTHER",route="/api/things",status="405"} 1.0' in text
    assert 'http_request_duration_seconds_count{method="GET",route="/api/things/{thing_id}"} 3.0' in text
    assert "http_requests_in_flight 1.0" in text


async def test_health_tells_ready_and_why_not():
    health, state = Health(timeout_s=0.5), {"error": None}

    async def probe():
        if state["error"] == "slow":
            await asyncio.sleep(60)
        if isinstance(state["error"], Exception):
            raise state["error"]
        return {"layers": 3}

    health.probe("store", probe)
    async with serving(example_app(health=health)) as client:
        ready = await client.request("GET", "/api/health")
        assert (ready.status, ready.json()["status"]) == (200, "ready")
        assert ready.json()["checks"] == {"store": {"status": "ok", "layers": 3}}
        for error in (NoSuchThing("no store"), RuntimeError("secret"), "slow"):
            state["error"] = error
            for path in ("/api/health", "/api/health/ready"):
                reply = await client.request("GET", path)
                assert (reply.status, reply.json()["status"]) == (503, "not_ready")
                assert reply.json()["checks"]["store"]["status"] == "failed"
                assert b"secret" not in reply.body
        assert (await client.request("GET", "/api/health/live")).status == 200


async def test_a_dead_task_ends_liveness():
    async def loop():
        await asyncio.sleep(0)

    health = Health()
    task = asyncio.create_task(loop())
    health.watch("scheduler", task)
    async with serving(example_app(health=health)) as client:
        await task

        assert (await client.request("GET", "/api/health/live")).status == 503
        assert (await client.request("GET", "/api/health")).json()["checks"]["scheduler"] == {
            "status": "dead"
        }


def test_a_verb_that_declares_nothing_or_the_unknown_is_refused():
    class Silent(ApiHandler):
        async def get(self) -> None: ...

    class Mistaken(ApiHandler):
        @operation(summary="x", tag="x", errors=("no_such_code",))
        async def get(self) -> None: ...

    class Astray(ApiHandler):
        @operation(summary="x", tag="x", path={"other": "x"})
        async def get(self) -> None: ...

    for handler in (Silent, Mistaken, Astray):
        with pytest.raises(TypeError, match="/x/"):
            make_app([Route("/x/{it}", handler)], name="x", version="1", errors=ERRORS)


@pytest.fixture
def lines():
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logging("info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = before, level


async def test_each_request_leaves_one_line_that_nobody_can_forge(client, lines):
    reply = await client.request(
        "GET", "/api/things/%0a%1b%5b31m%7f?token=hunter2", headers={"X-Request-ID": "id-1"}
    )

    assert reply.status == 404
    found = [line for line in lines() if line["message"] == "request"]
    assert len(found) == 1
    line = found[0]
    assert (line["route"], line["status"], line["request_id"]) == ("/api/things/{thing_id}", 404, "id-1")
    assert line["duration_ms"] > 0
    assert "hunter2" not in json.dumps(line)


async def test_other_records_carry_the_request_and_escape_control_characters(lines):
    logging.getLogger("x").info("a\nb\x1b[31m\x7f")
    logging.getLogger("x").error("failed", exc_info=ValueError("boom\n"))

    first, second = lines()
    assert first["message"] == "a\nb\x1b[31m\x7f"
    assert "ValueError: boom" in second["exception"]
