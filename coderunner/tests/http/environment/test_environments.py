"""The life of environments over HTTP."""

import asyncio
import shutil

import pytest

from coderunner.src.bootstrap import bootstrap
from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
from coderunner.tests.packages import install, installed
from servicekit.testing import assert_problem, serving


async def create(client, name, *packages, status=201, **more):
    body = {"name": name, "base_packages": list(packages), **more}
    reply = await client.request("POST", "/api/environments", json=body, timeout_s=120)
    assert reply.status == status, reply.body[:1000]
    return reply.json()


async def test_an_environment_is_created_shown_listed_and_deleted(client):
    made = await create(client, "one", "six==1.17.0")
    assert made["status"] == "active"
    assert [package["name"] for package in made["packages"]] == ["six"]
    path = f"/api/environments/{made['environment_id']}"
    assert (await client.request("GET", path)).json() == made
    listed = (await client.request("GET", "/api/environments")).json()["environments"]
    assert [environment["name"] for environment in listed] == ["one"]
    assert (await client.request("DELETE", path)).status == 204
    assert_problem(await client.request("GET", path), 404, "environment_not_found")
    assert_problem(await client.request("DELETE", path), 404, "environment_not_found")


async def test_a_lock_names_exact_versions(client):
    made = await create(client, "locked", "six==1.17.0", "numpy")
    reply = await client.request("GET", f"/api/environments/{made['environment_id']}/lock")
    lines = reply.body.decode().splitlines()
    assert "six==1.17.0" in lines
    assert any(line.startswith("numpy==") and line.endswith("# guest") for line in lines)


async def test_a_clone_goes_its_own_way(client):
    made = await create(client, "origin", "six==1.17.0")
    reply = await client.request(
        "POST", f"/api/environments/{made['environment_id']}/clone", json={"name": "copy"}
    )
    assert reply.status == 201
    copy = reply.json()["environment_id"]
    await install(client, "toolz==1.0.0", environment_id=copy)
    assert await installed(client, copy) == {"six": "1.17.0", "toolz": "1.0.0"}
    assert await installed(client, made["environment_id"]) == {"six": "1.17.0"}


async def test_validating_tells_what_is_broken(client, shared_root):
    made = await create(client, "breaks", "iniconfig")
    path = f"/api/environments/{made['environment_id']}/validate"
    assert (await client.request("POST", path)).json() == {"valid": True, "problems": []}
    for layer in shared_root.glob("layer_*"):
        if (layer / "iniconfig").exists():
            shutil.rmtree(layer)
    found = (await client.request("POST", path)).json()
    assert found == {"valid": False, "problems": ["its folder of packages is gone"]}
    await install(client, "iniconfig", environment_id=made["environment_id"])  # builds it again
    assert (await client.request("POST", path)).json() == {"valid": True, "problems": []}


async def test_another_python_is_refused_with_a_list(client):
    problem = await create(client, "old", python_version="3.9", status=422)
    assert problem["code"] == "python_version_missing"
    assert "3.1" in problem["detail"]


async def test_names_are_unique_and_their_number_is_bounded(make_settings):
    settings = make_settings(stepflow_python_max_environments=2)
    async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:
        await create(client, "a")
        assert (await create(client, "a", status=409))["code"] == "environment_exists"
        await create(client, "b")
        assert (await create(client, "c", status=429))["code"] == "too_many_environments"


async def test_nothing_stays_of_an_environment_whose_packages_cannot_be_had(client):
    await create(client, "never", "surely-not-a-package-xyzzy", status=422)
    assert (await client.request("GET", "/api/environments")).json()["environments"] == []


@pytest.mark.parametrize("package", ["--index-url", "git+https://x/y"])
async def test_base_packages_are_data(client, package):
    problem = await create(client, "bad", package, status=422)
    assert problem["errors"][0]["pointer"] == "/base_packages/0"


async def test_dependencies_know_what_an_environment_adds(client):
    made = await create(client, "deps", "toolz==1.0.0")
    body = {"code": "import toolz", "environment_id": made["environment_id"]}
    found = (await client.request("POST", "/api/code/dependencies", json=body)).json()
    assert [(d["name"], d["version"], d["origin"]) for d in found["dependencies"]] == [
        ("toolz", "1.0.0", "environment")
    ]


