"""Bytes to validated models: strict JSON, query strings, cursors; every fault names its field."""

import base64
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Never, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticSerializationError, to_json, to_jsonable_python

from servicekit.problems import Problem, kit_problem

Model = TypeVar("Model", bound=BaseModel)
MAX_FAULTS = 50
MAX_NAME = 200


class Body(BaseModel):
    """What a request says: frozen, of the very types it declares, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def parse_json(raw: bytes, model: type[Model]) -> Model:
    """The body as a model; 400 when it is no JSON object, 422 when the object is not the model's."""
    body = _load(raw)
    if not isinstance(body, dict):
        raise kit_problem("invalid_json", "The body must be a JSON object.")
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise _invalid(error, body) from None


def parse_query(pairs: Mapping[str, list[bytes]], model: type[Model]) -> Model:
    """A query string as a model: text becomes numbers and flags, a repeated name becomes a list."""
    values: dict[str, Any] = {}
    lists = {
        field.alias or name for name, field in model.model_fields.items() if takes_many(field.annotation)
    }
    for name, found in pairs.items():
        if name not in lists and len(found) > 1:
            raise kit_problem("validation_failed", errors=[_twice(name)])
        values[name] = [_text(value) for value in found] if name in lists else _text(found[0])
    try:
        return model.model_validate(values, strict=False)
    except ValidationError as error:
        raise _invalid(error, values) from None


def encode_json(value: Any) -> bytes:
    """JSON of models, mappings and dataclasses; NaN becomes null, half a surrogate pair a question mark."""
    try:
        return to_json(value, by_alias=True, inf_nan_mode="null")
    except PydanticSerializationError:
        plain = to_jsonable_python(value, by_alias=True, inf_nan_mode="null")
        return json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace")


def encode_cursor(position: Mapping[str, Any]) -> str:
    """An opaque page cursor; it hides nothing and authorises nothing."""
    text = json.dumps(dict(position), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> dict[str, Any]:
    """What `encode_cursor` was given; anything else is a 400."""
    try:
        padded = (cursor + "=" * (-len(cursor) % 4)).encode("ascii")
        value = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise kit_problem("invalid_cursor")
    return value


def takes_many(annotation: Any) -> bool:
    """Whether a field holds several values."""
    options = (annotation, *get_args(annotation))
    return any(get_origin(option) in (list, tuple, set, frozenset) for option in options)


def _invalid(error: ValidationError, body: object) -> Problem:
    """Pydantic's findings without the input, which may be secret or huge."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MAX_FAULTS]
    if found[0]["type"] == "json_invalid":
        return kit_problem("invalid_json", "The body is not valid JSON, or is nested too deeply.")
    faults = [_fault(_place(body, item), item["type"], item["msg"][:500]) for item in found]
    names = ", ".join(fault["pointer"] or "/" for fault in faults[:5])[: 2 * MAX_NAME]
    return kit_problem("validation_failed", f"Not valid: {names}", faults)


def _place(body: object, found: ErrorDetails) -> tuple[int | str, ...]:
    """Where in the body it is: of several types that a value may have, pydantic also names the one that it tried."""
    parts: list[int | str] = []
    for part in found["loc"]:
        if isinstance(body, dict) and part in body:
            body = body[part]
        elif isinstance(body, list) and part in range(len(body)):
            body = body[int(part)]
        else:
            continue
        parts.append(part)
    if found["type"] == "missing":
        parts.append(found["loc"][-1])
    return tuple(parts)


def _fault(location: tuple[int | str, ...], code: str, message: str) -> dict[str, str]:
    parts = (str(part)[:MAX_NAME].replace("~", "~0").replace("/", "~1") for part in location)
    return {"pointer": "".join(f"/{part}" for part in parts), "code": code, "message": message}


def _twice(name: str) -> dict[str, str]:
    return _fault((name,), "repeated", "Given more than once")


def _load(raw: bytes) -> object:
    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError:
        detail = "The body is not UTF-8."
    except json.JSONDecodeError as error:
        detail = f"The body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
    except (RecursionError, ValueError):
        detail = "The body is nested too deeply, or holds a number that is too long."
    raise kit_problem("invalid_json", detail)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        fault = _twice(name.encode("utf-8", "replace").decode())
        raise kit_problem("invalid_json", "An object names the same key twice.", [fault])
    return found


def _no_constant(name: str) -> Never:
    raise kit_problem("invalid_json", f"{name} is not JSON.")


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise kit_problem("bad_request", "The query string is not UTF-8.") from None
