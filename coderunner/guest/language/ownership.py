"""Which classes, modules and objects are the program's own, by the module that defined them."""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import Any, Final

from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language import wrapped_members

OWN_HOMES: Final[set[str]] = set()
"""Names of the modules loaded from the program's own files."""

_PLAIN_HOMES: Final = frozenset(
    {"builtins", "abc", "typing", "enum", "collections", "collections.abc", "dataclasses"}
)


def is_own_home(home: Any) -> bool:
    """Whether a `__module__` names the program or one of its files."""
    return type(home) is str and (home == "__main__" or home in OWN_HOMES)


def is_partly_own(owner: Any) -> bool:
    """Whether the program has defined the object's class, whatever else it inherits from."""
    return any(map(is_own_home, _homes(owner)))


def holds_own_private(owner: Any, name: str) -> bool:
    """Whether a private name belongs to the program: on its own functions, and on classes that are its own or plain."""
    kind = owner if isinstance(owner, type) else type(owner)
    if name in tables.NAMEDTUPLE_MEMBERS and issubclass(kind, tuple):
        return True
    if kind is FunctionType:
        return is_own_home(owner.__module__)
    homes = _homes(owner)
    return any(map(is_own_home, homes)) and all(is_own_home(home) or home in _PLAIN_HOMES for home in homes)


def _homes(owner: Any) -> list[Any]:
    """The modules of an object's class and of all it inherits from."""
    kind = owner if isinstance(owner, type) else type(owner)
    if kind is super:
        kind = wrapped_members.class_of_super(owner)
    return [type.__getattribute__(cls, "__module__") for cls in type.mro(kind)]


def module_name(module: ModuleType) -> str:
    """A module's own name; a module whose name is no text has none."""
    name = ModuleType.__getattribute__(module, "__dict__").get("__name__")
    return name if type(name) is str else "?"


def described(owner: Any) -> str:
    """An object in the words of a refusal."""
    if isinstance(owner, ModuleType):
        return f'module "{module_name(owner)}"'
    family = owner if isinstance(owner, type) else type(owner)
    return f'"{type.__getattribute__(family, "__name__")}"'


def home_reason(home: str) -> str:
    """Why nothing of a module is handed out."""
    why = tables.WHY_MODULE.get(home) or tables.WHY_MODULE.get(home.partition(".")[0])
    return why[0] if why else "it reaches past the policy"
