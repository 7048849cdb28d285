"""All that speaks against a program before it runs: a list, not the first fault only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coderunner.src.common.program import SecurityLevel
from coderunner.src.logics.code.code_rules import CodeRules, SourceFile
from coderunner.src.logics.code.find_dependencies import FindDependencies, own_modules
from coderunner.src.logics.code.policy_rules import PolicyRules
from coderunner.src.logics.code.ports.code_analyser import CodeAnalyser, Entry


@dataclass(frozen=True, slots=True)
class Validation:
    """Valid means that no entry is an error."""

    entries: tuple[Entry, ...]

    @property
    def valid(self) -> bool:
        return all(entry["severity"] != "error" for entry in self.entries)


class ValidateCode:
    """Syntax, policy, imports and size of every file; warnings for what is not installed."""

    def __init__(
        self,
        *,
        analyser: CodeAnalyser,
        find_dependencies: FindDependencies,
        rules: CodeRules,
        policy: PolicyRules,
    ) -> None:
        self._analyser = analyser
        self._find_dependencies = find_dependencies
        self._rules = rules
        self._policy = policy

    async def __call__(
        self,
        tenant: str,
        files: Sequence[SourceFile],
        level: SecurityLevel,
        wishes: Mapping[str, Any],
        *,
        environment_id: str | None = None,
        key: Mapping[str, Any] | None = None,
    ) -> Validation:
        """Never raises for what is wrong with the program itself; PolicyTooWide, EnvironmentNotFound for the wishes."""
        self._policy.check(level, wishes, key)
        await self._find_dependencies.require_environment(tenant, environment_id)
        total = sum(len(file.raw) for file in files)
        if total > self._rules.max_code_bytes:
            return Validation((_plain("code_too_large", self._rules.too_large(total), files[0].name),))
        policy = self._policy.for_run(key=key, request=wishes)
        own = own_modules(files)
        if own:
            policy["own_modules"] = sorted(own)
        entries: list[Entry] = []
        imports: list[Mapping[str, Any]] = []
        for file in files:
            restricted = level is SecurityLevel.RESTRICTED
            analysis = await self._analyser.check(file.raw, file.name, policy if restricted else None)
            imports.extend(analysis.imports)
            entries.extend({**entry, "file": file.name} for entry in (*analysis.faults, *analysis.violations))
        entries.extend(await self._missing(tenant, imports, own, environment_id))
        return Validation(tuple(entries))

    async def _missing(
        self,
        tenant: str,
        imports: Sequence[Mapping[str, Any]],
        own: frozenset[str],
        environment_id: str | None,
    ) -> list[Entry]:
        if not self._rules.dependencies or not imports:
            return []
        found = await self._find_dependencies.resolve(tenant, imports, own, environment_id)
        return [
            _plain("not_installed", f"{name} is imported and not installed", "", severity="warning")
            for name in found.missing
        ]


def _plain(code: str, message: str, file: str, severity: str = "error") -> Entry:
    return {
        "code": code, "severity": severity, "message": message, "line": None, "column": None, "end_line": None,
        "end_column": None, "source": "", "caret": "", "suggestion": "", "file": file,
    }  # fmt: skip
