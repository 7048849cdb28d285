"""Wheels kept in folders by tenant and content, looked over before they are kept."""

import asyncio
import hashlib
import io
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Collection
from pathlib import Path

from coderunner.src.drivenadapters.environments.folders import MIN_AGE_S, LayerBounds
from coderunner.src.drivenadapters.environments.wheel_checks import check_wheel, named
from coderunner.src.errors import WheelRefused
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.environment.model import Source
from coderunner.src.logics.environment.ports.wheel_store import KeptWheel, WheelStore

_PUBLIC = re.compile(r"[0-9a-f]{64}/[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}\.whl")


class FolderWheelStore(WheelStore):
    """root/source/tenant/sha256/filename; readable by the installer, written by the service only."""

    def __init__(
        self, *, root: Path, guest: GuestCatalogue, bounds: LayerBounds, local_roots: Collection[Path]
    ) -> None:
        self._root = root
        self._guest = guest
        self._bounds = bounds
        self._local_roots = tuple(root.resolve() for root in local_roots)

    async def keep(
        self, tenant: str, filename: str, content: bytes, source: Source = Source.UPLOAD
    ) -> KeptWheel:
        """Check, then write beside and rename."""
        python = (await self._guest.contents()).python_version
        return await asyncio.to_thread(self._keep, source, tenant, filename, content, python)

    async def adopt(self, tenant: str, path: str) -> KeptWheel:
        """Read the file that the path really names."""
        python = (await self._guest.contents()).python_version

        def work() -> KeptWheel:
            content = self._read_local(Path(path))
            return self._keep(Source.LOCAL, tenant, Path(path).name, content, python)

        return await asyncio.to_thread(work)

    async def find(self, tenant: str, public: str) -> KeptWheel:
        """By tenant, so that nobody installs another's."""
        ref = f"{Source.UPLOAD}/{_owner(tenant)}/{public}"
        if not _PUBLIC.fullmatch(public) or not await asyncio.to_thread((self._root / ref).is_file):
            raise WheelRefused("there is no such uploaded wheel; send it again", pointer="/wheels")
        name, version, _ = named(public.partition("/")[2])
        return KeptWheel(ref, name, version)

    async def sweep(self, used: Collection[str]) -> int:
        """Delete what is old and unused."""
        return await asyncio.to_thread(self._sweep, frozenset(used))

    def _keep(self, source: Source, tenant: str, filename: str, content: bytes, python: str) -> KeptWheel:
        name, version = check_wheel(filename, io.BytesIO(content), python, self._bounds)
        ref = f"{source}/{_owner(tenant)}/{hashlib.sha256(content).hexdigest()}/{filename}"
        path = self._root / ref
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = path.with_name(f".{secrets.token_hex(8)}")
        fresh.write_bytes(content)
        fresh.chmod(0o644)
        fresh.rename(path)
        os.utime(path.parent)  # it is wanted now: the sweep leaves it alone for a while
        return KeptWheel(ref, name, version)

    def _read_local(self, path: Path) -> bytes:
        try:
            real = path.resolve(strict=True)
            if not any(real.is_relative_to(root) for root in self._local_roots):
                raise WheelRefused(
                    "the file is outside the folders of PACKAGE_LOCAL_ROOTS", pointer="/packages"
                )
            fd = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as fault:
            message = f"{path.name[:100]!r} cannot be read: {fault.strerror}"
            raise WheelRefused(message, pointer="/packages") from fault
        with os.fdopen(fd, "rb") as file:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or status.st_size > self._bounds.most_bytes:
                raise WheelRefused(f"{path.name[:100]!r} is no file, or too large", pointer="/packages")
            return file.read(self._bounds.most_bytes)

    def _sweep(self, used: frozenset[str]) -> int:
        count, before = 0, time.time() - MIN_AGE_S
        for folder in self._root.glob("*/*/*"):
            refs = {str(path.relative_to(self._root)) for path in folder.iterdir()}
            if not refs & used and folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)
                count += 1
        return count


def _owner(tenant: str) -> str:
    return hashlib.sha256(tenant.encode()).hexdigest()[:32]
