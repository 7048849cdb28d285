"""Layers built by uv: wheels only, unpacked beside the old layer and shown by a rename when they are complete."""

import asyncio
import os
import re
import secrets
import shutil
import stat
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

from packaging.utils import parse_wheel_filename

from coderunner.src.drivenadapters.environments import folders
from coderunner.src.drivenadapters.environments.guest_metadata import guest_metadata
from coderunner.src.drivenadapters.environments.indexes import Indexes
from coderunner.src.drivenadapters.environments.installer_process import INSTALLER_UID, Installer
from coderunner.src.drivenadapters.environments.roots import wheels_folder
from coderunner.src.drivenadapters.sandbox.host_users import refusal_of_root
from coderunner.src.errors import PackagesUnresolvable
from coderunner.src.logics.code.distributions import canonical
from coderunner.src.logics.environment.model import BuiltLayer, IndexSettings, Pin
from coderunner.src.logics.environment.ports.layer_builder import LayerBuilder
from coderunner.src.logics.environment.requirements import kept_wheel
from servicekit.settings import SettingsError

_WHEEL = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*) @ file://(\S+)$")
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)")
_COMMON = (
    "--no-config", "--quiet", "--color", "never", "--no-progress", "--python-preference", "only-system",
    "--no-python-downloads",
)  # fmt: skip


Scratch = Callable[[], AbstractAsyncContextManager[Path]]


class UvLayerBuilder(LayerBuilder):
    """The root holds finished layers, folders under construction and uv's cache."""

    def __init__(
        self,
        *,
        root: Path,
        python: Path,
        installer: Installer,
        indexes: Indexes,
        bounds: folders.LayerBounds,
        builds: int = 2,
    ) -> None:
        self._root = root
        self._wheels = wheels_folder(root)
        self._python = python
        self.installer = installer
        self._indexes = indexes
        self._bounds = bounds
        self._places = asyncio.Semaphore(builds)

    @staticmethod
    def prepare(root: Path) -> None:
        """Make the folders; finished layers are readable by every run's user, the rest by the installer only."""
        root.mkdir(mode=0o755, parents=True, exist_ok=True)
        root.chmod(0o755)
        closed = [folder for folder in root.parents if not folder.stat().st_mode & stat.S_IXOTH]
        if closed and os.geteuid() == 0:
            message = (
                f"STEPFLOW_PYTHON_VIRTUAL_ENV_PATH is beneath {closed[0]}, which is closed to other users"
            )
            raise SettingsError(message)
        wheels_folder(root).mkdir(mode=0o755, exist_ok=True)
        for name in (".building", ".cache"):
            folder = root / name
            folder.mkdir(mode=0o700, exist_ok=True)
            if os.geteuid() == 0 and not refusal_of_root():
                os.chown(folder, INSTALLER_UID, INSTALLER_UID)

    async def resolve(
        self,
        wanted: Sequence[str],
        constraints: Mapping[str, str],
        preferred: Sequence[Pin],
        index: IndexSettings,
    ) -> Sequence[Pin]:
        """One call of the resolver."""
        async with self._places, self.scratch() as folder:
            guest = await asyncio.to_thread(guest_metadata, self._python.parents[1], self._root)
            _write(folder / "wanted.txt", [self._line(text) for text in wanted])
            _write(
                folder / "constraints.txt", [f"{name}=={version}" for name, version in constraints.items()]
            )
            _write(folder / "pins.txt", [f"{pin.name}=={pin.version}" for pin in preferred])
            await self.installer.run(
                [
                    "pip", "compile", *_COMMON, "--python", str(self._python), "--only-binary", ":all:",
                    "--no-header", "--no-annotate", "--constraints", "constraints.txt", "--cache-dir",
                    str(self._root / ".cache"), "--find-links", str(guest),
                    "-o", "pins.txt", "wanted.txt",
                ],
                folder,
                self._indexes.variables(index),
            )  # fmt: skip
            return [self._pin(line) for line in _read_lines(folder / "pins.txt")]

    async def build(self, pins: Sequence[Pin], index: IndexSettings) -> BuiltLayer:
        """Unpack, compile, check, and rename into place."""
        async with self._places, self.scratch() as folder:
            lines = [
                self._wheel_line(pin.name, pin.wheel) if pin.wheel else f"{pin.name}=={pin.version}"
                for pin in pins
            ]
            _write(folder / "pins.txt", lines)
            target = folder / "layer"
            await self.installer.run(
                [
                    "pip", "install", *_COMMON, "--python", str(self._python), "--only-binary", ":all:", "--no-deps",
                    "--link-mode", "copy", "--compile-bytecode", "--cache-dir", str(self._root / ".cache"),
                    "--target", str(target), "-r", "pins.txt",
                ],
                folder,
                self._indexes.variables(index),
            )  # fmt: skip
            return await asyncio.to_thread(self._finish, target)

    def _line(self, text: str) -> str:
        wheel = kept_wheel(text)
        return self._wheel_line(text.partition("@")[0].strip(), wheel) if wheel else text

    def _wheel_line(self, name: str, wheel: str) -> str:
        return f"{name} @ {(self._wheels / wheel).as_uri()}"

    def _pin(self, line: str) -> Pin:
        if (found := _PIN.match(line)) is not None:
            return Pin(canonical(found[1]), found[2])
        wheel = _WHEEL.match(line)
        path = Path(unquote(wheel[2])) if wheel else Path()
        if wheel is None or not path.is_relative_to(self._wheels):
            raise PackagesUnresolvable("the resolver chose what is no version of an index")
        version = str(parse_wheel_filename(path.name)[1])
        return Pin(canonical(wheel[1]), version, str(path.relative_to(self._wheels)))

    def _finish(self, target: Path) -> BuiltLayer:
        folders.seal(target, self._bounds)
        name = f"layer_{secrets.token_hex(16)}"
        for note in target.glob("*.dist-info/direct_url.json"):
            note.unlink()  # it tells where the service keeps its wheels
        imports = folders.imports_of(target)
        target.rename(self._root / name)
        return BuiltLayer(name, imports)

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
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


def _read_lines(path: Path) -> list[str]:
    """What the resolver wrote; it ran as somebody else, so a link in its place is not followed."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, encoding="utf-8") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise PackagesUnresolvable("the resolver left no list of versions")
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]
