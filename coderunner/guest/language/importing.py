"""The import hook of restricted programs, and the modules made of their own files."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language.own_files import find_module
from coderunner.guest.language.ownership import OWN_HOMES
from coderunner.guest.language.refusals import ImportRefused, OwnModuleRefused, Refusal
from coderunner.guest.language.static_members import is_library, member_refusal

if TYPE_CHECKING:
    from pathlib import Path

    from coderunner.guest.language.guards import Guards
    from coderunner.guest.language.policy import Policy

_real_import: Final = builtins.__import__
_KEPT: Final = frozenset({"__builtins__", "__loader__", "__spec__"})
"""What a module of the program's own holds and gives to nobody."""
Compile = Callable[[str, str, bool], tuple[Any, list[dict[str, Any]]]]


class Importer:
    """Imports for one restricted run."""

    def __init__(self, policy: Policy, guards: Guards, folders: list[Path], compile_own: Compile) -> None:
        self._policy = policy
        self._guards = guards
        self._folders = folders
        self._compile = compile_own
        self._own: dict[str, ModuleType] = {}
        self._threads_chosen = False
        self.namespace: Callable[[str], dict[str, Any]] = lambda _: {}

    def __call__(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Any = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        if type(fromlist) is list:
            # Only C code that imports lazily passes a list here (PyImport_Import): the library asks, not the program.
            return _real_import(name, globals, locals, fromlist, level)
        if level:
            name = self._absolute(name, globals or {}, level)
        own = self._own_path(name)
        if own is not None:
            return self._import_own(name, fromlist)
        if refusal := self._policy.module(name):
            raise ImportRefused(refusal)
        module = _real_import(name, None, None, fromlist or (), 0)
        if "joblib" in sys.modules and not self._threads_chosen:
            self._threads_chosen = True
            sys.modules["joblib"].parallel_config("threading")  # its default starts processes
        return self._members(module, name, fromlist) if fromlist else module

    # --- libraries ---

    def _members(self, module: ModuleType, name: str, wanted: Sequence[str]) -> SimpleNamespace:
        """Only what was asked for, judged, in place of the module."""
        if "*" in wanted:
            return self._star(module, name)
        return _bundle({item: self._member(module, name, item) for item in wanted})

    def _member(self, module: ModuleType, name: str, item: str) -> Any:
        if refusal := member_refusal(self._policy, name, item):
            raise ImportRefused(refusal)
        try:
            return self._guards.checked_getattr(module, item)
        except AttributeError as error:
            if getattr(error, "refusal", None):
                raise
            text = f"cannot import name {item!r} from {name!r}"
            raise ImportError(text, name=name) from None

    def _star(self, module: ModuleType, name: str) -> SimpleNamespace:
        listed = getattr(module, "__all__", None)
        names = [item for item in _texts(listed if listed is not None else dir(module)) if item[:1] != "_"]
        found = SimpleNamespace()
        for item in names:
            if member_refusal(self._policy, name, item):
                continue
            try:
                setattr(found, item, self._guards.checked_getattr(module, item))
            except AttributeError:
                continue
        found.__all__ = [item for item in vars(found) if not item.startswith("_")]
        return found

    # --- the program's own files ---

    def _absolute(self, name: str, globals: Mapping[str, Any], level: int) -> str:
        package = globals.get("__package__")
        if not package or package.count(".") + 1 < level:
            raise ImportError("attempted relative import with no known parent package")
        base = package.rsplit(".", level - 1)[0] if level > 1 else package
        return f"{base}.{name}" if name else base

    def _own_path(self, name: str) -> tuple[Path, bool] | None:
        if is_library(self._policy, name):
            return None
        return find_module(self._folders, name)

    def _import_own(self, name: str, fromlist: Sequence[str] | None) -> Any:
        parts = name.split(".")
        module = root = self._own_module(parts[0])
        for end in range(2, len(parts) + 1):
            child = self._own_module(".".join(parts[:end]))
            setattr(module, parts[end - 1], child)
            module = child
        if not fromlist:
            return root
        for item in fromlist:
            if item != "*" and not hasattr(module, item) and self._own_path(f"{name}.{item}"):
                setattr(module, item, self._own_module(f"{name}.{item}"))
        return self._own_members(module, fromlist)

    def _own_members(self, module: ModuleType, wanted: Sequence[str]) -> Any:
        held = vars(module)
        if "*" in wanted:
            names = _texts(held.get("__all__") or [item for item in held if not item.startswith("_")])
            listed = [item for item in names if not (item.startswith("__") and item.endswith("__"))]
            return _bundle({item: held[item] for item in listed if item in held} | {"__all__": listed})
        missing = [item for item in wanted if item not in held or item in _KEPT]
        if missing:
            raise ImportError(
                f"cannot import name {missing[0]!r} from {module.__name__!r}", name=module.__name__
            )
        return _bundle({item: held[item] for item in wanted})

    def _own_module(self, name: str) -> ModuleType:
        if name in self._own:
            return self._own[name]
        found = self._own_path(name)
        if found is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        path, is_package = found
        module = ModuleType(name)
        self._own[name] = module
        OWN_HOMES.add(name)
        self._guards.own_modules[id(module)] = module
        package = name if is_package else name.rpartition(".")[0]
        module.__dict__.update(self.namespace(name), __package__=package, __file__=str(path))
        sys.modules.setdefault(name, module)
        try:
            if path.is_file():
                self._run_own(path, module, in_package=bool(package))
        except BaseException:
            del self._own[name]
            sys.modules.pop(name, None)
            raise
        return module

    def _run_own(self, path: Path, module: ModuleType, *, in_package: bool) -> None:
        shown = str(path.relative_to(self._folders[-1]))
        code, violations = self._compile(path.read_text(encoding="utf-8-sig"), shown, in_package)
        if violations:
            refusal = Refusal("import", f'the file "{shown}"', f"{len(violations)} of its parts are refused")
            raise OwnModuleRefused(refusal, violations)
        exec(code, module.__dict__)


def _texts(names: Iterable[Any]) -> list[str]:
    """Names that are texts and nothing more: a subclass answers differently each time it is asked."""
    return [name for name in names if type(name) is str]


def _bundle(members: dict[str, Any]) -> SimpleNamespace:
    bundle = SimpleNamespace()
    vars(bundle).update(members)
    return bundle
