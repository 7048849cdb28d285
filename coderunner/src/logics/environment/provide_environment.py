"""Packages for one run: an environment for what its header asks for, and what it imports and lacks."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from weakref import WeakValueDictionary

from packaging.requirements import Requirement

from coderunner.src.common.program import Program
from coderunner.src.errors import (
    EnvironmentExists,
    InstallRefused,
    NotPython,
    PythonVersionMissing,
    TooManyEnvironments,
)
from coderunner.src.logics.code.code_rules import SourceFile
from coderunner.src.logics.code.distributions import canonical
from coderunner.src.logics.code.find_dependencies import FindDependencies
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue, GuestContents
from coderunner.src.logics.environment.change_packages import ChangePackages, Telling
from coderunner.src.logics.environment.manage_environments import ManageEnvironments
from coderunner.src.logics.environment.model import GUEST_ID, SCRIPT_PREFIX, Environment
from coderunner.src.logics.environment.ports.environment_catalogue import EnvironmentCatalogue
from coderunner.src.logics.environment.script_header import ScriptHeader, script_header


class ProvideEnvironment:
    """One environment for all programs of a tenant that ask for the same; the longest unused gives way."""

    def __init__(
        self,
        *,
        manage: ManageEnvironments,
        change: ChangePackages,
        environments: EnvironmentCatalogue,
        guest: GuestCatalogue,
        find_dependencies: FindDependencies,
        changed: Callable[[str], None],
    ) -> None:
        self._manage = manage
        self._change = change
        self._environments = environments
        self._guest = guest
        self._find_dependencies = find_dependencies
        self._changed = changed
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, tenant: str, program: Program, tell: Telling) -> Program:
        """The program with the environment that it runs in; an explicit one stands above the header."""
        header = script_header(program)
        if header is not None:
            guest = await self._guest.contents()
            _require_python(header, guest)
            if header.dependencies is not None and program.environment_id is None:
                chosen = await self._for_header(tenant, program, header, guest, tell)
                return replace(program, environment_id=chosen)
        if program.auto_install:
            await self._install_missing(tenant, program, tell)
        return program

    async def _for_header(
        self, tenant: str, program: Program, header: ScriptHeader, guest: GuestContents, tell: Telling
    ) -> str:
        asked = header.dependencies or {}
        if all(_is_there(text, guest) for text in asked.values()):
            return GUEST_ID
        name = _name(asked, guest.python_version)
        lock = self._locks.setdefault(f"{tenant}/{name}", asyncio.Lock())
        async with lock:
            found = await self._environments.named(tenant, name)
            if found is None:
                _require_right(program, header.pointer)
                found = await self._built(tenant, name, asked, header.pointer, tell)
        return found.id

    async def _built(
        self, tenant: str, name: str, asked: Mapping[str, str], pointer: str, tell: Telling
    ) -> Environment:
        """It is a row only when it is complete, so a crash leaves nothing that others would use."""
        self._change.check(tuple(asked.values()), pointer)
        blank = await self._manage.blank(tenant, name)
        filled = await self._change.filled(blank, tuple(asked.values()), tell)
        try:
            await self._add(filled)
        except EnvironmentExists:  # another service was faster
            return await self._environments.named(tenant, name) or filled
        return filled

    async def _add(self, environment: Environment) -> None:
        try:
            await self._manage.add(environment)
        except TooManyEnvironments:
            mine = await self._environments.all_of(environment.tenant)
            script = [one for one in mine if one.name.startswith(SCRIPT_PREFIX)]
            if not script:
                raise
            oldest = min(script, key=lambda one: one.last_used)
            await self._environments.remove(oldest.tenant, oldest.id)
            await self._manage.add(environment)

    async def _install_missing(self, tenant: str, program: Program, tell: Telling) -> None:
        files = _files(program)
        with suppress(NotPython):  # the run itself tells its syntax errors
            found = await self._find_dependencies(tenant, files, program.environment_id)
            if found.missing:
                _require_right(program, "/auto_install")
                environment = await self._manage.chosen_or_made(tenant, program.environment_id)
                await self._change.install(tenant, environment.id, found.missing, tell)
                self._changed(tenant)


def _require_right(program: Program, pointer: str) -> None:
    if not program.installs:
        message = f"running this installs packages ({pointer}), and the API key lacks the scope packages"
        raise InstallRefused(message)


def _require_python(header: ScriptHeader, guest: GuestContents) -> None:
    if header.requires_python is not None and guest.python_version not in header.requires_python:
        message = f"the program requires Python {header.requires_python}; there is {guest.python_version}"
        raise PythonVersionMissing(message, pointer=header.pointer)


def _is_there(text: str, guest: GuestContents) -> bool:
    """Whether the guest has it already; markers and extras are the resolver's."""
    requirement = Requirement(text)
    version = guest.distributions.get(canonical(requirement.name))
    if version is None or requirement.extras or requirement.marker or requirement.url:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def _name(asked: Mapping[str, str], python_version: str) -> str:
    text = "\n".join([python_version, *sorted(asked.values())])
    return SCRIPT_PREFIX + hashlib.sha256(text.encode()).hexdigest()[:40]


def _files(program: Program) -> list[SourceFile]:
    texts = {} if program.entrypoint else {"main.py": program.code}
    texts |= {path: text for path, text in program.files.items() if path.endswith(".py")}
    return [SourceFile(path, text.encode("utf-8", "surrogatepass"), "/code") for path, text in texts.items()]
