"""Members of allowed libraries that are handed out only in a guarded form."""

from __future__ import annotations

import abc
import collections
import functools
import operator
import re
import string
import unicodedata
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language.refusals import AttributeRefused, CallRefused, FileRefused, Refusal
from coderunner.guest.language.safe_format import Getattr, format_text, format_text_map

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
        if wrap := _wrapper(package, name):
            return wrap(reader(owner, name), f"{package}.{name}()")
    return reader(owner, name)


def _wrapper(package: str, name: str) -> Callable[[Any, str], Any] | None:
    """How a package's member is wrapped, when it is."""
    for table, wrap in _WRAPPED:
        if name in table.get(package, ()):
            return wrap
    return None


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
        if names or keywords:
            raise CallRefused(_COPYING)
        return functools.update_wrapper(wrapper, wrapped)

    return update_wrapper


def _wraps(_guarded: Getattr) -> Any:
    def wraps(wrapped: Any, *names: Any, **keywords: Any) -> Any:
        if names or keywords:
            raise CallRefused(_COPYING)
        return functools.wraps(wrapped)

    return wraps


_COPYING: Final = Refusal(
    "attribute",
    "wraps() with attribute names",
    "it copies attributes past the guard",
    "use wraps(function) alone",
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


REPLACED: Final[dict[Any, Callable[[Getattr], Any]]] = {
    operator.attrgetter: _attrgetter,
    operator.methodcaller: _methodcaller,
    functools.update_wrapper: _update_wrapper,
    functools.wraps: _wraps,
    open: lambda _guarded: guarded_open,
}
"""What is handed out in a guarded form wherever it is found."""


def replacements(policy: Policy, reader: Reader) -> dict[Any, Any]:
    """The guarded forms for one run."""
    guarded = _guarded(policy, reader)
    return {original: make(guarded) for original, make in REPLACED.items()}


# --- text arguments ---


def _backend_by_name(original: Any, _what: str) -> Any:
    if not callable(original):
        return original

    @functools.wraps(original)
    def use(backend: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(backend, str) and str.__contains__(backend.lower(), "module://"):
            raise CallRefused(Refusal("member", "a backend by module name", "it loads any module"))
        return original(backend, *args, **kwargs)

    return use


def _without_private_text(method: Any, what: str) -> Any:
    if not callable(method):
        return method

    @functools.wraps(method, updated=())
    def dispatched(*args: Any, **kwargs: Any) -> Any:
        texts = [*args[:3], *(value for key, value in kwargs.items() if key not in _DATA_KEYWORDS)]
        if any(map(_names_private, texts)):
            raise CallRefused(
                Refusal(
                    "text dispatch",
                    f"a private name given to {what} as text",
                    "it is read past the attribute guard",
                    "give the function itself",
                )
            )
        return method(*args, **kwargs)

    return dispatched


_DATA_KEYWORDS: Final = frozenset({"args", "values", "index", "columns", "fill_value", "margins_name"})


def _names_private(value: Any, depth: int = 3) -> bool:
    if isinstance(value, str):
        return str.startswith(value, "__")
    if depth and isinstance(value, (list, tuple)):
        return any(_names_private(item, depth - 1) for item in list(value))
    if depth and isinstance(value, dict):
        return any(_names_private(item, depth - 1) for item in list(dict.values(value)))
    return False


def _without_code_text(method: Any, what: str) -> Any:
    @functools.wraps(method, updated=())
    def evaluated(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            if isinstance(value, str) and _is_code_text(str.__str__(value)):
                raise CallRefused(
                    Refusal(
                        "text as code",
                        f"this text given to {what}",
                        "`@` and private names reach past the guard",
                        "filter with df[df.column > value]",
                    )
                )
        kwargs["level"] = kwargs.get("level", 0) + 1  # pandas looks for @names this many frames up
        return method(*args, **kwargs)

    return evaluated


def _is_code_text(text: str) -> bool:
    """Whether an expression reaches beyond columns: a local's attribute, a private name, a call by `@`."""
    plain = unicodedata.normalize("NFKC", text)
    return "__" in plain or re.search(r"\.\s*_|@\s*\w+\s*[.(]", plain) is not None


def _without_pickling(function: Any, what: str) -> Any:
    if not callable(function):
        return function

    @functools.wraps(function, updated=())
    def loaded(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("allow_pickle") or (what == "numpy.load()" and len(args) > 2 and args[2]):
            raise CallRefused(
                Refusal("member", f"{what} with allow_pickle", "unpickling runs code", "save plain arrays")
            )
        return function(*args, **kwargs)

    return loaded


_WRAPPED: Final[tuple[tuple[Mapping[str, frozenset[str]], Callable[[Any, str], Any]], ...]] = (
    (tables.STRING_DISPATCH, _without_private_text),
    (tables.EXPRESSION_MEMBERS, _without_code_text),
    (tables.PICKLING_SWITCHES, _without_pickling),
    ({"matplotlib": frozenset({"use"})}, _backend_by_name),
)
