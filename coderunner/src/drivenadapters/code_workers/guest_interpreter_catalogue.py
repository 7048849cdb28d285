"""Asks the guest interpreter once what it has; no code of other people is involved."""

import asyncio
import json
from pathlib import Path

from coderunner.src.errors import SandboxUnavailable
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue, GuestContents

_ASK = """
import importlib.metadata as m, json, re, sys
canonical = lambda name: re.sub(r"[-_.]+", "-", name).lower()
found = {canonical(d.metadata["Name"]): d.version for d in m.distributions() if d.metadata["Name"]}
providers = {k: sorted({canonical(n) for n in v}) for k, v in m.packages_distributions().items()}
print(json.dumps([sys.version.split()[0], found, providers, sorted(sys.stdlib_module_names)]))
"""
_TIMEOUT_S = 60.0


class GuestInterpreterCatalogue(GuestCatalogue):
    """Remembers the answer until another guest interpreter takes the place: each is built once and read-only."""

    def __init__(self, python: Path) -> None:
        self._python = python
        self._contents: GuestContents | None = None
        self._asked = Path()
        self._asking = asyncio.Lock()

    async def contents(self) -> GuestContents:
        """What is there."""
        async with self._asking:
            place = await asyncio.to_thread(self._python.parent.resolve)
            if self._contents is None or place != self._asked:
                self._contents, self._asked = await self._ask(), place
            return self._contents

    async def _ask(self) -> GuestContents:
        try:
            process = await asyncio.create_subprocess_exec(
                self._python, "-I", "-c", _ASK, stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env={}, cwd="/",
            )  # fmt: skip
        except OSError as missing:
            raise SandboxUnavailable(
                "there is no guest interpreter; run ./init_site_packages.sh"
            ) from missing
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                out, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise SandboxUnavailable("the guest interpreter does not say what it has")
        version, distributions, providers, standard = json.loads(out)
        providers = {name: tuple(found) for name, found in providers.items()}
        return GuestContents(version, distributions, providers, frozenset(standard))
