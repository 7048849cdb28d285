"""What one tenant ran, parsed and cached is nothing to another."""

import asyncio

from coderunner.src.bootstrap import bootstrap
from coderunner.tests.fakes.sandbox import FakeSandbox
from servicekit.keys import KeyFile
from servicekit.testing import assert_problem, serving

CACHED = {"Cache-Control": "max-age=60"}


async def test_history_metrics_and_cached_replies_belong_to_their_tenant(make_settings, tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    mine, theirs = (keys.create(tenant, ["run"]) for tenant in ("a", "b"))
    settings = make_settings(api_key_file=str(tmp_path / "keys.json"), durable_history=True)
    async with bootstrap(settings, sandbox=FakeSandbox()) as app, serving(app) as client:

        async def ask(key, method, path, headers=None, **more):
            headers = {"Authorization": f"Bearer {key}", **(headers or {})}
            return await client.request(method, path, headers=headers, **more)

        async def run(key):
            return await ask(key, "POST", "/api/runner/execute", headers=CACHED, json={"code": "12345"})

        first, again, other = [await run(key) for key in (mine, mine, theirs)]
        assert [reply.headers["X-Cache"] for reply in (first, again, other)] == ["MISS", "HIT", "MISS"]
        name = first.json()["execution_id"]
        assert name == again.json()["execution_id"] != other.json()["execution_id"]

        body = {"code": "def f(): ...", "tool_id": "t"}
        assert (await ask(mine, "POST", "/api/code/parse", json=body)).status == 200
        (module,) = (await ask(mine, "GET", "/api/code/modules")).json()["items"]
        for path, code in (
            (f"/api/code/executions/{name}", "execution_not_found"),
            (f"/api/code/executions/{name}/security", "execution_not_found"),
            (f"/api/code/modules/{module['id']}", "not_found"),
        ):
            assert (await ask(mine, "GET", path)).status == 200
            assert_problem(await ask(theirs, "GET", path), 404, code)
        assert (await ask(theirs, "GET", "/api/code/modules")).json()["items"] == []
        counts = [
            (await ask(key, "GET", "/api/code/metrics")).json()["total_executions"] for key in (mine, theirs)
        ]
        assert counts == [1, 1]


async def test_a_run_under_way_is_shown_to_its_tenant_only(make_settings, tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    mine, theirs = (keys.create(tenant, ["run"]) for tenant in ("a", "b"))
    settings = make_settings(api_key_file=str(tmp_path / "keys.json"))
    async with bootstrap(settings, sandbox=FakeSandbox()) as app, serving(app) as client:
        headers = {"Authorization": f"Bearer {mine}"}
        body = {"kind": "python", "request": {"code": "while True: pass", "timeout": 3}}
        place = (await client.request("POST", "/api/executions", headers=headers, json=body)).headers[
            "Location"
        ]
        path = f"/api/code/executions/{place.rpartition('/')[2]}/security"
        async with asyncio.timeout(60):
            while (seen := await client.request("GET", path, headers=headers)).status != 200:
                await asyncio.sleep(0.02)
        assert seen.json()["state"] in {"waiting", "running", "finished"}
        other = await client.request("GET", path, headers={"Authorization": f"Bearer {theirs}"})
        assert_problem(other, 404, "execution_not_found")
