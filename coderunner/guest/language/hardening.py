"""Libraries whose own small languages would walk attributes for a restricted program, held to public names.

`str.format`, Jinja and matplotlib's parameters read attributes and import modules by name, out of any guard's sight.
The changes live in the process of one restricted run; `isolated` programs find every library as it is.
"""

from __future__ import annotations

import string
import sys
from _string import formatter_field_name_split  # type: ignore[import-not-found]
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any, Final

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from coderunner.guest.language.refusals import AttributeRefused, CallRefused, FileRefused, Refusal
from coderunner.guest.language.safe_format import format_text
from coderunner.guest.language.safe_traceback import format_exc
from coderunner.guest.language.text_engines import ENGINES, Change, hold_eval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from coderunner.guest.language.text_engines import Held


def read_public(owner: Any, name: str) -> Any:
    """An attribute that a text names; only public ones are read."""
    require_public(name)
    return getattr(owner, name)


def require_public(name: str) -> None:
    """AttributeRefused for a private, special or inspecting name."""
    name = str.__str__(name)
    if name.startswith("_") or name in INSPECT_ATTRIBUTES:
        raise AttributeRefused(
            Refusal("format", f'the attribute "{name}" in a text', "texts read attributes past the guard")
        )


def _formatted(template: Any, *args: Any, **kwargs: Any) -> str:
    return format_text(read_public, template, args, kwargs)