async def test_parsed_modules_are_kept_under_their_tool(client):
    for name in ("a", "b", "c"):
        body = {"code": "def f(): ...", "tool_id": "tool_1", "module_name": name}
        assert (await client.request("POST", "/api/code/parse", json=body)).status == 200
    first = (await client.request("GET", "/api/code/modules?limit=2")).json()
    assert [module["module_name"] for module in first["items"]] == ["c", "b"]
    whole = (await client.request("GET", f"/api/code/modules/{first['items'][0]['id']}")).json()
    assert (whole["source_code"], whole["functions"][0]["name"]) == ("def f(): ...", "f")
    for unknown in ("0", "999999", "x", "9" * 40):
        assert_problem(await client.request("GET", f"/api/code/modules/{unknown}"), 404, "not_found")
    assert (await client.request("GET", "/api/code/modules?tool_id=tool_2")).json()["items"] == []
    rest = (await client.request("GET", f"/api/code/modules?limit=2&cursor={first['next_cursor']}")).json()
    assert [module["module_name"] for module in rest["items"]] == ["a"]
    assert rest["next_cursor"] is None


async def test_installed_packages_have_a_history(client):
    await create(client, "history", "six==1.17.0")
    items = (await client.request("GET", "/api/code/installed")).json()["items"]
    assert [(item["package_name"], item["version"], item["source"]) for item in items] == [
        ("six", "1.17.0", "pypi")
    ]


async def test_creating_goes_on_as_an_execution(client):
    body = {"name": "later", "base_packages": ["six==1.17.0"], "wait": 0}
    reply = await client.request("POST", "/api/environments", json=body)
    assert reply.status == 202, reply.body
    made = reply.json()
    assert made["status"] == "building"
    one = f"/api/environments/{made['environment_id']}"
    assert (await client.request("GET", one)).json()["status"] in {"building", "active"}
    state = await ended(client, reply.headers["Location"])
    assert (state["status"], state["kind"]) == ("succeeded", "packages"), state
    shown = (await client.request("GET", one)).json()
    assert (shown["status"], shown["packages"][0]["name"]) == ("active", "six")


async def ended(client, place):
    async with asyncio.timeout(60):
        while (state := (await client.request("GET", place)).json())["status"] in {"queued", "running"}:
            await asyncio.sleep(0.1)
    return state


async def test_an_environment_that_cannot_be_made_says_why_and_leaves_nothing(client):
    body = {"name": "later", "base_packages": ["surely-not-a-package-xyzzy"], "wait": 0}
    reply = await client.request("POST", "/api/environments", json=body)
    state = await ended(client, reply.headers["Location"])
    assert (state["status"], state["verdict"]) == ("failed", "packages_unresolvable")
    assert "surely-not-a-package-xyzzy" in state["error_message"], state
    one = f"/api/environments/{reply.json()['environment_id']}"
    assert_problem(await client.request("GET", one), 404, "environment_not_found")


async def test_a_repeated_request_makes_one_environment(client):
    headers = {"Idempotency-Key": "once"}
    body = {"name": "once", "base_packages": ["six==1.17.0"]}
    made = [
        (await client.request("POST", "/api/environments", json=body, headers=headers, timeout_s=60)).json()
        for _ in range(2)
    ]
    assert made[0]["environment_id"] == made[1]["environment_id"], made
    other = await client.request("POST", "/api/environments", json=body)
    assert_problem(other, 409, "environment_exists")


async def test_an_active_environment_is_the_default_one(client):
    made = await create(client, "mine", "six==1.17.0")
    reply = await client.request("POST", f"/api/environments/{made['environment_id']}/activate")
    assert (reply.status, reply.json()["is_default"]) == (200, True), reply.body
    assert await installed(client) == {"six": "1.17.0"}
    await install(client, "toolz==1.0.0")
    assert await installed(client, made["environment_id"]) == {"six": "1.17.0", "toolz": "1.0.0"}
    assert (await client.request("DELETE", f"/api/environments/{made['environment_id']}")).status == 204
    assert await installed(client) == {}
    await install(client, "six==1.17.0")  # a new default environment
    assert await installed(client) == {"six": "1.17.0"}


async def test_names_of_programs_own_environments_are_taken(client):
    assert (await create(client, "script-mine", status=409))["code"] == "environment_exists"
