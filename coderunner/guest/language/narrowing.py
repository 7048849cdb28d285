"""What one source of rules takes away from a policy, and how it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SOURCES: Final = {
    "operator": "the operator's settings",
    "key": "the policy of this API key",
    "environment": "the security_settings of this environment",
    "request": "the security_settings of this request",
}
_SWITCHES: Final = ("enable_file_access", "enable_network_access", "enable_system_calls")
_PREFIX: Final = ".*"


class Narrowing:
    """The operator, an API key, an environment or a request, as far as it takes something away."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.set_by = str(settings["set_by"])
        self._who = SOURCES[self.set_by]
        allowed = settings.get("allowed_modules")
        self._allowed = None if allowed is None or "*" in allowed else split_names(allowed)[0]
        self._blocked, _ = split_names(settings.get("blocked_modules") or ())
        self.functions = frozenset(settings.get("blocked_functions") or ())
        self.members = by_package(self.functions)
        lifted = settings.get("allowed_functions")
        self.lifted = None if lifted is None else frozenset(lifted)
        self._off = frozenset(name for name in _SWITCHES if settings.get(name) is False)

    def module(self, name: str, parents: list[str]) -> Refusal | None:
        """Why this source refuses a module; None when it does not."""
        if any(parent in self._blocked for parent in parents):
            return self.blocked("import", f'module "{name}"', "use another library")
        if self._allowed is None or any(parent in self._allowed for parent in parents):
            return None
        return self.not_among(name)

    def not_among(self, name: str) -> Refusal:
        """The refusal of a module that an exact list does not name."""
        why = f"it is not among the modules that {self._who} allow{self._plural}"
        return Refusal("import", f'module "{name}"', why, "use one that is allowed", self.set_by)

    def blocked(self, rule: str, what: str, instead: str) -> Refusal:
        """The refusal of something that this source names."""
        return Refusal(rule, what, f"{self._who} block{self._plural} it", instead, self.set_by)

    def is_off(self, switch: str) -> bool:
        """Whether this source has switched something off."""
        return switch in self._off

    def off(self, rule: str, what: str, instead: str) -> Refusal:
        """The refusal of something that this source has switched off."""
        return Refusal(rule, what, f"{self._who} switch{self._plural and 'es'} it off", instead, self.set_by)

    @property
    def _plural(self) -> str:
        return "s" if self.set_by == "key" else ""


def with_submodules(names: Iterable[str]) -> frozenset[str]:
    """The names, and a prefix for all that is beneath each."""
    listed = frozenset(names)
    return listed | {name + _PREFIX for name in listed if not name.endswith(_PREFIX)}


def split_names(names: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Module names, and those among them that stand for their submodules as well."""
    listed = frozenset(names)
    prefixes = frozenset(name[: -len(_PREFIX)] for name in listed if name.endswith(_PREFIX))
    return frozenset(name for name in listed if not name.endswith(_PREFIX)) | prefixes, prefixes


def by_package(functions: Iterable[str]) -> dict[str, frozenset[str]]:
    """Members by the package that has them: `pandas.io.sql.read_sql` is `read_sql` of pandas."""
    found: dict[str, set[str]] = {}
    for function in functions:
        package, dot, rest = function.partition(".")
        if dot:
            found.setdefault(package, set()).add(rest.rpartition(".")[2])
    return {package: frozenset(names) for package, names in found.items()}
