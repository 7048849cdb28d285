"""Builds wheels from source as a program in the sandbox."""

import asyncio
import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coderunner.src.common.limits import Limits
from coderunner.src.common.program import Program, SecurityLevel, Verdict
from coderunner.src.drivenadapters.environments.source_archives import SourceArchives
from coderunner.src.errors import PackagesUnresolvable
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.environment.model import IndexSettings
from coderunner.src.logics.environment.ports.layer_builder import LayerBuilder
from coderunner.src.logics.environment.ports.source_builder import BuiltWheel, SourceBuilder
from coderunner.src.logics.environment.requirements import PackageRules, parse_requirements
from coderunner.src.logics.runner.ports.sandbox import Sandbox

_PROGRAM = Path(__file__).with_name("building_program.py")
_SHOWN = 3000


class SandboxSourceBuilder(SourceBuilder):
    """One build at a time; its tools lie in a layer of their own that goes afterwards."""

    def __init__(
        self,
        *,
        sandbox: Callable[[], Sandbox],
        archives: SourceArchives,
        layers: LayerBuilder,
        guest: GuestCatalogue,
        rules: PackageRules,
        limits: Limits,
    ) -> None:
        self._sandbox = sandbox
        self._archives = archives
        self._layers = layers
        self._guest = guest
        self._rules = rules
        self._limits = limits
        self._place = asyncio.Semaphore(1)

    async def build(self, location: str, tell: Callable[[str], None]) -> BuiltWheel:
        """Fetch, ask what the build needs, get that as wheels, build."""
        async with self._place:
            tell("fetching the source")
            archive = base64.b64encode(await self._archives.fetch(location)).decode("ascii")
            wanted = await self._called("requires", archive, "")
            if not isinstance(wanted, list):
                raise PackagesUnresolvable("the source does not say what its build needs")
            layer = await self._tools([str(text) for text in wanted])
            try:
                tell("building in the sandbox")
                return _wheel(await self._called("build", archive, layer))
            finally:
                if layer:
                    await self._layers.remove(layer)

    async def _tools(self, wanted: list[str]) -> str:
        asked = parse_requirements(wanted, "/packages")
        self._rules.hold(asked)
        if not asked:
            return ""
        guest = await self._guest.contents()
        index = IndexSettings()
        pins = await self._layers.resolve(tuple(asked.values()), guest.distributions, [], index)
        own = [pin for pin in pins if pin.name not in guest.distributions]
        self._rules.hold(pin.name for pin in own)
        return (await self._layers.build(own, index)).layer if own else ""

    async def _called(self, function: str, archive: str, layer: str) -> Any:
        code = await asyncio.to_thread(_PROGRAM.read_text, encoding="utf-8")
        program = Program(
            code=code,
            security_level=SecurityLevel.ISOLATED,
            function_name=function,
            files={"archive.txt": archive},
            layer=layer,
        )
        outcome = await self._sandbox().run(program, self._limits)
        if outcome.verdict is not Verdict.SUCCESS:
            said = (outcome.stdout + outcome.stderr)[-_SHOWN:].strip()
            raise PackagesUnresolvable(f"the build failed ({outcome.verdict.value}): {said}")
        return outcome.value


def _wheel(value: Any) -> BuiltWheel:
    try:
        return BuiltWheel(str(value["filename"]), base64.b64decode(value["content"], validate=True))
    except (TypeError, KeyError, binascii.Error, ValueError) as fault:
        raise PackagesUnresolvable("the build made no wheel") from fault
