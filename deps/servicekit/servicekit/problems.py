"""Errors as RFC 9457 problems: what a caller is told, looked up in a service's own error table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

KIT_CODES: Mapping[str, tuple[int, str]] = {
    "bad_request": (400, "The request is not understood"),
    "invalid_json": (400, "The body is not a valid JSON object"),
    "invalid_cursor": (400, "The cursor is not one that this service gave out"),
    "unauthenticated": (401, "A valid API key is needed, as Authorization: Bearer"),
    "forbidden": (403, "The request is not allowed"),
    "not_found": (404, "Nothing is found at this address"),
    "method_not_allowed": (405, "This address does not know that method"),
    "request_timeout": (408, "The request took too long to arrive"),
    "body_too_large": (413, "The body is too large"),
    "unsupported_media_type": (415, "The body is of a kind that is not understood here"),
    "validation_failed": (422, "The request is not valid"),
    "internal_error": (500, "The service met an error it did not expect; the request id finds it in the log"),
}
_CODE_OF = {status: code for code, (status, _) in reversed(list(KIT_CODES.items()))}


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """How one error class of a service is told over HTTP."""

    status: int
    title: str
    retry_after_s: float | None = None


ErrorTable = Mapping[type[Exception], ErrorEntry]


class Fault(BaseModel):
    """What is wrong at one place of the request."""

    pointer: str = Field(description="RFC 6901, into the body or the query.")
    code: str
    message: str


class ProblemDocument(BaseModel):
    """RFC 9457, with a stable code for programs."""

    model_config = ConfigDict(extra="allow", title="Problem")
    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    code: str = Field(description="Stable; programs may rely on it.")
    request_id: str
    trace_id: str
    errors: list[Fault] = []


class Problem(Exception):
    """A fault of the request that only the HTTP edge can see."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        title: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.title = title or KIT_CODES.get(code, (status, detail))[1]
        self.errors, self.extra, self.headers = list(errors), dict(extra or {}), dict(headers or {})

    def document(self, **context: str) -> dict[str, Any]:
        """The problem's members; what an error adds never replaces the standard ones."""
        about = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        faults = {"errors": self.errors} if self.errors else {}
        return {**self.extra, **about, "code": self.code, **context, **faults}


def kit_problem(code: str, detail: str | None = None, errors: Sequence[Mapping[str, Any]] = ()) -> Problem:
    """One of the kit's own faults, with its fixed status."""
    status, title = KIT_CODES[code]
    return Problem(status, code, detail or f"{title}.", errors=errors)


def problem_of(error: BaseException | None, table: ErrorTable, status: int = 500) -> Problem:
    """What to tell the caller about any exception; of an unknown one only that it happened."""
    if isinstance(error, Problem):
        return error
    entry = next((table[kind] for kind in type(error).__mro__ if kind in table), None)
    if error is None or entry is None:
        status = error.status_code if isinstance(error, HTTPError) else status
        known = _CODE_OF.get(status, "bad_request" if status < 500 else "internal_error")  # noqa: PLR2004
        return Problem(status, known, KIT_CODES[known][1] + ".")
    wait_s = getattr(error, "retry_after_s", None) or entry.retry_after_s
    return Problem(
        entry.status,
        getattr(error, "code", "error"),
        str(error) or entry.title,
        title=entry.title,
        errors=getattr(error, "errors", None) or (),
        extra=getattr(error, "extra", None),
        headers={"Retry-After": str(max(1, math.ceil(wait_s)))} if wait_s is not None else None,
    )


def is_expected(error: BaseException | None, table: ErrorTable) -> bool:
    """True when the log needs no stack: the caller's fault, a listed error, or a client that left."""
    return isinstance(error, (Problem, HTTPError, StreamClosedError, *table))
