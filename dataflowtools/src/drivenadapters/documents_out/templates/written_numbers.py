"""Numbers that came as texts, as all of a csv do: calculated with as numbers, shown as they were written."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]


class _WrittenInt(int):
    text: str

    def __str__(self) -> str:
        return self.text


class _WrittenFloat(float):
    text: str

    def __str__(self) -> str:
        return self.text


def with_numbers(slots: Sequence[Json], record: Any) -> Any:
    """Make numbers of the texts in those slots that a template calculates with."""
    for slot in slots:
        if slot["type"] == "number":
            record = _at(record, _steps(str(slot["name"])))
    return record


def _steps(name: str) -> list[str]:
    return [step for step in name.replace("[]", ".[]").split(".") if step]


def _at(value: Any, steps: Sequence[str]) -> Any:
    if not steps:
        return _number(value) if isinstance(value, str) else value
    if steps[0] == "[]":
        return [_at(one, steps[1:]) for one in value] if isinstance(value, list) else value
    if isinstance(value, Mapping) and steps[0] in value:
        return {**value, steps[0]: _at(value[steps[0]], steps[1:])}
    return value


def _number(text: str) -> Any:
    for kind in (_WrittenInt, _WrittenFloat):
        try:
            made = kind(text)
        except ValueError:
            continue
        made.text = text
        return made
    return text
