"""Members of allowed libraries that are handed out only in a guarded form."""

from __future__ import annotations

import abc
import collections
import functools
import operator
import string
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from coderunner.guest.language.argument_guards import argument_guard
from coderunner.guest.language.refusals import AttributeRefused, CallRefused, FileRefused, Refusal
from coderunner.guest.language.safe_format import Getattr, format_text, format_text_map
from coderunner.guest.language.safe_traceback import STAND_INS

if TYPE_CHECKING:
    from coderunner.guest.language.policy import Policy

_SUPER: Final[Any] = super
Reader = Callable[[Any, str], Any]


class _AbcMetaFace(type):
    """`abc.ABCMeta` for `class X(metaclass=ABCMeta)` and isinstance, never called."""

    def __call__(cls, *_args: Any, **_keywords: Any) -> Any:
        raise CallRefused(
            Refusal(
                "class",
                "calling a metaclass",
                "metaclasses build classes past the policy",
                "write a class statement",
            )
        )

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, abc.ABCMeta)


class ABC_META(metaclass=_AbcMetaFace):
    """Stands for abc.ABCMeta."""

    __slots__ = ()


def package_of(owner: Any) -> str:
    """The root package that a module, class, instance, function or super object belongs to."""
    if isinstance(owner, ModuleType):
        home = ModuleType.__getattribute__(owner, "__dict__").get("__name__")
    else:
        kind = owner if isinstance(owner, type) else type(owner)
        if kind is super:
            kind = class_of_super(owner)
        home = type.__getattribute__(kind, "__module__")
    return home.partition(".")[0].lstrip("_") if type(home) is str else ""


def class_of_super(owner: Any) -> Any:
    """The class a super object works for, whatever the object says."""
    return _SUPER.__getattribute__(owner, "__self_class__")


def packages_of(owner: Any) -> list[str]:
    """The packages of an object's class and of all that it inherits from."""
    if isinstance(owner, ModuleType):
        return [package_of(owner)]
    kind = owner if isinstance(owner, type) else type(owner)
    if kind is super:
        kind = class_of_super(owner)
    return list(dict.fromkeys(package_of(cls) for cls in type.mro(kind)))


def read(policy: Policy, owner: Any, name: str, reader: Reader) -> Any:
    """Read a name that some table mentions: refuse it, wrap it, or hand it out."""
    if isinstance(owner, string.Formatter):
        if name in _FORMATTER_METHODS and policy.member("string", "Formatter"):
            raise AttributeRefused(_FORMAT_REFUSAL)
    elif name in ("format", "format_map"):
        return _read_format(owner, name, reader, policy)
    if name == "obj" and isinstance(owner, AttributeError):
        raise AttributeRefused(
            Refusal("attribute", "AttributeError.obj", "it may hand out a library's own objects")
        )
    for package in packages_of(owner):
        if refusal := policy.member(package, name):
            raise AttributeRefused(refusal)
        if wrap := argument_guard(package, name):
            return wrap(reader(owner, name), f"{package}.{name}()")
    return reader(owner, name)


def _guarded(policy: Policy, reader: Reader) -> Reader:
    def guarded(owner: Any, name: str) -> Any:
        if name.startswith("_") or name in INSPECT_ATTRIBUTES:
            raise AttributeRefused(
                Refusal(
                    "attribute",
                    f'the attribute "{name}"',
                    "private and special attributes are not read by name",
                )
            )
        return read(policy, owner, name, reader)

    return guarded


# --- str.format ---


def _read_format(owner: Any, name: str, reader: Reader, policy: Policy) -> Any:
    guarded = _guarded(policy, reader)
    if isinstance(owner, type):
        if issubclass(owner, str):
            return _unbound_format if name == "format" else _unbound_format_map
        if issubclass(owner, collections.UserString):
            raise AttributeRefused(_FORMAT_REFUSAL)
        return reader(owner, name)
    if isinstance(owner, super):
        raise AttributeRefused(_FORMAT_REFUSAL)
    if not isinstance(owner, (str, collections.UserString)):
        return reader(owner, name)
    template = owner if isinstance(owner, str) else str.__str__(str(owner))
    if name == "format":
        return lambda *args, **kwargs: format_text(guarded, template, args, kwargs)
    return lambda mapping: format_text_map(guarded, template, mapping)


