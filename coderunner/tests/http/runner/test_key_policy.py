"""Keys with a policy of their own, over HTTP against a running service."""

import json
import subprocess
import sys

import pytest

from coderunner.tests.running import ROOT, running_service
from servicekit.keys import KeyFile
from servicekit.testing import Client


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    """A service that blocks `colorsys`, and the keys of four people."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    ring = KeyFile(path)
    held = {
        "plain": {},
        "narrow": {"blocked_modules": ["json"], "blocked_functions": ["sum"], "enable_file_access": False},
        "brief": {"max_execution_time": 2, "max_memory_usage": 200 << 20, "security_levels": ["restricted"]},
        "wide": {"overrides_operator": True, "blocked_modules": [], "enable_system_calls": True},
    }
    keys = {name: ring.create(name, ["run", "packages"], policy=policy) for name, policy in held.items()}
    path.chmod(0o600)
    env = {"API_KEY_FILE": str(path), "STEPFLOW_PYTHON_BLOCKED_IMPORTS": "colorsys"}
    with running_service(env=env) as service:
        yield service, keys


@pytest.fixture
async def post(keyed):
    service, keys = keyed
    client = Client(service.base_url)

    async def post(who, path="/api/runner/execute", **body):
        return await client.request(
            "POST", path, json=body, headers={"Authorization": f"Bearer {keys[who]}"}, timeout_s=60
        )

    yield post
    client.close()


async def refused(post, who, code, **more):
    found = (await post(who, code=code, **more)).json()
    assert found["status"] == "policy_violation", found
    return [(entry["line"], entry["set_by"]) for entry in found["violations"]]


async def test_every_refusal_names_its_source(post):
    code = "import json\nimport colorsys\nimport os\nimport re\nsum([1])\n"
    request = {"security_settings": {"blocked_modules": ["re"]}}
    assert await refused(post, "narrow", code, **request) == [
        (1, "key"), (2, "operator"), (3, "service"), (4, "request"), (5, "key"),
    ]  # fmt: skip
    assert await refused(post, "plain", code, **request) == [(2, "operator"), (3, "service"), (4, "request")]
    reply = (await post("narrow", code="open('x', 'w')")).json()
    assert reply["violations"][0]["set_by"] == "key"
    assert "this API key" in reply["stderr"]


async def test_only_a_key_that_overrides_is_wider(post):
    reply = (await post("wide", code="import colorsys, os\nprint(os.getpid() > 0)")).json()
    assert reply["stdout"] == "True\n", reply
    assert await refused(post, "wide", "import colorsys", security_settings={"blocked_modules": ["colorsys"]})
    reply = await post("plain", code="1", security_settings={"enable_system_calls": True})
    assert (reply.status, reply.json()["code"]) == (422, "policy_too_wide")
    assert reply.json()["errors"][0]["pointer"] == "/security_settings/enable_system_calls"


async def test_a_narrow_key_cannot_leave_by_the_level_a_limit_or_the_engine(post):
    reply = await post("narrow", code="1", security_level="isolated")
    assert (reply.status, reply.json()["code"]) == (422, "security_level_not_allowed")
    assert (await post("plain", code="1", security_level="isolated")).json()["value"] == 1
    reply = await post("brief", code="1", timeout=3)
    assert (reply.status, reply.json()["code"]) == (422, "limit_above_maximum")
    assert "this API key" in reply.json()["detail"]
    assert (await post("brief", code="while True: pass")).json()["limit"]["value"] == 2
    job = {"kind": "python", "request": {"code": "import json"}, "wait": 30}
    reply = (await post("narrow", "/api/executions", **job)).json()
    assert "policy_violation" in json.dumps(reply), reply
    level = {"kind": "python", "request": {"code": "1", "security_level": "isolated"}}
    assert (await post("narrow", "/api/executions", **level)).status == 422
    brief = (await post("brief", "/api/executions", kind="python", request={"code": "1 + 1"}, wait=30)).json()
    assert brief["status"] == "succeeded", brief


async def test_environments_and_validation_follow_the_key(post):
    found = (await post("narrow", "/api/code/validate", code="import json")).json()
    assert [entry["line"] for entry in found["errors"]] == [1]
    settings = {"enable_network_access": True}
    reply = await post("plain", "/api/environments", name="e", security_settings=settings)
    assert (reply.status, reply.json()["code"]) == (422, "policy_too_wide")


@pytest.mark.parametrize(
    ("policy", "setting", "said"),
    [
        ({"allowed_functions": ["eval"]}, {}, "policy of the API key"),
        ({}, {"STEPFLOW_PYTHON_BLOCKED_FUNCTIONS": "opne"}, "STEPFLOW_PYTHON_BLOCKED_FUNCTIONS"),
        ({}, {"STEPFLOW_PYTHON_ALLOWED_IMPORTS": "json;os"}, "STEPFLOW_PYTHON_ALLOWED_IMPORTS"),
    ],
)
def test_a_policy_that_is_not_understood_keeps_the_service_from_starting(tmp_path, policy, setting, said):
    path = tmp_path / "keys.json"
    KeyFile(path).create("acme", ["run"], policy=policy)
    environment = {
        "PATH": "/usr/bin:/bin", "PORT": "0", "DATA_DIR": str(tmp_path), "API_KEY_FILE": str(path), **setting,
    }  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-m", "coderunner.src.main"], check=False,
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 1
    assert said in ended.stderr
