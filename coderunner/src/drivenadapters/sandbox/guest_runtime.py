"""Where the guest interpreter is, what of the host a jail shows, and the copy of our guest code that it reads."""

import json
import logging
import os
import shutil
import stat
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from coderunner.src.errors import SandboxRefused

_LOG = logging.getLogger(__name__)
GUEST_CODE = Path(__file__).resolve().parents[3] / "guest"
SYSCALL_POLICY = GUEST_CODE / "syscalls.toml"
JAIL_CODE = "/opt/coderunner"
_PROBE = (
    "import sys, json, sysconfig; print(json.dumps([sys.version.split()[0], sys.base_prefix, "
    "sysconfig.get_path('stdlib'), sysconfig.get_config_var('MULTIARCH') or '']))"
)
_SYSTEM = (
    "/lib",
    "/lib64",
    "/lib32",
    "/usr/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
)


@dataclass(frozen=True, slots=True)
class GuestRuntime:
    """A guest interpreter that an unprivileged user can start, and what it needs of the host."""

    guest: Path
    python: Path
    version: str
    code: Path
    binds: tuple[tuple[str, str], ...]
    environment: dict[str, str]


class GuestSource:
    """The guest interpreter that parents are started with: what its place holds now."""

    def __init__(self, guest_dir: Path | None) -> None:
        self._place = guest_dir or default_guest_dir()
        self._refused: Path | None = None
        self.current = find_runtime(self._place)
        self._all = [self.current]

    def changed(self) -> bool:
        """Whether another interpreter has taken the place, and can be used; one that cannot is logged once."""
        found = self._place.resolve()
        if found in (self.current.guest, self._refused):
            return False
        try:
            self.current = find_runtime(self._place)
        except SandboxRefused as refused:
            self._refused = found
            _LOG.warning("the new guest interpreter is left alone: %s", refused)
            return False
        self._all.append(self.current)
        return True

    def remove(self) -> None:
        """Remove the copies of the guest code."""
        for runtime in self._all:
            shutil.rmtree(runtime.code, ignore_errors=True)


def default_guest_dir() -> Path:
    """Where init_site_packages.sh puts the guest interpreter unless told otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/coderunner/guest")
    return Path.home() / ".local/share/coderunner/guest"


def find_runtime(guest_dir: Path | None) -> GuestRuntime:
    """Look the interpreter over and copy our code where it can read it; SandboxRefused says what is wrong."""
    guest = (guest_dir or default_guest_dir()).resolve()
    python = guest / "bin" / "python"
    if not python.exists():
        message = f"there is no guest interpreter at {python}; run ./init_site_packages.sh"
        raise SandboxRefused(message)
    _require_readable(python.resolve())
    version, base, stdlib, multiarch = _probe(python)
    code = Path(tempfile.mkdtemp(prefix="coderunner-guest-"))
    shutil.copytree(GUEST_CODE, code / "coderunner" / "guest", ignore=shutil.ignore_patterns("__pycache__"))
    (code / "coderunner" / "__init__.py").touch()
    for path in (code, *code.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    shown = [str(python.resolve()), stdlib, *_libraries(base, multiarch), str(guest)]
    return GuestRuntime(
        guest=guest,
        python=python,
        version=version,
        code=code,
        binds=(*((path, path) for path in dict.fromkeys(shown)), (str(code), JAIL_CODE)),
        environment=_environment(guest),
    )


def _libraries(base: str, multiarch: str) -> list[str]:
    candidates = [
        *_SYSTEM,
        f"/usr/lib/{multiarch}" if multiarch else "/usr/lib",
        f"/lib/{multiarch}" if multiarch and not Path("/lib").is_symlink() else "",
        *(str(path) for path in Path(base, "lib").glob("libpython*.so*")),
    ]
    return [path for path in candidates if path and os.path.lexists(path)]


def _environment(guest: Path) -> dict[str, str]:
    return {
        "PATH": f"{guest}/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": "/work",
        "TMPDIR": "/tmp",  # noqa: S108 - inside the jail
        "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108 - inside the jail
        "MPLBACKEND": "Agg",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "NUMEXPR_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",  # its own allocators reserve a gigabyte and start threads
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "random",
        "GUEST_SHARE": f"{guest}/share/coderunner",
    }


def _require_readable(python: Path) -> None:
    """An unprivileged user must reach the interpreter: every folder above it open to others."""
    for path in (python, *python.parents):
        mode = path.stat().st_mode
        wanted = stat.S_IXOTH if path.is_dir() else stat.S_IXOTH | stat.S_IROTH
        if os.geteuid() == 0 and mode & wanted != wanted:
            message = (
                f"the guest interpreter is not readable for an unprivileged user: {path} is closed to others"
            )
            raise SandboxRefused(message)


def _probe(python: Path) -> tuple[str, str, str, str]:
    try:
        reply = subprocess.run(
            [python, "-I", "-c", _PROBE], capture_output=True, check=True, timeout=20, env={}
        )
    except (OSError, subprocess.SubprocessError) as fault:
        message = "the guest interpreter does not start; run ./init_site_packages.sh"
        raise SandboxRefused(message) from fault
    version, base, stdlib, multiarch = json.loads(reply.stdout)
    return version, base, stdlib, multiarch or sysconfig.get_config_var("MULTIARCH") or ""
