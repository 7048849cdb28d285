"""Bait on the host, and a look after every case that nothing was left and that the next run is whole."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from coderunner.tests.evidence import assert_nothing_left, folder_state, traces
from coderunner.tests.running import SECRET
from coderunner.tests.sandbox.attacks import LEVELS, Grounds, run_attack


@pytest.fixture(params=LEVELS)
def level(request):
    return request.param


@pytest.fixture(scope="session")
def grounds(service):
    """Files that every user of the host may read (and one folder to write to), and secrets of the service."""
    folder = Path(tempfile.mkdtemp(prefix="bait-", dir="/var/tmp"))
    folder.chmod(0o755)
    (folder / "readable.txt").write_text(f"{SECRET}\n")
    (folder / "readable.csv").write_text(f"a,b\n1,{SECRET}\n")
    (folder / "program").write_text(f"#!/bin/sh\necho {SECRET}\n")
    (folder / "program").chmod(0o4755)
    (folder / "open").mkdir()
    (folder / "open").chmod(0o1777)
    secret = service.data_dir / "keys.json"
    secret.write_text(SECRET)
    yield Grounds(folder, service.data_dir, service.pid, folder_state(folder))
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def untouched(service):
    """What the host shows when no run is left."""
    return traces(service)


@pytest.fixture(autouse=True)
async def nothing_stays(service, grounds, untouched, execute):
    """After every case: service healthy, nothing left, the next run unaffected, the bait as it was."""
    yield
    after = await execute("import json\nprint(json.dumps([6 * 7, sorted('ba')]))")
    assert (after["status"], after["stdout"]) == ("success", '[42, ["a", "b"]]\n'), after
    assert_nothing_left(service, untouched)
    assert folder_state(grounds.folder) == grounds.before
    assert (grounds.data_dir / "keys.json").read_text() == SECRET
    assert os.listdir(grounds.folder / "open") == []


@pytest.fixture
def attack(execute, grounds):
    """Run an attack and judge it."""

    async def run(attack, level):
        return await run_attack(execute, grounds, attack, level)

    return run
