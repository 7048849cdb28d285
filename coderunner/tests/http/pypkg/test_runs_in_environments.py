"""Runs see the packages of their environment, and no other's."""

import asyncio
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from coderunner.tests.packages import CERTIFICATES, install, installed, send_form, wheel_bytes
from coderunner.tests.running import running_service
from servicekit.testing import Client


@pytest.fixture(scope="module")
def packages_service():
    with running_service(env={"SSL_CERT_FILE": CERTIFICATES}) as running:
        yield running


@pytest.fixture
async def client(packages_service):
    client = Client(packages_service.base_url)
    yield client
    client.close()


async def create(client, name, *packages):
    body = {"name": name, "base_packages": list(packages)}
    reply = await client.request("POST", "/api/environments", json=body, timeout_s=120)
    assert reply.status == 201, reply.body
    return reply.json()["environment_id"]


async def run(client, code, **body):
    body.setdefault("security_level", "isolated")
    reply = await client.request("POST", "/api/runner/execute", json={"code": code, **body}, timeout_s=60)
    assert reply.status == 200, reply.body
    return reply.json()


async def test_two_environments_with_different_versions_are_used_at_the_same_time(client):
    old, new = await asyncio.gather(
        create(client, "old", "toolz==0.12.0"), create(client, "new", "toolz==1.0.0")
    )
    code = "import toolz, time\ntime.sleep(0.2)\ntoolz.__version__"
    runs = [run(client, code, environment_id=which) for which in (old, new) * 3]
    assert [found["value"] for found in await asyncio.gather(*runs)] == ["0.12.0", "1.0.0"] * 3


@pytest.mark.parametrize("level", ["restricted", "isolated"])
async def test_what_was_just_installed_is_usable_at_once(client, level):
    await install(client, "six==1.17.0")
    found = await run(client, "import six\nsix.text_type('x')", security_level=level)
    assert (found["status"], found["value"]) == ("success", "x"), found


async def test_a_wheel_is_sent_and_used_and_stays_through_later_changes(client):
    """What lies in the wheel is importable, no path of ours is told, and a lock can be installed."""
    one = await create(client, "sent")
    path, name = f"/api/environments/{one}/packages", "sent-1.0-py3-none-any.whl"
    wheel = wheel_bytes("sent", {"sent.py": "x = 'sent'"}, needs=["six==1.17.0"])
    reply = await send_form(client, path, ("wheel", name, wheel))
    assert reply.status == 200, reply.body
    found = {p["name"]: (p["version"], p["source"]) for p in reply.json()["packages"]}
    assert found == {"sent": ("1.0", "upload"), "six": ("1.17.0", "pypi")}
    await install(client, "toolz==1.0.0", environment_id=one)
    code = (
        "import importlib.metadata as m, sent, six, toolz\n"
        "print(sent.x, m.distribution('sent').read_text('direct_url.json'))"
    )
    ran = await run(client, code, environment_id=one)
    assert ran["stdout"] == "sent None\n", ran
    shown = (await client.request("GET", f"/api/environments/{one}")).json()
    assert shown["base_packages"] == [name, "toolz==1.0.0"]
    lock = (await client.request("GET", f"/api/environments/{one}/lock")).body.decode()
    assert "# sent==1.0 from a wheel, upload, sha256 " in lock
    again = await client.request("POST", path, json={"requirements": lock}, timeout_s=60)
    assert again.status == 200, again.body
    gone = await client.request("DELETE", path, json={"packages": ["sent"]}, timeout_s=60)
    assert "sent" not in {p["name"] for p in gone.json()["packages"]}


async def test_a_run_sees_only_its_own_layer_and_cannot_write_it(client):
    own = await create(client, "own", "toolz==1.0.0")
    await create(client, "others", "six==1.16.0")
    code = """
import os, sys
try:
    import six
except ImportError as error:
    print("no six")
print(os.listdir("/opt/environments"), sorted(os.listdir("/opt/environment"))[:1])
try:
    open("/opt/environment/toolz/x.py", "w")
except OSError as error:
    print(error.strerror)
print(sys.path[-1])
"""
    found = await run(client, code, environment_id=own)
    assert found["stdout"].splitlines()[0] == "no six", found
    assert "[]" in found["stdout"].splitlines()[1]
    assert "Read-only file system" in found["stdout"] or "Permission denied" in found["stdout"]
    assert found["stdout"].splitlines()[-1] == "/opt/environment"


async def test_a_run_without_an_environment_sees_no_layer(client):
    found = await run(client, "import os\nos.listdir('/opt/environments') + os.listdir('/opt/environment')")
    assert found["value"] == []


