"""`str.format` without its attribute walk: plain templates run natively, others through the guard."""

from __future__ import annotations

import string
from _string import formatter_field_name_split, formatter_parser  # type: ignore[import-not-found]
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

Getattr = Callable[[Any, str], Any]
_MAX_NESTING = 2


class _GuardedFormatter(string.Formatter):
    """Formats once; counts `{}`, `{.name}` and `{[0]}` as `str.format` does."""

    def __init__(self, read: Getattr) -> None:
        self._read = read
        self._counted = 0
        self._named = False

    def parse(self, format_string: Any) -> Any:
        for literal, field, spec, conversion in formatter_parser(format_string):
            yield literal, field if field is None else self._numbered(field), spec, conversion

    def _numbered(self, field: str) -> str:
        if field[:1] not in ("", ".", "["):
            self._named |= field[:1].isdigit()
            if self._named and self._counted:
                raise ValueError("cannot switch from automatic field numbering to manual field specification")
            return field
        if self._named:
            raise ValueError("cannot switch from manual field specification to automatic field numbering")
        self._counted += 1
        return f"{self._counted - 1}{field}"

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
        first, rest = formatter_field_name_split(field_name)
        value = self.get_value(first, args, kwargs)
        for is_attribute, key in rest:
            value = self._read(value, key) if is_attribute else value[key]
        return value, first


@lru_cache(maxsize=512)
def _is_plain(template: str, nesting: int = 0) -> bool:
    for _, field, spec, _ in formatter_parser(template):
        if field and ("." in field or "[" in field):
            return False
        if spec and "{" in spec and (nesting >= _MAX_NESTING or not _is_plain(spec, nesting + 1)):
            return False
    return True


def format_text(read: Getattr, template: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Format like `str.format`; attributes in the template are read through the guard."""
    template = str.__str__(template)
    if _is_plain(template):
        return str.format(template, *args, **kwargs)
    return _GuardedFormatter(read).vformat(template, args, kwargs)


def format_text_map(read: Getattr, template: str, mapping: Mapping[str, Any]) -> str:
    """Format like `str.format_map`."""
    template = str.__str__(template)
    if _is_plain(template):
        return str.format_map(template, mapping)
    return _GuardedFormatter(read).vformat(template, (), mapping)
