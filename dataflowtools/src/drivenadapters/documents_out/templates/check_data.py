"""Data held against the slots of a template: everything that is missing or of the wrong kind, at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MAX_FAULTS = 1000
Json = Mapping[str, Any]


def faults_of(slots: Sequence[Json], records: Sequence[Any], *, single: bool) -> list[dict[str, Any]]:
    """List faults as {record, field, code, message, pointer}, in the records' order."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for number, record in enumerate(records):
        base = "/data" if single else f"/records/{number}"
        for slot in slots:
            for place, code, message in _faults(slot, record):
                found.setdefault((number, place), fault(number, place, code, message, base))
            if len(found) >= MAX_FAULTS:
                return list(found.values())[:MAX_FAULTS]
    return list(found.values())


def fault(record: int, place: str, code: str, message: str, base: str) -> dict[str, Any]:
    """Describe one fault."""
    steps = place.replace("[", ".").replace("]", "").split(".")
    return {
        "record": record, "field": place, "code": code, "message": message, "pointer": "/".join([base, *steps]),
    }  # fmt: skip


def unknown_fields(slots: Sequence[Json], records: Sequence[Any]) -> list[str]:
    """List the fields of records that no slot uses."""
    used = {str(slot["name"]).partition(".")[0].partition("[")[0] for slot in slots}
    given = {str(name): None for record in records[:1000] if isinstance(record, Mapping) for name in record}
    return [name for name in given if name not in used][:100]


def _faults(slot: Json, record: Any) -> Iterator[tuple[str, str, str]]:
    for place, value, there in _resolve(record, str(slot["name"])):
        if not there:
            if slot["required"]:
                yield place, "missing_field", f"The field {place} is missing."
        elif (wrong := _mismatch(str(slot["type"]), value)) is not None:
            yield place, "wrong_type", f"The field {place} must be {wrong}."


def _resolve(record: Any, name: str) -> Iterator[tuple[str, Any, bool]]:
    """Yield every place that a slot's name stands for: (place, value, whether it is there)."""
    head, bracket, rest = name.partition("[]")
    steps = head.strip(".").split(".")
    value, done = record, []
    for step in steps:
        done.append(step)
        if not isinstance(value, Mapping) or step not in value:
            yield ".".join(steps) if not bracket else ".".join(done), None, False
            return
        value = value[step]
    place = ".".join(steps)
    if not bracket:
        yield place, value, True
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if not rest:
                yield f"{place}[{number}]", item, True
                continue
            for inner, found, there in _resolve(item, rest.removeprefix(".")):
                yield f"{place}[{number}].{inner}", found, there


def _mismatch(kind: str, value: Any) -> str | None:
    match kind:
        case "list" if not isinstance(value, (list, Mapping, str)):
            return "a list"
        case "number" if isinstance(value, bool) or not (
            isinstance(value, (int, float)) or _is_number(value)
        ):
            return "a number"
        case "text" if value and isinstance(value, (Mapping, list)) and not _is_drawn(value):
            return "a text, not a list" if isinstance(value, list) else "a text, not an object"
        case _:
            return None


def _is_drawn(value: Mapping[str, Any] | list[Any]) -> bool:
    """Tell blocks, which Word templates draw, from other lists and objects."""
    blocks = value if isinstance(value, list) else [value]
    return all(isinstance(one, Mapping) and isinstance(one.get("type"), str) for one in blocks)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
