"""Programs bring their packages along: headers after PEP 723, and auto_install."""

import asyncio

import pytest

from coderunner.tests.packages import CERTIFICATES, installed, local_index, write_wheel
from coderunner.tests.running import running_service
from servicekit.keys import KeyFile
from servicekit.testing import Client, assert_problem

HEADER = """#!/usr/bin/env python
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "brought==1.0",
# ]
#
# [tool.other]
# x = 1
# ///
import brought
print(brought.__version__)
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index")
    folder.chmod(0o755)
    for version in ("1.0", "2.0"):
        write_wheel(folder, "brought", {"brought.py": f"__version__ = '{version}'"}, version)
    write_wheel(folder, "autopkg", {"autopkg.py": "x = 'auto'"})
    with local_index(folder) as url:
        yield url


@pytest.fixture(scope="module")
def service(index, tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    keys = KeyFile(file)
    made = {
        name: keys.create(name.partition("-")[0], scopes)
        for name, scopes in (
            ("acme", ["run", "packages"]),
            ("acme-runner", ["run"]),
            ("few", ["run", "packages"]),
        )
    }
    env = {
        "PACKAGE_INDEX_URL": index,
        "API_KEY_FILE": str(file),
        "STEPFLOW_PYTHON_MAX_ENVIRONMENTS": "2",
        "SSL_CERT_FILE": CERTIFICATES,
    }
    with running_service(env=env) as running:
        yield running, made


@pytest.fixture
async def clients(service):
    running, keys = service
    made = {}
    for name, key in keys.items():
        made[name] = Client(running.base_url)
        made[name].headers["Authorization"] = f"Bearer {key}"
    yield made
    for client in made.values():
        client.close()


@pytest.fixture
def client(clients):
    return clients["acme"]


async def run(client, code, status=200, **body):
    body.setdefault("security_level", "isolated")
    reply = await client.request("POST", "/api/runner/execute", json={"code": code, **body}, timeout_s=90)
    assert reply.status == status, reply.body
    return reply.json()


async def test_a_header_gives_an_environment_that_the_next_run_finds_ready(client, clients):
    both = await asyncio.gather(run(client, HEADER), run(client, HEADER.replace("print(", "print(1, ")))
    assert [found["stdout"] for found in both] == ["1.0\n", "1 1.0\n"], both
    assert both[0]["environment_id"] == both[1]["environment_id"]
    ready = await run(client, HEADER, security_level="restricted")
    assert (ready["stdout"], ready["environment_id"]) == ("1.0\n", both[0]["environment_id"])
    listed = (await client.request("GET", f"/api/environments/{ready['environment_id']}")).json()
    assert listed["name"].startswith("script-")
    assert await installed(client) == {}  # the default environment stays as it was
    runner = await run(clients["acme-runner"], HEADER)  # who may only run finds what is there
    assert runner["stdout"] == "1.0\n"


async def test_who_may_only_run_installs_nothing(clients):
    other = HEADER.replace("1.0", "2.0")
    assert (await run(clients["acme-runner"], other, 403))["code"] == "install_refused"
    body = {"kind": "python", "request": {"code": other}}
    reply = await clients["acme-runner"].request("POST", "/api/executions", json=body)
    assert reply.status == 403, reply.body
    found = await run(clients["acme-runner"], "import autopkg", 403, auto_install=True)
    assert found["code"] == "install_refused"


async def test_what_the_guest_has_needs_no_environment(clients):
    code = '# /// script\n# dependencies = ["numpy>=2"]\n# ///\nimport numpy\nprint(int(numpy.int64(3)))'
    found = await run(clients["acme-runner"], code)
    assert (found["stdout"], found["environment_id"]) == ("3\n", "guest")


async def test_an_environment_that_is_named_stands_above_the_header(client):
    found = await run(client, HEADER, environment_id="guest")
    assert found["exceptions"][0]["type"] == "ModuleNotFoundError"


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        ('requires-python = ">=3.99"', 422, "python_version_missing"),
        ("dependencies = ", 422, "script_header_invalid"),
        ('dependencies = "six"', 422, "script_header_invalid"),
        ("requires-python = 3", 422, "script_header_invalid"),
        ("dependencies = " + "[" * 5000, 422, "script_header_invalid"),
        ('dependencies = ["--index-url x"]', 422, "invalid_requirement"),
        ('dependencies = ["../x"]', 422, "invalid_requirement"),
        ('dependencies = ["x @ git+https://example.org/x"]', 422, "source_not_allowed"),
        ('dependencies = ["not-there-xyzzy"]', 422, "packages_unresolvable"),
    ],
)
async def test_a_header_that_cannot_be_met_is_refused_before_the_run(client, header, status, code):
    found = await run(client, f"# /// script\n# {header}\n# ///\nprint(1)", status)
    assert found["code"] == code
    reply = await client.request(
        "POST",
        "/api/executions",
        json={"kind": "python", "request": {"code": f"# /// script\n# {header}\n# ///\n"}},
    )
    if code == "script_header_invalid":
        assert_problem(reply, 422, "invalid_parameters")


async def test_the_longest_unused_gives_way_when_there_are_too_many(clients):
    client = clients["few"]
    names = [
        (await run(client, HEADER.replace('"brought==1.0"', f'"brought>={n}"')))["environment_id"]
        for n in ("0.1", "0.2", "0.3")
    ]
    listed = (await client.request("GET", "/api/environments")).json()["environments"]
    assert {one["environment_id"] for one in listed} == set(names[1:])


async def test_missing_distributions_are_installed_on_request(client):
    code = "import autopkg\nprint(autopkg.x)"
    missing = await run(client, code)
    assert missing["exceptions"][0]["type"] == "ModuleNotFoundError"
    found = await run(client, code, auto_install=True)
    assert found["stdout"] == "auto\n", found
    assert (await installed(client))["autopkg"] == "1.0"
    again = await run(client, code, auto_install=True)
    assert again["timing"]["install"] < found["timing"]["install"]
    broken = await run(client, "import autopkg\nx = (", auto_install=True)
    assert broken["exceptions"][0]["type"] == "SyntaxError"


async def test_an_execution_tells_of_its_installation(client):
    body = {
        "kind": "python",
        "request": {"code": HEADER.replace("==1.0", "<=1.5"), "security_level": "isolated"},
    }
    reply = await client.request("POST", "/api/executions", json=body)
    place = reply.headers["Location"]
    async with asyncio.timeout(60):
        while (state := (await client.request("GET", place)).json())["status"] in {"queued", "running"}:
            await asyncio.sleep(0.1)
    assert state["status"] == "succeeded", state
    assert "installing brought 1.0" in (await client.request("GET", f"{place}/logs")).body.decode()
