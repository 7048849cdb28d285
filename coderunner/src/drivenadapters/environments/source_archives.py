"""Source code as one archive: of a folder, of a file, or of a Git repository; nothing of it is run."""

import asyncio
import io
import os
import re
import shutil
import stat
import tarfile
from pathlib import Path

from coderunner.src.drivenadapters.environments.installer_process import Installer
from coderunner.src.drivenadapters.environments.uv_layer_builder import Scratch
from coderunner.src.errors import PackagesUnresolvable

_MOST_BYTES = 16 << 20
_MOST_FILES = 5000
_MTIME = 946_684_800  # the same source gives the same archive; zip knows no time before 1980
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,200}")
_LEFT_OUT = {".git", ".hg", "__pycache__", ".venv", "node_modules"}
# no hooks, no helpers, no protocol but HTTP: a repository decides nothing on this machine
_GIT = (
    "-c", "protocol.allow=never", "-c", "protocol.https.allow=always", "-c", "protocol.http.allow=always",
    "-c", "core.hooksPath=/dev/null", "-c", "credential.helper=", "-c", "core.symlinks=false",
    "-c", "http.followRedirects=false",
)  # fmt: skip
_GIT_VARIABLES = {
    "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ASKPASS": "/bin/false", "GIT_LFS_SKIP_SMUDGE": "1",
}  # fmt: skip


class SourceArchives:
    """Bounded in bytes and files; links and devices are left out."""

    def __init__(self, *, installer: Installer, scratch: Scratch, local_roots: tuple[Path, ...]) -> None:
        self._installer = installer
        self._scratch = scratch
        self._local_roots = tuple(root.resolve() for root in local_roots)

    async def fetch(self, location: str) -> bytes:
        """A tar or zip archive."""
        if location.startswith("git+"):
            return await self._clone(location.removeprefix("git+"))
        return await asyncio.to_thread(self._local, Path(location))

    async def _clone(self, location: str) -> bytes:
        git = shutil.which("git")
        if git is None:
            raise PackagesUnresolvable("git is not installed on this machine; build a wheel and upload it")
        scheme, rest = location.split("://", 1)
        url, _, ref = rest.partition("@")
        if ref and not _REF.fullmatch(ref):
            raise PackagesUnresolvable(f"{ref[:80]!r} is no branch, tag or commit")
        async with self._scratch() as folder:
            installer = self._installer.of(Path(git))
            clone = [
                *_GIT,
                "clone",
                "--quiet",
                "--no-tags" if not ref else "--tags",
                f"{scheme}://{url}",
                "source",
            ]
            await installer.run(clone, folder, _GIT_VARIABLES)
            if ref:
                checkout = [*_GIT, "-C", "source", "checkout", "--quiet", "--detach", ref]
                await installer.run(checkout, folder, _GIT_VARIABLES)
            return await asyncio.to_thread(_packed, folder / "source")

    def _local(self, path: Path) -> bytes:
        try:
            real = path.resolve(strict=True)
            if not any(real.is_relative_to(root) for root in self._local_roots):
                raise PackagesUnresolvable("the source is outside the folders of PACKAGE_LOCAL_ROOTS")
            return _packed(real) if real.is_dir() else _read(real)
        except OSError as fault:
            raise PackagesUnresolvable(f"{path.name[:100]!r} cannot be read: {fault.strerror}") from fault


def _packed(folder: Path) -> bytes:
    packed, files = io.BytesIO(), 0
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for place, folders, names in os.walk(folder):
            folders[:] = sorted(set(folders) - _LEFT_OUT)
            for name in sorted(names):
                path = Path(place, name)
                if not stat.S_ISREG(path.lstat().st_mode):
                    continue
                content = _read(path)
                entry = tarfile.TarInfo(str(Path("source", path.relative_to(folder))))
                entry.size, entry.mode, entry.mtime = len(content), 0o644, _MTIME
                archive.addfile(entry, io.BytesIO(content))
                files += 1
                if files > _MOST_FILES or packed.tell() > _MOST_BYTES:
                    raise PackagesUnresolvable(_too_large())
    return packed.getvalue()


def _read(path: Path) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
            raise PackagesUnresolvable(_too_large())
        return file.read(_MOST_BYTES)


def _too_large() -> str:
    return f"the source is more than {_MOST_BYTES >> 20} MB or {_MOST_FILES} files, or no plain file"
