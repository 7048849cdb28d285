"""Refusals of imports and members that the source alone shows."""

from __future__ import annotations

import string
import sys
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING

from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language.refusals import Refusal
from coderunner.guest.language.wrapped_members import REPLACED

if TYPE_CHECKING:
    from coderunner.guest.language.policy import Policy

_PRIVATE_WHY = "names with a leading underscore are private to the library"


def module_refusal(policy: Policy, module: str) -> Refusal | None:
    """Why a module may not be imported; a file of the program's own may, unless a library has its name."""
    refusal = policy.module(module)
    if refusal and module.partition(".")[0] in policy.own_modules and not is_library(policy, module):
        return None
    return refusal


def is_library(policy: Policy, module: str) -> bool:
    """Whether the name belongs to the import list or the standard library, so that no file shadows it."""
    root = module.partition(".")[0]
    return policy.module(root) is None or root in sys.stdlib_module_names


def member_refusal(policy: Policy, module: str, name: str) -> Refusal | None:
    """Why `module.name` may not be had, where the names alone tell; None leaves it to the running program."""
    package = module.partition(".")[0]
    if policy.module(package) is not None and package in policy.own_modules:
        return None
    if name.startswith("_"):
        return (
            None
            if name in tables.READABLE_DUNDER_ATTRIBUTES
            else Refusal("attribute", f"{module}.{name}", _PRIVATE_WHY)
        )
    return _table_refusal(policy, package, module, name) or _module_member(policy, module, name)


def _table_refusal(policy: Policy, package: str, module: str, name: str) -> Refusal | None:
    only = policy.only_members(module)
    if only is not None and name not in only and policy.module(f"{module}.{name}"):
        return Refusal("member", f"{module}.{name}", "it is not among the harmless members of this module")
    return policy.member(package, name)


def _module_member(policy: Policy, module: str, name: str) -> Refusal | None:
    dotted = f"{module}.{name}"
    if dotted in tables.REFUSED_MODULES:
        return policy.module(dotted)
    loaded = sys.modules.get(module)
    member = vars(loaded).get(name) if type(loaded) is ModuleType else None
    if type(member) is not ModuleType:
        return None
    return policy.module(member.__name__)


def is_plain_member(policy: Policy, module: str, name: str) -> bool:
    """Whether `module.name` is there already and the guard would hand it out as it is, so that none is needed."""
    loaded = sys.modules.get(module)
    if type(loaded) is not ModuleType or policy.module(module) or policy.only_members(module) is not None:
        return False
    value = vars(loaded).get(name)
    if value is None or (isinstance(value, type) and issubclass(value, (type, string.Formatter))):
        return False
    if isinstance(value, ModuleType):
        return (
            type(value) is ModuleType
            and value is sys.modules.get(f"{module}.{name}")
            and not policy.module(value.__name__)
        )
    home = getattr(value, "__module__", None)
    if isinstance(value, (type, FunctionType, BuiltinFunctionType)) and value in REPLACED:
        return False
    if isinstance(value, (type, FunctionType, BuiltinFunctionType)):
        return type(home) is str and home != "builtins" and not is_refused_home(policy, home)
    return True


def is_refused_home(policy: Policy, home: str) -> bool:
    """Whether functions and classes defined in a module are kept back wherever they are found."""
    if home not in tables.REFUSED_HOME_MODULES and home.partition(".")[0] not in tables.REFUSED_HOME_MODULES:
        return False
    return policy.module(home) is not None and not (home == "posix" and policy.system_calls)
