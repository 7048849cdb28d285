"""Attack 31, where the operator allows building: a build script runs within the walls of any program."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from coderunner.tests.packages import CERTIFICATES, install, installed, local_index
from coderunner.tests.running import running_service
from servicekit.testing import Client

# what the build finds goes into the package, where the test reads it
SETUP = """
import json, os, socket
from setuptools import setup
found = {}
try:
    open(%(canary)r, "w").write("x")
    found["canary"] = "written"
except OSError as error:
    found["canary"] = type(error).__name__
try:
    socket.create_connection(("127.0.0.1", %(port)d), 2)
    found["network"] = "reached"
except OSError as error:
    found["network"] = "refused"
found["secret"] = os.environ.get("DB_PASSWORD", "none")
open("tried.py", "w").write("found = " + repr(found))
setup(name="%(name)s", version="1.0", py_modules=["tried"])
"""
MODERN = """
[build-system]
requires = ["flit_core>=3.8"]
build-backend = "flit_core.buildapi"
[project]
name = "modern"
version = "2.0"
description = "a modern one"
"""


@pytest.fixture(autouse=True)
def nothing_stays():
    """The shared service has no part in these tests."""


@pytest.fixture(scope="module")
def place():
    folder = Path(tempfile.mkdtemp(prefix="sources-", dir="/var/tmp"))
    folder.chmod(0o755)
    (folder / "bait").mkdir()
    (folder / "bait").chmod(0o1777)
    (folder / "git").mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def service(place):
    roots = place / "roots"
    with local_index(place / "git") as url:
        port = int(url.rpartition(":")[2])
        facts = {"canary": str(place / "bait" / "canary"), "port": port}
        for name in ("legacy", "fromgit"):
            (roots / name).mkdir(parents=True)
            (roots / name / "setup.py").write_text(SETUP % {**facts, "name": name})
        (roots / "modern").mkdir()
        (roots / "modern" / "pyproject.toml").write_text(MODERN)
        (roots / "modern" / "modern.py").write_text('"""A module."""\nx = "modern"\n')
        (roots / "broken").mkdir()
        (roots / "broken" / "setup.py").write_text("raise RuntimeError('this build is broken')")
        repository(roots / "fromgit", place / "git" / "fromgit.git")
        env = {
            "SSL_CERT_FILE": CERTIFICATES,
            "PACKAGE_BUILD_FROM_SOURCE": "true",
            "PACKAGE_LOCAL_ROOTS": str(roots),
            "PACKAGE_GIT_URLS": f"{url}/",
        }
        with running_service(env=env) as running:
            yield running, roots, url


def repository(source, target):
    git("init", "-q", "-b", "main", str(source))
    git("-C", str(source), "add", ".")
    git("-C", str(source), "commit", "-q", "-m", "one")
    git("-C", str(source), "tag", "v1")
    git("clone", "-q", "--bare", str(source), str(target))
    git("-C", str(target), "update-server-info")  # it is served as plain files


def git(*arguments):
    who = {f"GIT_{role}_{part}": "a@b" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], check=True, capture_output=True, env={**os.environ, **who})


@pytest.fixture
async def client(service, place):
    client = Client(service[0].base_url)
    yield client
    client.close()
    assert os.listdir(place / "bait") == []
    assert os.listdir(service[0].home / "environments" / ".building") == []


async def found_by(client):
    body = {"code": "import tried\ntried.found", "security_level": "isolated"}
    return (await client.request("POST", "/api/runner/execute", json=body, timeout_s=60)).json()["value"]


WITHIN_THE_WALLS = {"network": "refused", "secret": "none"}


async def test_a_folder_is_built_within_the_walls(client, service):
    reply = await install(client, f"legacy @ file://{service[1]}/legacy")
    assert [(p["name"], p["source"]) for p in reply["packages"]] == [("legacy", "local")]
    found = await found_by(client)
    assert found.pop("canary") in {"FileNotFoundError", "PermissionError", "OSError"}
    assert found == WITHIN_THE_WALLS


async def test_build_tools_come_as_wheels_and_leave_nothing(client, service):
    reply = await install(client, f"modern @ file://{service[1]}/modern")
    assert ("modern", "2.0") in {(p["name"], p["version"]) for p in reply["packages"]}
    assert "flit-core" not in await installed(client)


async def test_a_repository_is_built_at_a_tag(client, service):
    reply = await install(client, f"fromgit @ git+{service[2]}/fromgit.git@v1")
    assert ("fromgit", "git") in {(p["name"], p["source"]) for p in reply["packages"]}
    assert (await found_by(client))["network"] == "refused"


async def test_a_build_that_fails_says_why_and_leaves_the_old_state(client, service):
    before = await installed(client)
    problem = await install(client, f"broken @ file://{service[1]}/broken", status=422)
    assert problem["code"] == "packages_unresolvable"
    assert "this build is broken" in problem["detail"]
    assert await installed(client) == before


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("git+https://evil.example/x.git", "source_not_allowed"),
        ("git+@URL@.evil.example/x.git", "source_not_allowed"),
        ("git+@URL@/../x.git", "source_not_allowed"),
        ("git+file:///etc", "source_not_allowed"),
        ("git+ssh://127.0.0.1/x.git", "source_not_allowed"),
        ("git+@URL@/missing.git", "packages_unresolvable"),
        ("git+@URL@/fromgit.git@no-such-ref", "packages_unresolvable"),
        ("git+@URL@/fromgit.git@--upload-pack=x", "packages_unresolvable"),
        ("file:///etc", "source_not_allowed"),
    ],
)
async def test_what_the_operator_has_not_named_is_refused(client, service, location, code):
    problem = await install(client, f"x @ {location.replace('@URL@', service[2])}", status=422)
    assert problem["code"] == code, problem
