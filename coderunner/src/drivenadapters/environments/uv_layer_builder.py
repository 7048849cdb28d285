"""Layers built by uv: wheels only, unpacked beside the old layer and shown by a rename when they are complete."""

import asyncio
import os
import re
import secrets
import shutil
import stat
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from coderunner.src.drivenadapters.environments import folders
from coderunner.src.drivenadapters.environments.installer_process import INSTALLER_UID, Installer
from coderunner.src.drivenadapters.sandbox.host_users import refusal_of_root
from coderunner.src.errors import PackagesUnresolvable
from coderunner.src.logics.code.distributions import canonical
from coderunner.src.logics.environment.model import BuiltLayer, Pin
from coderunner.src.logics.environment.ports.layer_builder import LayerBuilder

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)")
_COMMON = (
    "--no-config", "--color", "never", "--no-progress", "--python-preference", "only-system",
    "--no-python-downloads",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LayerBounds:
    """How large one layer may be."""

    most_bytes: int
    most_files: int


class UvLayerBuilder(LayerBuilder):
    """The root holds finished layers, folders under construction and uv's cache."""

    def __init__(
        self, *, root: Path, python: Path, installer: Installer, bounds: LayerBounds, builds: int = 2
    ) -> None:
        self._root = root
        self._python = python
        self._installer = installer
        self._bounds = bounds
        self._places = asyncio.Semaphore(builds)

    @staticmethod
    def prepare(root: Path) -> None:
        """Make the folders; finished layers are readable by every run's user, the rest by the installer only."""
        root.mkdir(mode=0o755, parents=True, exist_ok=True)
        root.chmod(0o755)
        for name in (".building", ".cache"):
            folder = root / name
            folder.mkdir(mode=0o700, exist_ok=True)
            if os.geteuid() == 0 and not refusal_of_root():
                os.chown(folder, INSTALLER_UID, INSTALLER_UID)

    async def resolve(
        self, wanted: Sequence[str], constraints: Mapping[str, str], preferred: Sequence[Pin]
    ) -> Sequence[Pin]:
        """One call of the resolver."""
        async with self._places, self._scratch() as folder:
            _write(folder / "wanted.txt", wanted)
            _write(
                folder / "constraints.txt", [f"{name}=={version}" for name, version in constraints.items()]
            )
            _write(folder / "pins.txt", [f"{pin.name}=={pin.version}" for pin in preferred])
            await self._installer.run(
                [
                    "pip", "compile", *_COMMON, "--python", str(self._python), "--only-binary", ":all:",
                    "--no-header", "--no-annotate", "--constraints", "constraints.txt", "--cache-dir",
                    str(self._root / ".cache"), "-o", "pins.txt", "wanted.txt",
                ],
                folder,
            )  # fmt: skip
            return _read_pins(folder / "pins.txt")

    async def build(self, pins: Sequence[Pin]) -> BuiltLayer:
        """Unpack, compile, check, and rename into place."""
        async with self._places, self._scratch() as folder:
            _write(folder / "pins.txt", [f"{pin.name}=={pin.version}" for pin in pins])
            target = folder / "layer"
            await self._installer.run(
                [
                    "pip", "install", *_COMMON, "--python", str(self._python), "--only-binary", ":all:", "--no-deps",
                    "--link-mode", "copy", "--compile-bytecode", "--cache-dir", str(self._root / ".cache"),
                    "--target", str(target), "-r", "pins.txt",
                ],
                folder,
            )  # fmt: skip
            return await asyncio.to_thread(self._finish, target)

    def _finish(self, target: Path) -> BuiltLayer:
        bounds = self._bounds
        folders.seal(target, most_bytes=bounds.most_bytes, most_files=bounds.most_files)
        name = f"layer_{secrets.token_hex(16)}"
        imports = folders.imports_of(target)
        target.rename(self._root / name)
        return BuiltLayer(name, imports)

    @asynccontextmanager
    async def _scratch(self) -> AsyncIterator[Path]:
        """A folder of the installer's own that is gone afterwards, whatever happens."""
        folder = self._root / ".building" / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, INSTALLER_UID, INSTALLER_UID)
        try:
            yield folder
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    async def broken(self, layer: str, pins: Sequence[Pin]) -> Sequence[str]:
        """Compare the folder with what should be in it."""
        wanted = [(pin.name, pin.version) for pin in pins]
        return await asyncio.to_thread(folders.missing_from, self._root / (layer or "none"), wanted)

    async def remove(self, layer: str) -> None:
        """Delete the folder."""
        await asyncio.to_thread(folders.remove, self._root / layer)

    async def sweep(self, used: Collection[str]) -> int:
        """Delete what is old and unused."""
        return await asyncio.to_thread(folders.sweep, self._root, used)


def _write(path: Path, lines: Sequence[str]) -> None:
    path.write_text("\n".join(lines) + "\n")
    if os.geteuid() == 0:
        os.chown(path, INSTALLER_UID, INSTALLER_UID)


def _read_pins(path: Path) -> list[Pin]:
    """What the resolver wrote; it ran as somebody else, so a link in its place is not followed."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, encoding="utf-8") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise PackagesUnresolvable("the resolver left no list of versions")
        matches = [_PIN.match(line.strip()) for line in file if line.strip() and not line.startswith("#")]
    if not all(matches):
        raise PackagesUnresolvable("the resolver chose what is no version of an index")
    return [Pin(canonical(match[1]), match[2]) for match in matches if match]
