"""What a run says of itself on its channel, held to the shape in which the runner writes it.

A program that finds its token can write frames of its own. It may then lie about its result; it may not make the
service stumble, and it may not claim endings that only the service decides (a timeout, a limit).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from coderunner.src.common.program import Verdict

_ENDINGS = {one.value: one for one in (Verdict.SUCCESS, Verdict.ERROR, Verdict.POLICY_VIOLATION)}
_MOST_CODE = 255
_MOST_LEVELS = 200  # of nesting; the runner writes 64 levels of a value and little around them
_MOST_MS = 1e9
_TEXT, _TEXTS, _NUMBER, _PLACE = (str,), (list,), (int,), (int, type(None))
_EXCEPTION = {"type": _TEXT, "message": _TEXT, "line": _PLACE, "column": _PLACE, "traceback": _TEXT}
_VIOLATION = {
    **dict.fromkeys(("line", "column", "end_line", "end_column"), _NUMBER),
    **dict.fromkeys(("file", "source", "caret", "what", "why", "instead", "rule", "set_by"), _TEXT),
}
_OUTPUTS: dict[str, dict[str, tuple[type, ...]]] = {
    "display_data": {"output_type": _TEXT, "data": (dict,), "metadata": (dict,)},
    "execute_result": {
        "output_type": _TEXT,
        "execution_count": _NUMBER,
        "data": (dict,),
        "metadata": (dict,),
    },
    "error": {"output_type": _TEXT, "ename": _TEXT, "evalue": _TEXT, "traceback": _TEXTS},
}
_TIMINGS = ("compile_ms", "import_ms", "run_ms")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a program says that it ended."""

    verdict: Verdict
    return_code: int
    value: Any
    value_is_tuple: bool
    value_truncated: bool
    exceptions: tuple[Mapping[str, Any], ...]
    violations: tuple[Mapping[str, Any], ...]
    timing: Mapping[str, float]
    memory_error: bool


def decoded(payload: bytes) -> dict[str, Any]:
    """The message in a frame; ValueError or TypeError for no JSON object, or one nested too deeply for a reply."""
    try:
        message = from_json(payload)  # fast, and it goes no deeper than 200 levels
    except ValueError:
        message = json.loads(payload)  # texts with half a character, which only this one takes
        if _is_deep(message):
            raise
    if not isinstance(message, dict):
        raise TypeError("not an object")
    return message


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MOST_LEVELS):
        level = [item for holder in level for item in _items(holder)]
        if not level:
            return False
    return True


def _items(holder: Any) -> list[Any]:
    if isinstance(holder, dict):
        return list(holder.values())
    return holder if isinstance(holder, list) else []


def output_of(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The nbformat output in an `output` frame; ValueError when it is not one of the runner's."""
    output = message.get("output")
    kind = output.get("output_type") if isinstance(output, dict) else None
    fields = _OUTPUTS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise ValueError("not an output of the runner's")
    found: Mapping[str, Any] = _record(output, fields)
    if not all(isinstance(line, str) for line in found.get("traceback", ())):
        raise ValueError("not a traceback")
    return found


def ending_of(message: Mapping[str, Any]) -> Ending:
    """The ending in an `end` frame; ValueError or TypeError when the runner would not have written it."""
    status, code = message.get("status"), message.get("return_code")
    if not isinstance(status, str) or status not in _ENDINGS:
        raise ValueError("no ending that a program can have")
    if type(code) is not int or not 0 <= code <= _MOST_CODE:
        raise ValueError("no exit code")
    return Ending(
        verdict=_ENDINGS[status],
        return_code=code,
        value=message.get("value"),
        value_is_tuple=message.get("value_is_tuple") is True,
        value_truncated=message.get("value_truncated") is True,
        exceptions=_records(message.get("exceptions"), _EXCEPTION),
        violations=_records(message.get("violations"), _VIOLATION),
        timing=_timing(message.get("timing")),
        memory_error=message.get("memory_error") is True,
    )


def _records(found: Any, fields: Mapping[str, tuple[type, ...]]) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(found, list):
        raise TypeError("not a list")
    return tuple(_record(one, fields) for one in found)


def _record(found: Any, fields: Mapping[str, tuple[type, ...]]) -> Mapping[str, Any]:
    if not isinstance(found, dict) or found.keys() != fields.keys():
        raise ValueError("not these fields")
    if not all(isinstance(found[name], kinds) for name, kinds in fields.items()):
        raise ValueError("fields of another kind")
    return found


def _timing(found: Any) -> Mapping[str, float]:
    """Times of the parts; a program may have changed the clocks, so what cannot be is none."""
    if not isinstance(found, dict):
        raise TypeError("not the three times")
    times = {name: found.get(name) for name in _TIMINGS}
    return {
        name: float(ms) if isinstance(ms, int | float) and 0 <= ms <= _MOST_MS else 0.0
        for name, ms in times.items()
    }
