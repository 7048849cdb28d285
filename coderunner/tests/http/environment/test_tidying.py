"""What nobody needs goes: idle and abandoned environments, folders and wheels; what is in use stays."""

import os
import shutil
import tempfile
import time
from contextlib import AsyncExitStack, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coderunner.src.bootstrap.rows import open_rows
from coderunner.src.bootstrap.toolkit import open_toolkit
from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
from coderunner.tests.packages import wheel_bytes
from servicekit.health import Health
from servicekit.settings import SettingsError

NAME = "kept-1.0-py3-none-any.whl"


class Warm(RefusingSandbox):
    """Runs nothing and says what runs would find imported."""

    def __init__(self):
        super().__init__("no")

    def state(self):
        return replace(super().state(), warm=frozenset({"pandas"}))


@pytest.fixture
def root():
    folder = Path(tempfile.mkdtemp(prefix="coderunner-tidying-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def toolkit(make_settings, root):
    settings = make_settings(stepflow_python_virtual_env_path=root, environment_idle_days=30)
    async with AsyncExitStack() as resources:
        health = Health()
        database = await open_rows(settings, resources, health)
        opened = await open_toolkit(settings, database, resources, health, sandbox=Warm)
        yield opened.environments, database, root


async def test_abandoned_and_idle_environments_are_forgotten(toolkit):
    environments, database, _ = toolkit
    made = {name: await environments.manage.create("t", name, ["six"]) for name in ("lost", "going", "fresh")}
    idle = await environments.manage.create("t", "idle")
    long_ago = round((datetime.now(UTC) - timedelta(days=40)).timestamp() * 1_000_000)
    for one in (made["lost"], made["going"]):
        await _set(database, one.id, "created_at", long_ago)
    await _set(database, idle.id, "last_used", long_ago)
    assert await environments.tidy({made["going"].id}) == 2
    left = {one.name for one in await environments.manage.all_of("t")}
    assert left == {"going", "fresh"}


async def test_wheels_and_folders_that_no_row_names_are_deleted_when_they_are_old(toolkit):
    environments, _, root = toolkit
    kept = await environments.wheels.keep("t", NAME, wheel_bytes("kept", {"kept.py": ""}))
    other = await environments.wheels.keep("t", NAME, wheel_bytes("kept", {"kept.py": "x = 1"}))
    one = await environments.manage.create("t", "one")
    await environments.change.install("t", one.id, [], wheels=[kept.public])
    (root / "layer_old").mkdir()
    assert await environments.tidy(()) == 0  # all of it is young
    for folder in (*root.glob("layer_*"), *(root / "wheels").glob("*/*/*")):
        _age(folder)
    assert await environments.tidy(()) == 2
    assert (root / "wheels" / kept.ref).exists()
    assert not (root / "wheels" / other.ref).exists()
    assert [folder.name for folder in root.glob("layer_*")] == [
        (await environments.manage.get("t", one.id)).layer
    ]


async def test_a_folder_that_the_installer_cannot_reach_is_refused_at_start(make_settings, root):
    closed = root / "closed"
    closed.mkdir(mode=0o700)
    settings = make_settings(stepflow_python_virtual_env_path=closed / "environments")
    async with AsyncExitStack() as resources:
        database = await open_rows(settings, resources, Health())
        shut_out = pytest.raises(SettingsError, match="closed to other users")
        with shut_out if os.geteuid() == 0 else nullcontext():  # an ordinary user installs as itself
            await open_toolkit(settings, database, resources, Health(), sandbox=Warm)


async def test_packages_of_the_guest_that_runs_find_imported_are_warm(toolkit):
    environments, _, _ = toolkit
    assert set(await environments.warm_packages()) == {"pandas"}


def _age(folder: Path):
    long_ago = time.time() - 7200
    os.utime(folder, (long_ago, long_ago))


async def _set(database, environment_id, column, value):
    from sqlalchemy import text

    await database.write(
        lambda connection: connection.execute(
            text(f"UPDATE python_environments SET {column} = :value WHERE id = :id"),
            {"value": value, "id": environment_id},
        )
    )
