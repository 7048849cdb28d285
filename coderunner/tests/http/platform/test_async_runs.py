"""The platform's asynchronous runs: accepted, run, and told to their callback."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from coderunner.src.bootstrap import bootstrap
from coderunner.src.common.settings import Settings
from coderunner.tests.fakes.sandbox import FakeSandbox
from coderunner.tests.running import guest_dir
from servicekit.testing import assert_problem, serving

PATH = "/api/coderunner/v1/pycode/async-run-by-params"


@pytest.fixture
async def receiver():
    """A callback that fails once, and what it heard."""
    heard, answers = [], [503]

    class Hook(RequestHandler):
        async def post(self):
            heard.append(json.loads(self.request.body))
            self.set_status(answers.pop() if answers else 200)

    sockets, port = bind_unused_port()
    server = HTTPServer(Application([(r"/hook", Hook)]))
    server.add_socket(sockets)
    yield f"http://127.0.0.1:{port}/hook", heard
    server.stop()
    await server.close_all_connections()


@pytest.fixture
async def client(receiver, tmp_path, shared_root):
    async with service(receiver, tmp_path, shared_root, FakeSandbox()) as opened:
        yield opened


@asynccontextmanager
async def service(receiver, tmp_path, shared_root, sandbox):
    host = receiver[0].removeprefix("http://").removesuffix("/hook")
    settings = Settings(
        guest_dir=guest_dir(),
        data_dir=tmp_path,
        stepflow_python_virtual_env_path=shared_root,
        callback_allow=(host,),
        callback_private=("127.0.0.0/8",),
        callback_retry_s=0.05,
        retry_delay_ms=10,
        max_load_per_core=1000,  # the tests beside this one keep the machine busy
    )
    async with bootstrap(settings, sandbox=sandbox) as app, serving(app) as client:
        yield client


async def start(client, code, callback):
    body = {"code": code, "output_params": [{"key": "r"}], "callback": callback}
    return await client.request("POST", PATH, json=body)


async def told(heard, count):
    async with asyncio.timeout(60):
        while len(heard) < count:
            await asyncio.sleep(0.02)
    return heard


async def test_a_result_is_posted_until_the_callback_took_it(client, receiver):
    reply = await start(client, "12345", receiver[0])
    assert reply.status == 202
    assert reply.json()["status"] == "Task started"
    expected = {"res": {"r": 12345}, "type": "pythoncode"}
    assert await told(receiver[1], 2) == [expected, expected]
    place = reply.headers["Location"]
    async with asyncio.timeout(60):
        while (state := (await client.request("GET", place)).json())["status"] == "running":
            await asyncio.sleep(0.02)
    assert state["status"] == "succeeded", state


async def test_a_failure_is_posted_with_its_code(client, receiver):
    await start(client, "raise SystemExit(1)", receiver[0])
    heard = await told(receiver[1], 2)
    assert heard[1] == {
        "res": {"detail": "the program ended with code 1", "code": 500},
        "type": "pythoncode",
        "code": 500,
    }


async def test_a_run_that_never_ran_is_told_as_well(receiver, tmp_path, shared_root):
    async with service(receiver, tmp_path, shared_root, FakeSandbox(refusal="a wall is missing")) as client:
        reply = await start(client, "12345", receiver[0])
        heard = await told(receiver[1], 2)
        assert heard[1]["code"] == heard[1]["res"]["code"] == 500
        assert heard[1]["res"]["detail"] == "a wall is missing"
        state = (await client.request("GET", f"{reply.headers['Location']}?wait=60")).json()
        assert state["status"] == "failed"


async def test_a_run_that_is_cancelled_before_it_starts_is_told_as_well(client, receiver):
    later = {"not_before": "2099-01-01T00:00:00Z"}
    body = {"kind": "pycode", "request": {"code": "1", "callback": receiver[0]}, "options": later}
    reply = await client.request("POST", "/api/executions", json=body)
    assert reply.status == 202, reply.body
    place = reply.headers["Location"]
    assert (await client.request("POST", f"{place}/cancel")).json()["status"] == "cancelled"
    heard = await told(receiver[1], 2)
    assert heard[1]["res"] == {"detail": "The execution was cancelled.", "code": 500}


async def test_deliveries_are_logged_and_a_retry_is_told_again(client, receiver):
    place = (await start(client, "12345", receiver[0])).headers["Location"]
    await told(receiver[1], 2)
    async with asyncio.timeout(60):
        while True:
            [found] = (await client.request("GET", f"{place}/callbacks")).json()["items"]
            if found["state"] == "delivered":
                break
            await asyncio.sleep(0.02)
    assert [one["status_code"] for one in found["deliveries"]] == [503, 200]
    assert (await client.request("POST", f"{place}/retry")).status == 202
    assert (await told(receiver[1], 3))[2] == {"res": {"r": 12345}, "type": "pythoncode"}


async def test_a_second_callback_beside_the_platforms_is_refused(client, receiver):
    options = {"callback": {"url": "http://example.org/"}}
    body = {"kind": "pycode", "request": {"code": "1", "callback": receiver[0]}, "options": options}
    problem = assert_problem(
        await client.request("POST", "/api/executions", json=body), 422, "invalid_parameters"
    )
    assert problem["errors"][0]["pointer"] == "/options/callback"


@pytest.mark.parametrize(
    "callback",
    ["http://127.0.0.1:1/hook", "http://169.254.169.254/x", "http://example.org/", "file:///etc/passwd"],
)
async def test_a_callback_that_is_not_allowed_is_refused_before_anything_runs(client, receiver, callback):
    problem = assert_problem(await start(client, "12345", callback), 422, "invalid_parameters")
    assert problem["errors"][0]["pointer"] == "/callback"
    assert receiver[1] == []
