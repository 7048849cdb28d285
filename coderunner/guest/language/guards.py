"""The guards that rewritten programs call: reading, writing and naming attributes."""

from __future__ import annotations

import abc
import dataclasses
import enum
import string
import sys
import typing
from builtins import type as real_type
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Final

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from coderunner.guest.language import ownership, wrapped_members
from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language.refusals import AttributeRefused, CallRefused, Refusal
from coderunner.guest.language.static_members import is_refused_home
from coderunner.guest.language.type_face import type_face

if typing.TYPE_CHECKING:
    from collections.abc import Callable

    from coderunner.guest.language.policy import Policy

_MEMO_SIZE: Final = 8192
_JUDGED_KINDS: Final = (ModuleType, type, FunctionType, BuiltinFunctionType, dataclasses.Field)
"""Fields among them, because asdict() and astuple() read the attributes that they name."""
_METACLASSES: Final = frozenset({abc.ABCMeta, enum.EnumMeta})


_HARMLESS, _JUDGED, _BUILTIN, _FUNCTION = range(4)


def _level(kind: type) -> int:
    """How closely instances of a type are looked at."""
    if kind is BuiltinFunctionType:
        return _BUILTIN
    if kind is FunctionType:
        return _FUNCTION
    return _JUDGED if issubclass(kind, _JUDGED_KINDS) else _HARMLESS


