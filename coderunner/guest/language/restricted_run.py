"""What a restricted run adds to a plain one: guards, builtins, imports, the auditor."""

from __future__ import annotations

import _posixsubprocess
import linecache
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from coderunner.guest.language import compiling
from coderunner.guest.language.auditing import Auditor
from coderunner.guest.language.guards import Guards
from coderunner.guest.language.hardening import harden
from coderunner.guest.language.importing import Importer
from coderunner.guest.language.refusals import CallRefused, Place, PolicyViolation, Refusal, violation
from coderunner.guest.language.restricted_builtins import restricted_builtins
from coderunner.guest.language.text_engines import Held

if TYPE_CHECKING:
    from coderunner.guest.language.policy import Policy


def _no_process(*_args: Any) -> NoReturn:
    raise CallRefused(
        Refusal("effect", "to start a process", "restricted programs compute; they do not reach outside")
    )


class RestrictedRun:
    """The policy at work in one process."""

    def __init__(self, policy: Policy, work_dir: str, folders: list[str], namespace: dict[str, Any]) -> None:
        self._policy = policy
        guards = Guards(policy, namespace)
        importer = Importer(policy, guards, [Path(folder) for folder in folders], self._compile_own)
        builtins = restricted_builtins(policy, guards, importer)
        importer.namespace = lambda name: {"__name__": name, "__builtins__": builtins}
        namespace["__builtins__"] = builtins
        harden(Held.by(guards.dynamic_getattr, builtins))
        self._auditor = Auditor(policy, work_dir)
        sys.addaudithook(self._auditor)
        if not policy.system_calls:
            # multiprocessing and joblib start processes by this call, which the interpreter does not report.
            _posixsubprocess.fork_exec = _no_process

    def guard(self, *, active: bool) -> None:
        """Switch the auditor on while the program runs, and off for our own work."""
        self._auditor.active = active

    def _compile_own(self, source: str, file: str, in_package: bool) -> tuple[Any, list[dict[str, Any]]]:
        was, self._auditor.active = self._auditor.active, False
        try:
            return compiling.compile_own_module(self._policy, source, file, in_package=in_package)
        finally:
            self._auditor.active = was

    def violation(self, error: PolicyViolation, line: int | None) -> dict[str, Any]:
        """A refusal that happened while the program ran, in the shape of those found before."""
        source = linecache.getline(compiling.PROGRAM_NAME, line).rstrip("\n") if line else ""
        start = len(source) - len(source.lstrip()) + 1
        place = Place(line or 0, start, line or 0, len(source) + 1)
        lines = [""] * ((line or 1) - 1) + [source]
        return violation(error.refusal, place, lines, compiling.PROGRAM_NAME)
