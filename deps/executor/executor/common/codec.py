"""Requests as the JSON text that a row holds."""

import json
from typing import Any

from pydantic import TypeAdapter

from executor.common.requests import ExecutionRequest

_REQUESTS: TypeAdapter[ExecutionRequest] = TypeAdapter(ExecutionRequest)


def encode_request(request: ExecutionRequest) -> str:
    return _REQUESTS.dump_json(request).decode()


def decode_request(text: str) -> ExecutionRequest:
    return _REQUESTS.validate_json(text)


def encode_json(value: Any) -> str:
    """Compact JSON; NaN and infinities are refused because no other reader takes them."""
    return clean_text(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def clean_text(text: str) -> str:
    """Text that any database takes: half a surrogate pair, which programs do print, becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def decode_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)
