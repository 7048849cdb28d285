"""The policy of one run: the tables, narrowed or widened by the request's own lists."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PREFIX = ".*"


class Policy:
    """Answers which modules, members and names a program may use; answers are cached."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.file_access = bool(settings.get("enable_file_access", True))
        self.network_access = bool(settings.get("enable_network_access", False))
        self.system_calls = bool(settings.get("enable_system_calls", False))
        self._exact, self._prefixes = _split(self._allowed(settings.get("allowed_modules")))
        self._blocked, _ = _split(settings.get("blocked_modules") or ())
        self._named, _ = _split(settings.get("allowed_modules") or ())
        self._allowed_functions = frozenset(settings.get("allowed_functions") or ())
        self._blocked_functions = frozenset(settings.get("blocked_functions") or ())
        self.own_modules = frozenset(settings.get("own_modules") or ())
        self._blocked_members = _by_package(self._blocked_functions)
        self._modules: dict[str, Refusal | None] = {}
        self.hot_names = self._hot_names()

    def _allowed(self, named: Iterable[str] | None) -> frozenset[str]:
        base = tables.STANDARD_MODULES | tables.LIBRARY_MODULES
        if named is not None:
            chosen = frozenset(named)
            base = (base | chosen) if "*" in chosen else _with_submodules(chosen)
        if self.system_calls:
            base |= tables.SYSTEM_MODULES
        if self.network_access:
            base |= tables.NETWORK_MODULES
        return base

    def _hot_names(self) -> frozenset[str]:
        names = {"format", "format_map", "obj", "use", "attrgetter", "methodcaller"}
        for table in (
            tables.REFUSED_MEMBERS,
            tables.STRING_DISPATCH,
            tables.EXPRESSION_MEMBERS,
            tables.PICKLING_SWITCHES,
            self._blocked_members,
        ):
            names.update(*(table[package] for package in table))
        return frozenset(names)

    # --- modules ---

    def module(self, name: str) -> Refusal | None:
        """Why the module may not be had; None when it may."""
        try:
            return self._modules[name]
        except KeyError:
            verdict = self._modules[name] = self._judge_module(name)
            return verdict

    def _judge_module(self, name: str) -> Refusal | None:
        parents = _parents(name)
        if any(parent in self._blocked for parent in parents):
            return Refusal("import", f'module "{name}"', "the operator has blocked it", "use another library")
        if any(parent in self._named for parent in parents):
            return None
        for parent in parents:
            if parent in tables.REFUSED_MODULES:
                return Refusal(
                    "import",
                    f'module "{name}"',
                    tables.REFUSED_MODULES[parent],
                    "use the package's public parts",
                )
        if name in self._exact or self._by_prefix(name, parents):
            return None
        why, instead = next(
            (tables.WHY_MODULE[parent] for parent in reversed(parents) if parent in tables.WHY_MODULE),
            tables.WHY_UNKNOWN_MODULE,
        )
        return Refusal("import", f'module "{name}"', why, instead)

    def _by_prefix(self, name: str, parents: list[str]) -> bool:
        private = any(part.startswith("_") for part in name.split("."))
        return not private and any(parent in self._prefixes for parent in parents)

    def only_members(self, module: str) -> frozenset[str] | None:
        """The members a module is reduced to; None when it is whole."""
        return None if module in self._named else tables.ONLY_MEMBERS.get(module)

    # --- members and names ---

    def member(self, package: str, name: str) -> Refusal | None:
        """Why a member of a package may not be had; None when it may."""
        dotted = f"{package}.{name}"
        if name in self._blocked_members.get(package, ()):
            return Refusal("function", dotted, "the operator has blocked it", "use another function")
        why = tables.REFUSED_MEMBERS.get(package, {}).get(name)
        if why is None or dotted in self._allowed_functions:
            return None
        return Refusal("member", dotted, why, _instead_of_member(why))

    def builtin(self, name: str) -> Refusal | None:
        """Why a builtin name may not be used; None when it may."""
        if name in self._blocked_functions:
            return Refusal("function", f"{name}()", "the operator has blocked it", "use another function")
        if name not in tables.REFUSED_BUILTINS:
            return None
        if name in self._allowed_functions and name not in tables.NEVER_ALLOWED_FUNCTIONS:
            return None
        why, instead = tables.REFUSED_BUILTINS[name]
        return Refusal("builtin", f"{name}()", why, instead)

    def blocked_builtins(self) -> frozenset[str]:
        """Builtins the operator took away."""
        return self._blocked_functions


def _with_submodules(names: Iterable[str]) -> frozenset[str]:
    plain = {name for name in names if not name.endswith(_PREFIX)}
    return frozenset(names) | {name + _PREFIX for name in plain}


def _split(names: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    prefixes = frozenset(name[: -len(_PREFIX)] for name in names if name.endswith(_PREFIX))
    return frozenset(name for name in names if not name.endswith(_PREFIX)) | prefixes, prefixes


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _by_package(functions: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for function in functions:
        package, dot, rest = function.partition(".")
        if dot:
            found.setdefault(package, set()).add(rest.rpartition(".")[2])
    return {package: frozenset(names) for package, names in found.items()}


def _instead_of_member(why: str) -> str:
    if "unpickling" in why:
        return "use csv, parquet or json"
    if "text as code" in why:
        return "write the code itself"
    return ""


_KEYS = ("allowed_modules", "blocked_modules", "allowed_functions", "blocked_functions", "own_modules")
_SWITCHES = ("enable_file_access", "enable_network_access", "enable_system_calls")


def policy_of(settings: Mapping[str, Any] | None) -> Policy:
    """The policy for these settings; equal settings share one, so that its answers stay cached."""
    settings = settings or {}
    lists = tuple((key, tuple(settings[key])) for key in _KEYS if settings.get(key) is not None)
    switches = tuple((key, bool(settings[key])) for key in _SWITCHES if settings.get(key) is not None)
    return _cached(lists + switches)


@lru_cache(maxsize=64)
def _cached(items: tuple[tuple[str, Any], ...]) -> Policy:
    return Policy(dict(items))
