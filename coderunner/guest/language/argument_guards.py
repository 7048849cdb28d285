"""Functions of libraries whose arguments are looked at: text that names attributes or code, paths, switches."""

from __future__ import annotations

import functools
import os
import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language.refusals import CallRefused, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def argument_guard(package: str, name: str) -> Callable[[Any, str], Any] | None:
    """How a package's member is wrapped, when it is."""
    for table, wrap in _WRAPPED:
        if name in table.get(package, ()):
            return wrap
    return None


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


def _with_checked_path(function: Any, what: str) -> Any:
    """Report the paths to the auditor as the interpreter would."""
    if not callable(function):
        return function
    mode = "r" if re.search(r"\.(read|parse|iterparse|open|imread|imcount|input)", what) else "w"

    @functools.wraps(function, updated=())
    def opened(*args: Any, **kwargs: Any) -> Any:
        for value in (*args[:2], *kwargs.values()):
            if isinstance(value, (str, bytes, os.PathLike)) and not _is_document(value):
                sys.audit("open", os.fspath(value), mode, 0)
        return function(*args, **kwargs)

    return opened


def _is_document(value: Any) -> bool:
    """Whether an argument is a text that is parsed, and no path."""
    return isinstance(value, (str, bytes)) and len(value) > _LONGEST_PATH


_LONGEST_PATH: Final = 4096


def _without_entities(parser: Any, _what: str) -> Any:
    @functools.wraps(parser, updated=())
    def parsing(*args: Any, **kwargs: Any) -> Any:
        if args or any(kwargs.get(switch) for switch in _ENTITY_SWITCHES if switch != "resolve_entities"):
            raise CallRefused(_ENTITIES)
        if kwargs.get("resolve_entities") not in (None, False, "internal"):
            raise CallRefused(_ENTITIES)
        return parser(*args, **{**kwargs, "no_network": True})

    return parsing


_ENTITY_SWITCHES: Final = ("resolve_entities", "load_dtd", "dtd_validation", "attribute_defaults")
_ENTITIES: Final = Refusal(
    "file", "a parser that loads entities and DTDs", "documents would open files", "leave the switches out"
)


_WRAPPED: Final[tuple[tuple[Mapping[str, frozenset[str]], Callable[[Any, str], Any]], ...]] = (
    (tables.STRING_DISPATCH, _without_private_text),
    (tables.EXPRESSION_MEMBERS, _without_code_text),
    (tables.PICKLING_SWITCHES, _without_pickling),
    (tables.PATH_FUNCTIONS, _with_checked_path),
    (tables.PARSER_SWITCHES, _without_entities),
    ({"matplotlib": frozenset({"use"})}, _backend_by_name),
)
