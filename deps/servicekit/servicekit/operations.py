"""What a verb declares about itself: the OpenAPI document and the scope check both read it."""

import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from tornado.web import RequestHandler

Verb = Callable[..., Awaitable[None]]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb of one route, as callers see it."""

    summary: str
    tag: str
    description: str = ""
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    form: Mapping[str, Mapping[str, Any]] | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    replies: Mapping[int, type[BaseModel] | str | None] = field(default_factory=dict)
    streams: bool = False  # a 200 may come as server-sent events too
    errors: tuple[str, ...] = ()
    scope: str | None = None
    public: bool = False


def operation(**facts: Any) -> Callable[[Verb], Verb]:
    """Declare a verb; the keywords are those of `Operation`."""
    declared = Operation(**facts)

    def mark(verb: Verb) -> Verb:
        @functools.wraps(verb)
        async def run(self: Any, **path: str) -> None:
            await self.run_verb(verb, path)

        run.operation = declared  # type: ignore[attr-defined]
        return run

    return mark


def operation_of(handler: type[RequestHandler], method: str) -> Operation | None:
    """What a handler declares for a method; HEAD is GET without the body."""
    name = "get" if method == "HEAD" else method.lower()
    return getattr(getattr(handler, name, None), "operation", None)


@dataclass(frozen=True, slots=True)
class Route:
    """One address: `{names}` in the path reach the verb by name, collaborators reach `initialize`."""

    path: str
    handler: type[RequestHandler]
    collaborators: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pattern(self) -> str:
        return re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path)) + "$"

    @property
    def names(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    def operations(self) -> dict[str, Operation]:
        """The declared verbs by method."""
        found = {method: operation_of(self.handler, method) for method in METHODS if method != "HEAD"}
        return {method: declared for method, declared in found.items() if declared is not None}
