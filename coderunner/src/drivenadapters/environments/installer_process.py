"""One call of uv or git: unprivileged where the service is root, with an environment of its own and a time limit."""

import asyncio
import contextlib
import os
import re
import resource
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from coderunner.src.errors import InstallTimedOut, PackageIndexUnavailable, PackagesUnresolvable

INSTALLER_UID = (1 << 30) - 3  # nobody's on any host, and no run's
_KEPT_BYTES = 64 * 1024
_SHOWN_CHARACTERS = 4000
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NET_FAULTS = re.compile(
    r"error sending request|dns error|[Cc]onnect(ion)? (error|refused|reset)|timed out|Failed to fetch"
)


@dataclass(frozen=True, slots=True)
class Installer:
    """Which program fetches and unpacks, and what it may know."""

    program: Path
    environment: Mapping[str, str]
    timeout_s: float
    most_file_bytes: int

    def of(self, program: Path) -> "Installer":
        """The same for another program."""
        return replace(self, program=program)

    async def run(self, arguments: Sequence[str], folder: Path, variables: Mapping[str, str]) -> None:
        """Run to the end in `folder` with these variables more; a failure is told in the program's own words."""
        identity: dict[str, object] = {}
        if os.geteuid() == 0:
            identity = {"user": INSTALLER_UID, "group": INSTALLER_UID, "extra_groups": []}
        process = await asyncio.create_subprocess_exec(
            self.program, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE, cwd=folder, start_new_session=True, umask=0o022,
            env={**self.environment, **variables, "HOME": str(folder), "TMPDIR": str(folder)}, **identity,  # type: ignore[arg-type]
        )  # fmt: skip
        try:
            # a bomb in a wheel must not fill the disk; without the right to say so, only its size afterwards counts
            with contextlib.suppress(ProcessLookupError, PermissionError):
                resource.prlimit(
                    process.pid, resource.RLIMIT_FSIZE, (self.most_file_bytes, self.most_file_bytes)
                )
            async with asyncio.timeout(self.timeout_s):
                said = await _tail(process.stderr)
                code = await process.wait()
        except TimeoutError:
            raise InstallTimedOut(f"installing took longer than {self.timeout_s:g} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if code == -signal.SIGXFSZ:
            raise PackagesUnresolvable(f"a package holds a file of more than {self.most_file_bytes >> 20} MB")
        if code:
            _fail(said, folder)


async def _tail(stream: asyncio.StreamReader | None) -> str:
    """All that is said is read, the end of it is kept."""
    kept = b""
    while stream is not None and (chunk := await stream.read(_KEPT_BYTES)):
        kept = (kept + chunk)[-_KEPT_BYTES:]
    return kept.decode("utf-8", "replace")


def _fail(said: str, folder: Path) -> None:
    text = _ESCAPES.sub("", said).replace(f"{folder}/", "").replace(str(folder), "").strip()
    text = re.sub(r"https?://\S+", "the package index", text)[-_SHOWN_CHARACTERS:]
    if _NET_FAULTS.search(said) and "No solution found" not in said:
        raise PackageIndexUnavailable(f"the package index does not answer: {text}")
    raise PackagesUnresolvable(text or "the installer failed and said nothing")
