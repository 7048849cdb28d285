"""Functions of libraries whose arguments are looked at: text that names attributes or code, paths, switches."""

from __future__ import annotations

import functools
import os
import re
import sys
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language.refusals import CallRefused, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


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
    private = "__" if what.endswith(_TABLE_MAKERS) else "_"

    @functools.wraps(method, updated=())
    def dispatched(*args: Any, **kwargs: Any) -> Any:
        args = tuple(_listed(value) for value in args)
        kwargs = {key: _listed(value) for key, value in kwargs.items()}
        others = [*args[1:3], *(value for key, value in kwargs.items() if key not in _DATA_KEYWORDS)]
        functions = [*args[:1], kwargs.get("func")]
        if any(_names_private(value, private) for value in functions) or any(
            _names_private(value, "__") for value in others
        ):
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


_TABLE_MAKERS: Final = (".pivot_table()", ".crosstab()")
_DATA_KEYWORDS: Final = frozenset({"args", "values", "index", "columns", "fill_value", "margins_name"})


def _listed(value: Any) -> Any:
    """What can be read once only, as a list."""
    return list(value) if hasattr(type(value), "__next__") else value


def _names_private(value: Any, private: str, depth: int = 3) -> bool:
    """Whether functions named by text are private; a named aggregation is a column and then a function."""
    if isinstance(value, str):
        return str.startswith(value, private)
    return depth > 0 and any(_names_private(item, private, depth - 1) for item in _parts(value))


def _parts(value: Any) -> Iterable[Any]:
    """What a collection of functions holds, as far as pandas takes it for one."""
    if isinstance(value, tuple):
        return tuple(value)[1:]
    if isinstance(value, (list, set, frozenset)):
        return list(value)
    if isinstance(value, Mapping):
        return list(value.values())
    of_a_library = type(value).__module__.partition(".")[0] in _ARRAYS and hasattr(value, "tolist")
    return [value.tolist()] if of_a_library and getattr(value, "size", 0) < _FEW else []


_ARRAYS: Final = frozenset({"numpy", "pandas"})
_FEW: Final = 1000  # no list of functions is longer


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
        args = tuple(map(_plain_path, args))
        kwargs = {key: _plain_path(value) for key, value in kwargs.items()}
        for value in (*args[:2], *kwargs.values()):
            if isinstance(value, (str, bytes)) and not _is_document(value):
                sys.audit("open", value, mode, 0)
        return function(*args, **kwargs)

    return opened


def _plain_path(value: Any) -> Any:
    """The text of a path, asked for once, so that the library opens what was looked at."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        return str.__str__(value)
    return value


def _is_document(value: Any) -> bool:
    """Whether an argument is a text that is parsed, and no path."""
    if not isinstance(value, (str, bytes)):
        return False
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return len(raw) > _LONGEST_PATH or b"\n" in raw or b"\0" in raw


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
