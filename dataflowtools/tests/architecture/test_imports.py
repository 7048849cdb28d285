"""Importing any module does nothing: no environment, no connection, no thread, no handler of logs."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

PROGRAM = """
import importlib, logging, os, pkgutil, sys, threading

sys.path[:0] = ["deps/servicekit", "deps/executor", "deps/rowkit", "."]


class Watched(type(os.environ)):
    def __getitem__(self, key):
        self._refuse_ours(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self._refuse_ours(key)
        return super().get(key, default)

    def _refuse_ours(self, key):
        frame = sys._getframe(1)
        while frame and frame.f_globals.get("__name__") in ("os", "__main__", "_collections_abc"):
            frame = frame.f_back
        if frame and frame.f_globals.get("__name__", "").startswith("dataflowtools"):
            raise SystemExit(f"{frame.f_globals['__name__']} reads {key} while it is imported")


def audit(event, arguments):
    if event in ("socket.connect", "subprocess.Popen", "os.fork", "os.mkdir", "os.remove"):
        raise SystemExit(f"{event} {arguments} while importing")


os.environ.__class__ = Watched
sys.dont_write_bytecode = True
import dataflowtools.src

sys.addaudithook(audit)
seen = 0
for module in pkgutil.walk_packages(dataflowtools.src.__path__, "dataflowtools.src."):
    importlib.import_module(module.name)
    seen += 1
assert threading.active_count() == 1, threading.enumerate()
assert not logging.getLogger().handlers
print(seen)
"""


def test_importing_every_module_in_an_empty_environment_does_nothing():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert int(done.stdout) > 50


def test_the_environment_is_read_in_main_only():
    readers = [
        path
        for path in (ROOT / "dataflowtools" / "src").rglob("*.py")
        if "worker" not in path.parts  # its own process, with an environment that the service made for it
        and re.search(r"\bos\.(environ|getenv)\b", path.read_text())
    ]
    assert {path.relative_to(ROOT / "dataflowtools" / "src").as_posix() for path in readers} <= {"main.py"}