async def test_a_run_in_flight_keeps_what_it_started_with(client):
    which = await create(client, "flight", "toolz==1.0.0")
    running = asyncio.create_task(
        run(client, "import time\ntime.sleep(3)\nimport toolz\ntoolz.__version__", environment_id=which)
    )
    await asyncio.sleep(0.5)
    body = {"packages": ["toolz"], "environment_id": which}
    gone = await client.request("DELETE", "/api/pypkg/uninstall", json=body, timeout_s=60)
    assert gone.status == 200
    assert (await running)["value"] == "1.0.0"
    assert (await run(client, "import toolz", environment_id=which))["status"] == "error"


async def test_a_layer_that_the_machine_has_lost_is_built_again(client, packages_service):
    one = await create(client, "lost", "iniconfig==2.0.0")
    for layer in (packages_service.home / "environments").glob("layer_*"):
        if (layer / "iniconfig").is_dir():
            shutil.rmtree(layer)
    found = await run(client, "import iniconfig\niniconfig.__name__", environment_id=one)
    assert found["value"] == "iniconfig", found


async def test_what_runs_find_imported_is_warm_and_the_rest_is_installed(client):
    one = await create(client, "warm", "pandas", "toolz==1.0.0")
    async with asyncio.timeout(60):
        while True:  # until the parent that imports pandas has started
            reply = await client.request("GET", f"/api/environments/{one}/packages")
            found = {one["name"]: (one["source"], one["state"]) for one in reply.json()["packages"]}
            if found["pandas"] != ("guest", "installed"):
                break
            await asyncio.sleep(0.2)
    assert found == {"pandas": ("guest", "warm"), "toolz": ("pypi", "installed")}


async def test_an_unknown_environment_is_a_404(client):
    body = {"code": "1", "environment_id": "env_nobodys"}
    reply = await client.request("POST", "/api/runner/execute", json=body)
    assert (reply.status, reply.json()["code"]) == (404, "environment_not_found")


async def test_finished_runs_are_remembered(client):
    found = await run(client, "print('remember me')")
    async with asyncio.timeout(60):
        while True:
            items = (await client.request("GET", "/api/code/executions?limit=5")).json()["items"]
            match = [item for item in items if item["execution_id"] == found["execution_id"]]
            if match:
                break
            await asyncio.sleep(0.05)
    counted = (await client.request("GET", "/api/code/metrics")).json()
    assert counted["total_executions"] == counted["successful_executions"] + counted["failed_executions"]
    assert counted["successful_executions"] >= 1
    assert (match[0]["status"], match[0]["stdout"], match[0]["return_code"]) == (
        "success",
        "remember me\n",
        0,
    )


def test_kill_9_in_the_middle_of_an_install_leaves_the_old_state_and_creating_goes_on():
    home = Path(tempfile.mkdtemp(prefix="coderunner-kill-"))
    home.chmod(0o755)
    env = {
        "SSL_CERT_FILE": CERTIFICATES,
        "DATA_DIR": str(home / "data"),
        "STEPFLOW_PYTHON_VIRTUAL_ENV_PATH": str(home / "environments"),
        "STEPFLOW_EXECUTOR_LEASE": "6",
    }

    async def kill_in_the_middle(service):
        client = Client(service.base_url)
        await install(client, "six==1.17.0")
        body = {"name": "begun", "base_packages": ["toolz==1.0.0"], "wait": 0}
        begun = (await client.request("POST", "/api/environments", json=body)).json()
        doomed = asyncio.create_task(
            client.request("POST", "/api/pypkg/install", json={"packages": ["sympy", "babel"]}, timeout_s=60)
        )
        async with asyncio.timeout(60):
            while not list((home / "environments" / ".building").glob("*/layer")):
                await asyncio.sleep(0.005)
        service.ended = True
        os.kill(service.pid, signal.SIGKILL)
        (answer,) = await asyncio.gather(doomed, return_exceptions=True)
        assert isinstance(answer, Exception)
        client.close()
        return f"/api/environments/{begun['environment_id']}"

    async def look_again(service, begun):
        client = Client(service.base_url)
        assert await installed(client) == {"six": "1.17.0"}
        assert (await run(client, "import six\nsix.__version__"))["value"] == "1.17.0"
        await install(client, "babel")
        assert set(await installed(client)) == {"six", "babel"}
        async with asyncio.timeout(120):  # what was accepted is made: its execution begins again
            while (made := (await client.request("GET", begun)).json())["status"] != "active":
                await asyncio.sleep(0.2)
        assert [package["name"] for package in made["packages"]] == ["toolz"]
        client.close()

    try:
        with running_service(env=env) as service:
            begun = asyncio.run(kill_in_the_middle(service))
        with running_service(env=env) as service:
            asyncio.run(look_again(service, begun))
    finally:
        shutil.rmtree(home)