_FORMATTER_METHODS: Final = frozenset({"format", "vformat", "get_field", "get_value"})
_FORMAT_REFUSAL: Final = Refusal(
    "format",
    "this way to format text",
    "format strings walk attributes",
    "use an f-string or 'text'.format()",
)


def _no_attributes(_owner: Any, name: str) -> Any:
    raise AttributeRefused(
        Refusal("format", f'the attribute "{name}" in a format string', "format strings walk attributes")
    )


def _unbound_format(template: str, /, *args: Any, **kwargs: Any) -> str:
    return format_text(_no_attributes, template, args, kwargs)


def _unbound_format_map(template: str, mapping: Any, /) -> str:
    return format_text_map(_no_attributes, template, mapping)


# --- operator ---


def _attrgetter(guarded: Getattr) -> Any:
    def attrgetter(*names: str) -> Callable[[Any], Any]:
        if not names:
            raise TypeError("attrgetter expected 1 argument, got 0")
        paths = [_checked_path(name) for name in names]

        def get(owner: Any) -> Any:
            values = [functools.reduce(guarded, path, owner) for path in paths]
            return values[0] if len(values) == 1 else tuple(values)

        return get

    return attrgetter


def _checked_path(name: Any) -> list[str]:
    if type(name) is not str:
        raise TypeError("attribute name must be a string")
    return name.split(".")


def _methodcaller(guarded: Getattr) -> Any:
    def methodcaller(name: str, /, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        (checked,) = _checked_path(name)
        return lambda owner: guarded(owner, checked)(*args, **kwargs)

    return methodcaller


# --- functools: copying attributes by name is reading them by name ---


def _update_wrapper(_guarded: Getattr) -> Any:
    def update_wrapper(wrapper: Any, wrapped: Any, *names: Any, **keywords: Any) -> Any:
        if names or keywords or not _is_the_programs(wrapper):
            raise CallRefused(_COPYING)
        return functools.update_wrapper(wrapper, wrapped)

    return update_wrapper


def _wraps(guarded: Getattr) -> Any:
    update_wrapper = _update_wrapper(guarded)

    def wraps(wrapped: Any, *names: Any, **keywords: Any) -> Any:
        if names or keywords:
            raise CallRefused(_COPYING)
        return lambda wrapper: update_wrapper(wrapper, wrapped)

    return wraps


def _is_the_programs(wrapper: Any) -> bool:
    """Whether attributes may be set on it: a library's own functions and classes stay as they are."""
    from coderunner.guest.language.ownership import is_own_home

    if isinstance(wrapper, type):
        return is_own_home(type.__getattribute__(wrapper, "__module__"))
    if type(wrapper) is FunctionType:
        return is_own_home(wrapper.__module__)
    return not isinstance(wrapper, (ModuleType, BuiltinFunctionType))


_COPYING: Final = Refusal(
    "attribute",
    "wraps() with attribute names",
    "it copies attributes past the guard, and libraries stay as they are",
    "use wraps(function) alone, on a function of your own",
)


# --- files ---


def guarded_open(file: Any, *args: Any, **kwargs: Any) -> Any:
    """`open` by path: file descriptors and openers of one's own would reach what the runner itself has open."""
    if isinstance(file, int) or kwargs.get("opener") is not None or len(args) > _OPENER_PLACE:
        raise FileRefused(
            Refusal(
                "file",
                "open() of a file descriptor",
                "descriptors are the runner's own",
                "open a path, or use print() and input()",
            )
        )
    return open(file, *args, **kwargs)


_OPENER_PLACE: Final = 6


def _as_it_is(stand_in: Any) -> Callable[[Getattr], Any]:
    return lambda _guarded: stand_in


REPLACED: Final[dict[Any, Callable[[Getattr], Any]]] = {
    operator.attrgetter: _attrgetter,
    operator.methodcaller: _methodcaller,
    functools.update_wrapper: _update_wrapper,
    functools.wraps: _wraps,
    open: lambda _guarded: guarded_open,
    **{original: _as_it_is(stand_in) for original, stand_in in STAND_INS.items()},
}
"""What is handed out in a guarded form wherever it is found."""


def replacements(policy: Policy, reader: Reader) -> dict[Any, Any]:
    """The guarded forms for one run."""
    guarded = _guarded(policy, reader)
    return {original: make(guarded) for original, make in REPLACED.items()}