class Guards:
    """The guards of one run, bound to its policy."""

    def __init__(self, policy: Policy, own_globals: dict[str, Any]) -> None:
        self._policy = policy
        self._kinds: dict[type, int] = {}
        self._passed: set[Any] = set()
        self._whole: set[ModuleType] = set()
        self._own_globals = own_globals
        self.own_modules: dict[int, ModuleType] = {}
        self.getattr = self._fast_getattr()
        self._replaced = wrapped_members.replacements(policy, self.getattr)
        self.write = self._fast_write()

    def _fast_getattr(self) -> Callable[[Any, str], Any]:
        """The hot path: most values are neither modules, classes nor functions.

        Everything it needs is a local name, and levels are plain numbers: a million reads pass here.
        """
        read_attribute, type_of, module = getattr, real_type, ModuleType
        kinds, passed, whole, own, judge = (
            self._kinds,
            self._passed,
            self._whole,
            self._own_globals,
            self.judge,
        )

        def read(owner: Any, name: str) -> Any:
            value = read_attribute(owner, name)
            try:
                level = kinds[type_of(value)]
            except KeyError:
                level = kinds[type_of(value)] = _level(type_of(value))
            if level:
                if level == 3:
                    if value.__globals__ is own:
                        return value
                elif level == 2 and value.__self__ is owner and type_of(owner) is not module:
                    return value
                return value if value in passed else judge(owner, name, value)
            if type_of(owner) is module and owner not in whole:
                return judge(owner, name, value)
            return value

        return read

    def _fast_write(self) -> Callable[[Any], Any]:
        kinds, judge, type_of = self._kinds, self._judge_write, real_type

        def write(owner: Any) -> Any:
            try:
                level = kinds[type_of(owner)]
            except KeyError:
                level = kinds[type_of(owner)] = _level(type_of(owner))
            if level:
                judge(owner)
            return owner

        return write

    # --- reading ---

    def judge(self, owner: Any, name: str, value: Any) -> Any:
        """Hand the value out, a stand-in for it, or refuse."""
        if isinstance(owner, ModuleType):
            self._judge_owner(owner, name)
        kind = type(value)
        if kind is FunctionType and value.__globals__ is self._own_globals:
            return value
        if issubclass(kind, ModuleType):
            self._judge_module(owner, name, value)
        elif issubclass(kind, type):
            value = self._judge_class(name, value)
        elif kind is FunctionType or kind is BuiltinFunctionType:
            if value in self._replaced:
                return self._replaced[value]
            self._judge_function(name, value)
        else:
            return value
        self._remember(value)
        return value

    def _remember(self, value: Any) -> None:
        """Judge a library's module, class or function once only."""
        if isinstance(value, BuiltinFunctionType) and not isinstance(value.__self__, ModuleType):
            return
        if (
            value is type_face
            or value is wrapped_members.ABC_META
            or ownership.is_own_home(getattr(value, "__module__", None))
        ):
            return
        if len(self._passed) > _MEMO_SIZE:
            self._passed.clear()
        self._passed.add(value)

    def _judge_owner(self, owner: ModuleType, name: str) -> None:
        if id(owner) in self.own_modules:
            return
        module = ownership.module_name(owner)
        if refusal := self._policy.module(module):
            raise AttributeRefused(Refusal("module", f"{module}.{name}", refusal.why, refusal.instead))
        only = self._policy.only_members(module)
        if only is None:
            self._whole.add(owner)
        elif name not in only and not name.startswith("__") and self._policy.module(f"{module}.{name}"):
            raise AttributeRefused(
                Refusal("member", f"{module}.{name}", "it is not among the harmless members of this module")
            )

    def _judge_module(self, owner: Any, name: str, value: ModuleType) -> None:
        if id(value) in self.own_modules:
            return
        module = ownership.module_name(value)
        if refusal := self._policy.module(module):
            what = f'module "{module}" through the attribute "{name}" of {ownership.described(owner)}'
            raise AttributeRefused(Refusal("module", what, refusal.why, refusal.instead))

    def _judge_class(self, name: str, value: type) -> Any:
        if value is type:
            return type_face
        if value in self._replaced:
            return self._replaced[value]
        if issubclass(value, string.Formatter) and self._policy.member("string", "Formatter"):
            raise AttributeRefused(
                Refusal(
                    "format", f'the class "{name}"', "its format strings walk attributes", "use an f-string"
                )
            )
        if issubclass(value, type) and value is not abc.ABCMeta:
            raise AttributeRefused(
                Refusal("class", f'the metaclass "{name}"', "metaclasses build classes past the policy")
            )
        if value is abc.ABCMeta:
            return wrapped_members.ABC_META
        home = type.__getattribute__(value, "__module__")
        if isinstance(home, str) and is_refused_home(self._policy, home):
            raise AttributeRefused(Refusal("member", f"{home}.{name}", ownership.home_reason(home)))
        return value

    def _judge_function(self, name: str, value: Any) -> None:
        home = getattr(value, "__module__", None)
        if type(home) is str and is_refused_home(self._policy, home):
            raise AttributeRefused(Refusal("member", f"{home}.{name}", ownership.home_reason(home)))
        if home == "builtins" and (refusal := self._policy.builtin(name)):
            raise AttributeRefused(refusal)
        if value in _REFUSED_FUNCTIONS:
            raise AttributeRefused(Refusal("builtin", f"{name}()", "the policy guards this builtin"))

    # --- reading names that need a second look ---

    def checked_getattr(self, owner: Any, name: str) -> Any:
        """Read a private, special or guarded name."""
        if name in INSPECT_ATTRIBUTES:
            raise AttributeRefused(
                Refusal("attribute", f'the attribute "{name}"', "it leads to frames and code objects")
            )
        if name.startswith("_"):
            self._judge_private(owner, name)
        return wrapped_members.read(self._policy, owner, name, self.getattr)

    def dynamic_getattr(self, owner: Any, name: Any, *default: Any) -> Any:
        """The builtin `getattr` of a restricted program."""
        if type(name) is not str:
            raise CallRefused(
                Refusal("attribute", "getattr() with this name", "the name must be exactly a str")
            )
        if len(default) > 1:
            raise TypeError(f"getattr expected at most 3 arguments, got {2 + len(default)}")
        try:
            return self.checked_getattr(owner, name)
        except AttributeRefused:
            raise
        except AttributeError:
            if default:
                return default[0]
            raise

    def _judge_private(self, owner: Any, name: str) -> None:
        if name.startswith("__") and name.endswith("__"):
            if name in tables.READABLE_DUNDER_ATTRIBUTES:
                return
            if type(owner) is super and name in tables.SUPER_DUNDERS:
                return
            instead = tables.INSTEAD_OF_DUNDER.get(name, "")
            raise AttributeRefused(
                Refusal(
                    "attribute",
                    f'the attribute "{name}"',
                    "special attributes lead to the interpreter's internals",
                    instead,
                )
            )
        if not self._is_own(owner, name) and hasattr(owner, name):
            raise AttributeRefused(
                Refusal(
                    "attribute",
                    f'the attribute "{name}" of {ownership.described(owner)}',
                    "names with a leading underscore are private to the library",
                    "use its public attributes",
                )
            )

    def _is_own(self, owner: Any, name: str) -> bool:
        if type(owner) is ModuleType:
            return id(owner) in self.own_modules
        return ownership.holds_own_private(owner, name)

    def is_own_instance(self, owner: Any) -> bool:
        """Whether this is an instance of one of the program's own classes."""
        return not isinstance(owner, (type, ModuleType, super)) and self._is_own(owner, "")

    def own_private(self, owner: Any, name: str) -> Any:
        """Read a private name that the program itself sets somewhere, on objects whose class is partly its own."""
        if ownership.is_partly_own(owner):
            return self.getattr(owner, name)
        return self.checked_getattr(owner, name)

    # --- writing ---

    def write_private(self, owner: Any, name: str) -> Any:
        """Let a private or special name be set on the program's own objects only."""
        if (
            not ownership.is_partly_own(owner)
            and not self._is_own(owner, name)
            and not isinstance(owner, BaseException)
        ):
            raise AttributeRefused(
                Refusal(
                    "write",
                    f'writing "{name}" of {ownership.described(owner)}',
                    "names with a leading underscore are private to the library",
                )
            )
        return self.write(owner)

    def _judge_write(self, owner: Any) -> None:
        if isinstance(owner, ModuleType):
            if id(owner) not in self.own_modules:
                raise AttributeRefused(
                    Refusal(
                        "write",
                        f'writing to module "{ownership.module_name(owner)}"',
                        "libraries stay as they are",
                        "keep your values in names of your own",
                    )
                )
        elif isinstance(owner, type):
            if not ownership.is_own_home(type.__getattribute__(owner, "__module__")):
                raise AttributeRefused(
                    Refusal(
                        "write",
                        f"writing to the class {ownership.described(owner)}",
                        "libraries stay as they are",
                        "make a subclass of your own",
                    )
                )
        elif type(owner) is BuiltinFunctionType or not ownership.is_own_home(
            getattr(owner, "__module__", None)
        ):
            raise AttributeRefused(
                Refusal(
                    "write",
                    f"writing to {ownership.described(owner)}",
                    "libraries stay as they are",
                    "wrap it in a function",
                )
            )

    def setattr(self, owner: Any, name: Any, value: Any) -> None:
        """The builtin `setattr` of a restricted program."""
        self._judge_written_name(owner, name)
        setattr(self.write(owner), name, value)

    def delattr(self, owner: Any, name: Any) -> None:
        """The builtin `delattr` of a restricted program."""
        self._judge_written_name(owner, name)
        delattr(self.write(owner), name)

    def _judge_written_name(self, owner: Any, name: Any) -> None:
        if type(name) is not str:
            raise CallRefused(
                Refusal("attribute", "setattr() with this name", "the name must be exactly a str")
            )
        if name.startswith("_"):
            self._judge_private(owner, name)
            if name.startswith("__") and name.endswith("__") and name not in ("__doc__", "__name__"):
                raise AttributeRefused(
                    Refusal("attribute", f'writing "{name}"', "special attributes drive the interpreter")
                )

    # --- classes ---

    def class_name(self, owner: Any, name: str) -> str:
        """`x.__class__.__name__`, without handing out the class."""
        return str(type.__getattribute__(type(owner), name))

    def metaclass(self, value: Any) -> Any:
        """The metaclass a class statement names: ABCMeta and the enum's are harmless, others are not."""
        if value is wrapped_members.ABC_META:
            return abc.ABCMeta
        if value is type_face:
            return type
        if value in _METACLASSES:
            return value
        raise CallRefused(
            Refusal(
                "class",
                "a metaclass of your own",
                "metaclasses build classes past the policy",
                "use a class decorator",
            )
        )


_REFUSED_FUNCTIONS: Final = frozenset(
    [
        eval,
        exec,
        compile,
        __import__,
        globals,
        locals,
        vars,
        getattr,
        setattr,
        delattr,
        sys._getframe,
        breakpoint,
        typing.get_type_hints,
    ]
)


def match_values(*thunks: Callable[[], Any]) -> object:
    """The values that dotted patterns of one match statement compare with, read when they are needed."""
    return _MatchValues(thunks)


class _MatchValues:
    def __init__(self, thunks: tuple[Callable[[], Any], ...]) -> None:
        self._thunks = thunks

    def __getattr__(self, name: str) -> Any:
        return self._thunks[int(name[1:])]()