def _string(_module: ModuleType, _held: Held) -> None:
    def get_field(self: Any, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        first, rest = formatter_field_name_split(field_name)
        value = self.get_value(first, args, kwargs)
        for is_attribute, key in rest:
            value = read_public(value, key) if is_attribute else value[key]
        return value, first

    string.Formatter.get_field = get_field  # type: ignore[method-assign]


def _logging(module: ModuleType, _held: Held) -> None:
    def format_record(self: Any, record: Any) -> str:
        values = {**(self._defaults or {}), **record.__dict__}
        return _formatted(self._fmt, **values)

    def handle_error(_self: Any, _record: Any) -> None:
        if module.__dict__["raiseExceptions"] and sys.stderr:
            sys.stderr.write(f"--- Logging error ---\n{format_exc()}")

    module.__dict__["StrFormatStyle"]._format = format_record
    module.__dict__["Handler"].handleError = handle_error


def _cbook(module: ModuleType, _held: Held) -> None:
    original = module.__dict__["_auto_format_str"]

    def auto_format(template: str, value: Any) -> str:
        return str(original(template, value)) if "{" not in template else _formatted(template, value)

    module.__dict__["_auto_format_str"] = auto_format


def _style_render(module: ModuleType, _held: Held) -> None:
    original = module.__dict__["_maybe_wrap_formatter"]

    def wrap(formatter: Any = None, *args: Any, **kwargs: Any) -> Any:
        if isinstance(formatter, str):
            template = str.__str__(formatter)
            formatter = lambda value: _formatted(template, value)  # noqa: E731 - pandas takes a callable here
        return original(formatter, *args, **kwargs)

    module.__dict__["_maybe_wrap_formatter"] = wrap


def _jinja(module: ModuleType, held: Held) -> None:
    """A template reads what the program may read, whatever is put into its context."""

    def get_attribute(self: Any, owner: Any, attribute: Any) -> Any:
        name = str.__str__(attribute)
        require_public(name)
        try:
            return held.getattr(owner, name)
        except AttributeRefused:
            raise
        except AttributeError:
            return _item_or_undefined(self, owner, attribute)

    def get_item(self: Any, owner: Any, argument: Any) -> Any:
        found = _item_or_undefined(self, owner, argument)
        if isinstance(found, self.undefined) and isinstance(argument, str):
            return get_attribute(self, owner, argument)
        return found

    hold_eval(module, held)  # a template's code is written by a generator that a program may replace
    environment = module.__dict__["Environment"]
    environment.getattr, environment.getitem = get_attribute, get_item


def _item_or_undefined(environment: Any, owner: Any, name: Any) -> Any:
    try:
        return owner[name]
    except (AttributeError, TypeError, LookupError):
        return environment.undefined(obj=owner, name=name)


def _rcsetup(module: ModuleType, _held: Held) -> None:
    """Parameters of matplotlib that name code to import."""

    def refuse_hooks(hooks: Any) -> list[str]:
        if list(hooks or ()):
            raise CallRefused(
                Refusal("member", "figure.hooks", "it imports any function by name", "call it yourself")
            )
        return []

    module.__dict__["_validators"]["figure.hooks"] = refuse_hooks
    loaded = sys.modules.get("matplotlib")
    if loaded is not None and hasattr(loaded, "RcParams"):
        loaded.RcParams.validate["figure.hooks"] = refuse_hooks


def _sqlite(module: ModuleType, _held: Held) -> None:
    """SQL opens files as well: ATTACH, and VACUUM INTO, which attaches its target; both are reported as opening."""
    plain_connect = module.__dict__["connect"]
    ok, denied, attach = (module.__dict__[f"SQLITE_{name}"] for name in ("OK", "DENY", "ATTACH"))

    def authorise(action: int, path: Any, *_more: Any) -> int:
        if action != attach or not path:
            return int(ok)
        try:
            sys.audit("sqlite3.connect", path)
        except FileRefused:
            return int(denied)
        return int(ok)

    def connect(*args: Any, **kwargs: Any) -> Any:
        connection = plain_connect(*args, **kwargs)
        connection.set_authorizer(authorise)
        return connection

    module.__dict__["connect"] = connect


def _argparse(module: ModuleType, _held: Held) -> None:
    """A parser sets attributes that options name, on whatever object it is given."""
    held = module.__dict__
    plain_parse, plain_add = held["ArgumentParser"].parse_known_args, held["_ActionsContainer"].add_argument

    def parse_known_args(self: Any, args: Any = None, namespace: Any = None) -> Any:
        if namespace is not None and type(namespace) is not held["Namespace"]:
            raise CallRefused(
                Refusal("write", "parsing into this object", "options set its attributes", "leave it out")
            )
        return plain_parse(self, args, namespace)

    def add_argument(self: Any, *args: Any, **kwargs: Any) -> Any:
        action = plain_add(self, *args, **kwargs)
        require_public(action.dest)
        return action

    held["ArgumentParser"].parse_known_args = parse_known_args
    held["_ActionsContainer"].add_argument = add_argument


def _dataclasses(module: ModuleType, _held: Held) -> None:
    """Names of fields become text that runs; a class's own annotations may be changed to any."""
    plain = module.__dict__["_get_field"]

    def get_field(cls: Any, name: Any, *more: Any) -> Any:
        if type(name) is not str or not name.isidentifier() or name.startswith("__"):
            raise CallRefused(
                Refusal(
                    "class", "a dataclass with this field", "its name is no plain name", "rename the field"
                )
            )
        return plain(cls, name, *more)

    module.__dict__["_get_field"] = get_field


def _enum(module: ModuleType, _held: Held) -> None:
    """`Enum("E", names)` makes methods of names that no class statement of a program may define."""
    held = module.__dict__["EnumMeta"]
    plain = held._create_

    def create(cls: Any, class_name: Any, names: Any, *more: Any, **options: Any) -> Any:
        if not isinstance(names, str):
            names = [_member(item) for item in (names.items() if hasattr(names, "items") else names)]
        for name in names.replace(",", " ").split() if isinstance(names, str) else names:
            require_public(name if isinstance(name, str) else name[0])
        return plain(cls, class_name, names, *more, **options)

    held._create_ = create


def _member(item: Any) -> Any:
    """A member's name and perhaps its value, as they are looked at and then taken."""
    if isinstance(item, str):
        return str.__str__(item)
    name, value = item
    return str.__str__(name), value


_CHANGES: Final[dict[str, Change]] = {
    "string": _string,
    "logging": _logging,
    "matplotlib.cbook": _cbook,
    "matplotlib.rcsetup": _rcsetup,
    "pandas.io.formats.style_render": _style_render,
    "jinja2.environment": _jinja,
    "sqlite3": _sqlite,
    "argparse": _argparse,
    "dataclasses": _dataclasses,
    "enum": _enum,
    **ENGINES,
}


class _Loader:
    """Loads a module as its own loader does, and changes it then."""

    def __init__(self, loader: Any, change: Change, held: Held) -> None:
        self._loader = loader
        self._change = change
        self._held = held

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._change(module, self._held)


class _Finder:
    def __init__(self, held: Held) -> None:
        self._held = held

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        change = _CHANGES.get(name)
        spec = PathFinder.find_spec(name, path, target) if change else None
        if spec is not None and change is not None:
            spec.loader = _Loader(spec.loader, change, self._held)  # type: ignore[assignment]
        return spec


def harden(held: Held) -> None:
    """Change what is loaded now, and the rest when it is."""
    for name, change in _CHANGES.items():
        if name in sys.modules:
            change(sys.modules[name], held)
    sys.meta_path.insert(0, _Finder(held))
