"""Attack 31: what hostile packages, indexes and names try against the service that installs them."""

import io
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest

from coderunner.tests.packages import install, installed, local_index, send_form, wheel_bytes, write_wheel
from coderunner.tests.running import running_service
from servicekit.testing import Client

INSTALL = "/api/pypkg/install"
WRITES = "import os, pathlib\npathlib.Path({canary!r}).write_text('built as %d' % os.geteuid())\n"


@pytest.fixture(autouse=True)
def nothing_stays():
    """The shared service has no part in these tests."""


@pytest.fixture(scope="module")
def bait():
    """A folder that anybody may write into, and that must stay empty."""
    folder = Path(tempfile.mkdtemp(prefix="bait-", dir="/var/tmp"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def index(bait):
    folder = Path(tempfile.mkdtemp(prefix="coderunner-index-"))
    folder.chmod(0o755)
    writes = WRITES.format(canary=str(bait / "canary"))
    write_sdist(folder, "setuppy", {"setup.py": f"{writes}from setuptools import setup\nsetup(name='setuppy', version='1.0')"})  # fmt: skip
    write_sdist(
        folder,
        "backend",
        {
            "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n',
            "own.py": f"{writes}def build_wheel(*_): raise SystemExit\nprepare_metadata_for_build_wheel = build_wheel",
        },
    )
    write_wheel(
        folder,
        "evilwheel",
        {
            "evilwheel.py": "x = 1",
            "evil.pth": "import os; os.environ['PTH_RAN'] = '1'\n",
            "sitecustomize.py": "import os; os.environ['SITE_RAN'] = '1'\n",
            "usercustomize.py": "import os; os.environ['SITE_RAN'] = '2'\n",
            "numpy/__init__.py": "raise SystemExit('replaced')",
            "coderunner/guest/language/runner.py": "raise SystemExit('replaced')",
            "json.py": "raise SystemExit('replaced')",
            "evilwheel-1.0.data/scripts/tool": f"#!python\n{writes}",
            "evilwheel-1.0.dist-info/entry_points.txt": "[console_scripts]\nuv = evilwheel:x\n",
        },
    )
    write_wheel(folder, "climber", {"climber.py": "", f"../../../../../../..{bait}/climbed.py": "x = 1"})
    write_wheel(folder, "absolute", {"absolute.py": "", f"{bait}/absolute.py": "x = 1"})
    write_wheel(
        folder, "scripted", {"scripted.py": "", f"scripted-1.0.data/scripts/../../../../..{bait}/x": ""}
    )
    add_link(write_wheel(folder, "linking", {"linking.py": ""}), "linking_out", "/etc/passwd")
    add_link(write_wheel(folder, "nested", {"nested.py": ""}), "down", str(bait), "down/owned.py")
    (folder / "swollen").mkdir()
    (folder / "swollen" / "swollen-1.0-py3-none-any.whl").write_bytes(swollen("swollen"))
    with local_index(folder) as url:
        yield url
    shutil.rmtree(folder)


def swollen(name):
    """A small wheel with a large file."""
    packed = io.BytesIO()
    good = zipfile.ZipFile(io.BytesIO(wheel_bytes(name, {f"{name}.py": ""})))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path in good.namelist():
            wheel.writestr(path, good.read(path))
        wheel.writestr("zeros.bin", b"\0" * (64 << 20))
    return packed.getvalue()


def write_sdist(folder, name, files):
    place = folder / name
    place.mkdir()
    files = {**files, "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"}
    with tarfile.open(place / f"{name}-1.0.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{name}-1.0/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


def add_link(path, name, target, *through):
    with zipfile.ZipFile(path, "a") as wheel:
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        wheel.writestr(entry, target)
        for inner in through:
            wheel.writestr(inner, "x = 1")


@pytest.fixture(scope="module")
def hostile(index):
    env = {"PACKAGE_INDEX_URL": index, "PACKAGE_DENY_LIST": "reqeusts", "ENVIRONMENT_MAX_MB": "20"}
    with running_service(env=env) as running:
        yield running


@pytest.fixture
async def client(hostile, bait):
    client = Client(hostile.base_url)
    yield client
    client.close()
    root = hostile.home / "environments"
    assert os.listdir(bait) == []
    assert os.listdir(root / ".building") == []
    for path in root.glob("layer_*/**/*"):
        assert path.is_file() or path.is_dir()
        assert not path.is_symlink(), path
    assert hostile.health()[0] == 200


NAMES = {
    "31 --index-url": "--index-url=http://evil.example/simple", "31 -e": "-e .", "31 -r": "-rfile",
    "31 git+": "x @ git+https://evil.example/x", "31 ../../x": "../../x", "31 a path": "x @ file:///etc/passwd",
    "31 an address": "x @ https://evil.example/x.whl", "31 a second line": "six\n--index-url http://evil.example",
    "31 a hash": "six --hash=sha256:00", "31 our own wheels": "six @ wheel:upload/a/b/six-1.0-py3-none-any.whl",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_names_are_data(client, name):
    for path, body in (
        (INSTALL, {"packages": [name]}),
        (INSTALL, {"requirements": name}),
        ("/api/environments", {"name": "x", "base_packages": [name]}),
        ("/api/executions", {"kind": "packages", "request": {"packages": [name]}}),
    ):
        reply = await client.request("POST", path, json=body)
        assert reply.status == 422, (path, reply.body)


@pytest.mark.parametrize("name", ["setuppy", "backend"], ids=["31 setup.py", "31 build backend"])
async def test_no_build_script_runs(client, name):
    problem = await install(client, name, status=422)
    assert problem["code"] == "packages_unresolvable"
    assert "wheel" in problem["detail"]


@pytest.mark.parametrize(
    "name",
    ["climber", "absolute", "scripted", "linking", "nested"],
    ids=["31 ..", "31 absolute", "31 scripts", "31 symlink", "31 through a symlink"],
)
async def test_a_wheel_of_the_index_stays_in_its_folder(client, name):
    """Refused, or unpacked without what does not belong; the evidence is on the host (see `client`)."""
    reply = await client.request("POST", INSTALL, json={"packages": [name]}, timeout_s=60)
    assert reply.status in {200, 422}, reply.body
    if reply.status == 200:
        gone = await client.request("DELETE", "/api/pypkg/uninstall", json={"packages": [name]}, timeout_s=60)
        assert gone.status == 200


async def test_a_typosquat_that_the_operator_knows_is_refused(client):
    assert (await install(client, "Reqeusts", status=403))["code"] == "package_not_allowed"


async def test_a_wheel_that_grows_when_it_is_unpacked_is_refused(client):
    """Attack 31: uploaded it is refused unread, from the index it is stopped at its first large file."""
    reply = await send_form(client, INSTALL, ("wheel", "bomb-1.0-py3-none-any.whl", swollen("bomb")))
    assert (reply.status, reply.json()["code"]) == (422, "wheel_refused")
    problem = await install(client, "swollen", status=422)
    assert "more than 20 MB" in problem["detail"], problem


async def test_a_package_neither_replaces_ours_nor_runs_at_start(client):
    """A wheel with a .pth file, a sitecustomize, programs, and modules under our names."""
    await install(client, "evilwheel")
    code = (
        "import evilwheel, numpy, json, os\n"
        "[evilwheel.x, int(numpy.int64(2)), os.environ.get('PTH_RAN'), os.environ.get('SITE_RAN')]"
    )
    body = {"code": code, "security_level": "isolated"}
    found = (await client.request("POST", "/api/runner/execute", json=body, timeout_s=60)).json()
    assert found["value"] == [1, 2, None, None], found
    assert set(await installed(client)) == {"evilwheel"}
