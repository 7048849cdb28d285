"""The policy of one run: the tables, changed by what the operator grants, narrowed by everybody else."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language.narrowing import Narrowing, by_package, split_names, with_submodules
from coderunner.guest.language.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_DEFAULT_MODULES: Final = tables.STANDARD_MODULES | tables.LIBRARY_MODULES
_SWITCHED_MODULES: Final = (
    ("enable_system_calls", tables.SYSTEM_MODULES),
    ("enable_network_access", tables.NETWORK_MODULES),
)


class Policy:
    """Answers which modules, members and names a program may use; answers are cached."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        grant = {"set_by": "operator", **settings}
        named = settings.get("allowed_modules")
        self._layers = [
            Narrowing({**grant, "allowed_modules": None}),
            *map(Narrowing, settings.get("narrowed_by") or ()),
        ]
        self._granted_switches = frozenset(name for name, _ in _SWITCHED_MODULES if settings.get(name))
        self.file_access = self._switch(settings, "enable_file_access", default=True)
        self.network_access = self._switch(settings, "enable_network_access", default=False)
        self.system_calls = self._switch(settings, "enable_system_calls", default=False)
        self._exact, self._prefixes = split_names(self._allowed(named, settings.get("installed") or ()))
        self._named, _ = split_names(named or ())
        self._only_named = named is not None and "*" not in named
        self._allowed_functions = self._lifted(settings.get("allowed_functions") or ())
        self._blocked_functions = frozenset[str]().union(*(layer.functions for layer in self._layers))
        self.own_modules = frozenset(settings.get("own_modules") or ())
        self._blocked_members = by_package(self._blocked_functions)
        self._modules: dict[str, Refusal | None] = {}
        self.hot_names = self._hot_names()

    def _switch(self, settings: Mapping[str, Any], name: str, *, default: bool) -> bool:
        return bool(settings.get(name, default)) and not any(layer.is_off(name) for layer in self._layers[1:])

    def _lifted(self, granted: Iterable[str]) -> frozenset[str]:
        kept = frozenset(granted)
        for layer in self._layers[1:]:
            kept = kept if layer.lifted is None else kept & layer.lifted
        return kept

    def file_refusal(self, what: str) -> Refusal:
        """Why there is no file access at all, and who has said so."""
        layer = next(layer for layer in self._layers if layer.is_off("enable_file_access"))
        return layer.off("file", what, "keep the data in variables")

    def _allowed(self, named: Iterable[str] | None, installed: Iterable[str]) -> frozenset[str]:
        base = _DEFAULT_MODULES
        chosen = frozenset(named if named is not None else ("*",))
        base = (base | chosen | with_submodules(installed)) if "*" in chosen else with_submodules(chosen)
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
            tables.PATH_FUNCTIONS,
            tables.PARSER_SWITCHES,
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
        granted = self._judge_granted(name, parents)
        if granted is not None and granted.why != tables.WHY_UNKNOWN_MODULE[0]:
            return granted
        narrowed = (layer.module(name, parents) for layer in self._layers)
        return next((refusal for refusal in narrowed if refusal), granted)

    def _judge_granted(self, name: str, parents: list[str]) -> Refusal | None:
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
        for switch, modules in _SWITCHED_MODULES:
            if name in modules and switch in self._granted_switches:
                layer = next(one for one in self._layers if one.is_off(switch))
                return layer.off("import", f'module "{name}"', tables.WHY_UNKNOWN_MODULE[1])
        if self._only_named and name in _DEFAULT_MODULES:
            return self._layers[0].not_among(name)
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
            return self._function_refusal(dotted, lambda layer: name in layer.members.get(package, ()))
        why = tables.REFUSED_MEMBERS.get(package, {}).get(name)
        if why is None or dotted in self._allowed_functions:
            return None
        return Refusal("member", dotted, why, _instead_of_member(why))

    def builtin(self, name: str) -> Refusal | None:
        """Why a builtin name may not be used; None when it may."""
        if name in self._blocked_functions:
            return self._function_refusal(f"{name}()", lambda layer: name in layer.functions)
        if name not in tables.REFUSED_BUILTINS:
            return None
        if name in self._allowed_functions and name not in tables.NEVER_ALLOWED_FUNCTIONS:
            return None
        why, instead = tables.REFUSED_BUILTINS[name]
        return Refusal("builtin", f"{name}()", why, instead)

    def _function_refusal(self, what: str, blocks: Callable[[Narrowing], bool]) -> Refusal:
        layer = next(layer for layer in self._layers if blocks(layer))
        return layer.blocked("function", what, "use another function")

    def blocked_builtins(self) -> frozenset[str]:
        """Builtins that somebody took away."""
        return self._blocked_functions


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _instead_of_member(why: str) -> str:
    if "unpickling" in why:
        return "use csv, parquet or json"
    if "text as code" in why:
        return "write the code itself"
    return ""


def policy_of(settings: Mapping[str, Any] | None) -> Policy:
    """The policy for these settings; equal settings share one, so that its answers stay cached."""
    return _cached(json.dumps(settings or {}, sort_keys=True))


@lru_cache(maxsize=64)
def _cached(settings: str) -> Policy:
    return Policy(json.loads(settings))
