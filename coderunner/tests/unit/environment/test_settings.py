"""The seed's settings: every one is honoured, or refused at start with the reason."""

import re

import pytest

from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.code_workers.guest_interpreter_catalogue import GuestInterpreterCatalogue
from coderunner.src.drivenadapters.sandbox.guest_python import require_python
from coderunner.tests.running import ROOT, guest_dir
from servicekit.settings import SettingsError, load_settings

SEED = {
    "ENABLE_AST_PARSING": "true", "ENABLE_DEPENDENCY_ANALYSIS": "true", "MAX_CODE_SIZE": "1048576",
    "ALLOWED_IMPORTS": "json,requests", "BLOCKED_IMPORTS": "subprocess,ctypes", "DEFAULT_TIMEOUT": "7",
    "DEFAULT_MEMORY_LIMIT": "64", "ENABLE_SANDBOXING": "true", "ENABLE_RESOURCE_MONITORING": "true",
    "INTERPRETER_PATH": "/usr/bin/python3", "VERSION": "3", "BASE_PACKAGES": "requests,json",
    "VIRTUAL_ENV_PATH": "/tmp/stepflow_python_envs", "AUTO_CLEANUP": "true", "MAX_ENVIRONMENTS": "100",
}  # fmt: skip


def load(**changes):
    return load_settings(Settings, {f"STEPFLOW_PYTHON_{name}": value for name, value in changes.items()})


def test_every_setting_of_the_seed_is_known_and_used():
    settings = load(**SEED)
    sources = "".join(path.read_text() for path in (ROOT / "coderunner/src").rglob("*.py"))
    for name in SEED:
        field = f"stepflow_python_{name.lower()}"
        assert hasattr(settings, field)
        assert len(re.findall(rf"(?:settings|self)\.{field}\b", sources)) >= 1, f"nobody reads {field}"
    limits = settings.default_limits()
    assert (limits.wall_s, limits.memory_bytes) == (7, 64 << 20)


@pytest.mark.parametrize("name", ["ENABLE_SANDBOXING", "ENABLE_RESOURCE_MONITORING"])
def test_what_cannot_be_switched_off_is_refused_with_the_reason(name):
    with pytest.raises(SettingsError, match=f"STEPFLOW_PYTHON_{name}=false is refused: "):
        load(**{name: "false"})


def test_two_names_of_one_setting_must_agree():
    environ = {"STEPFLOW_PYTHON_DEFAULT_TIMEOUT": "5", "DEFAULT_EXECUTION_TIME": "6"}
    with pytest.raises(SettingsError, match="say different things"):
        load_settings(Settings, environ)
    assert load_settings(Settings, {**environ, "DEFAULT_EXECUTION_TIME": "5"}).default_limits().wall_s == 5


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"VERSION": "2.7"}, "is Python 3"),
        ({"INTERPRETER_PATH": "/bin/sh"}, "was built on"),
    ],
)
async def test_another_python_than_the_guests_is_refused_at_start(changes, says):
    python = guest_dir() / "bin" / "python"
    settings = load(**changes).model_copy(update={"guest_dir": guest_dir()})
    with pytest.raises(SettingsError, match=says):
        await require_python(settings, GuestInterpreterCatalogue(python))
    honoured = load(VERSION="3", INTERPRETER_PATH=str(python.resolve()))
    await require_python(
        honoured.model_copy(update={"guest_dir": guest_dir()}), GuestInterpreterCatalogue(python)
    )
