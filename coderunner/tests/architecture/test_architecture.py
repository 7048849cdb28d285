"""Facts about coderunner's source that a reader relies on."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coderunner.src import errors
from coderunner.src.common.settings import Settings
from coderunner.src.driveradapters.error_table import ERROR_TABLE
from coderunner.tests.running import ROOT, guest_dir

SRC = ROOT / "coderunner" / "src"
GUEST = ROOT / "coderunner" / "guest"
THIRD_PARTY = ["tornado.web", "pydantic", "sqlalchemy", "pyseccomp"]  # what they do on import is not ours
# run by the guest interpreter, whose libraries the service does not have
IN_THE_GUEST = (
    "coderunner.src.drivenadapters.code_workers.analysis",
    "coderunner.src.drivenadapters.code_workers.worker",
)


def leaves(kind: type[Exception]) -> set[type[Exception]]:
    below = kind.__subclasses__()
    return set().union(*(leaves(one) for one in below)) if below else {kind}


def own_leaves() -> set[type[Exception]]:
    return {leaf for leaf in leaves(errors.CodeRunnerError) if leaf.__module__ == errors.__name__}


def test_every_error_that_can_be_raised_has_a_status_and_no_other_stands_in_the_table():
    ours = {error for error in ERROR_TABLE if error.__module__ == errors.__name__}
    assert ours == own_leaves()


def test_error_codes_are_unique_and_each_error_says_what_it_is():
    codes = [leaf.code for leaf in own_leaves()]
    assert len(codes) == len(set(codes))
    for leaf in own_leaves():
        assert "code" in vars(leaf), leaf
        assert leaf.__doc__, leaf


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = inspect.getdoc(errors) or ""
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.CodeRunnerError):
            assert name in drawn, name


def test_every_setting_has_a_description_that_ends_a_sentence():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def modules(folder: Path, package: str) -> list[str]:
    found = []
    for path in sorted(folder.rglob("*.py")):
        parts = [*package.split("."), *path.relative_to(folder).with_suffix("").parts]
        found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


INERT = """
import asyncio, builtins, importlib, logging, os, socket, sqlite3, subprocess, sys, threading
writes = []
def hook(event, args):
    if event in ('socket.connect', 'socket.bind', 'subprocess.Popen', 'os.fork', 'os.system', 'sqlite3.connect', 'os.mkdir', 'os.remove'):
        writes.append((event, str(args)[:100]))
    if event == 'open' and isinstance(args[1], str) and set(args[1]) & set('wax+') and '__pycache__' not in str(args[0]):
        writes.append((event, str(args)[:100]))
for name in NAMES_FIRST: importlib.import_module(name)
handlers, threads = len(logging.getLogger().handlers), threading.active_count()
sys.addaudithook(hook)
for name in NAMES: importlib.import_module(name)
assert not writes, writes
assert len(logging.getLogger().handlers) == handlers
assert threading.active_count() == threads, threading.enumerate()
"""


def import_all(
    python: Path, names: list[str], path: str, first: list[str]
) -> subprocess.CompletedProcess[str]:
    program = f"NAMES = {names!r}\nNAMES_FIRST = {first!r}\n{INERT}"
    return subprocess.run(
        [python, "-c", program], env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}, cwd="/", capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_importing_the_service_does_nothing():
    """No connection, process, thread, file or log handler, and an empty environment is enough."""
    path = os.pathsep.join(
        str(ROOT / part) for part in ("", "deps/servicekit", "deps/executor", "deps/rowkit")
    )
    names = [name for name in modules(SRC, "coderunner.src") if not name.startswith(IN_THE_GUEST)]
    assert len(names) > 30
    done = import_all(Path(sys.executable), names, path, THIRD_PARTY)
    assert done.returncode == 0, done.stderr[-3000:]


def test_importing_the_guests_side_does_nothing_and_needs_nothing_of_ours():
    """In the guest interpreter, where neither the services nor their kits can be found."""
    names = [name for name in modules(GUEST, "coderunner.guest") if not _needs_a_library(name)]
    assert len(names) > 10
    done = import_all(guest_dir() / "bin" / "python", names, str(ROOT), [])
    assert done.returncode == 0, done.stderr[-3000:]


def _needs_a_library(name: str) -> bool:
    """Modules that belong to a data library are imported with it, by the parent that has it."""
    path = ROOT.joinpath(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tops = {one.split(".")[0] for one in imports_of(path, nested=False)}
    return bool(tops - set(sys.stdlib_module_names) - {"coderunner", "RestrictedPython"})


def imports_of(path: Path, *, nested: bool) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if nested else tree.body
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", sorted(GUEST.rglob("*.py")), ids=lambda path: str(path.relative_to(GUEST)))
def test_the_guests_side_imports_neither_service_nor_kits(path):
    forbidden = ("coderunner.src", "dataflowtools", "servicekit", "executor", "tornado", "pydantic")
    assert not [name for name in imports_of(path, nested=True) if name.startswith(forbidden)]


def test_only_main_reads_the_environment():
    readers = [
        path for path in SRC.rglob("*.py") if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]
    assert readers == [SRC / "main.py"]


def test_nothing_below_the_edge_knows_http():
    for folder in ("logics", "common", "errors", "utils"):
        for path in (SRC / folder).rglob("*.py"):
            names = imports_of(path, nested=True)
            assert not [name for name in names if name.startswith(("tornado", "servicekit", "http"))], path


async def test_every_route_is_documented(client):
    reply = await client.request("GET", "/openapi.json")
    document = reply.json()
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            assert operation.get("summary"), (verb, path)
            assert operation.get("responses"), (verb, path)
    execute = document["paths"]["/api/runner/execute"]["post"]
    assert {"200", "422", "503"} <= set(execute["responses"])
