"""OpenAPI 3.1 from the same routes and models that answer requests."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from servicekit.operations import Operation, Route
from servicekit.problems import ProblemDocument

Json = dict[str, Any]
_ANSWERS = ("bad_request", "not_found", "internal_error")
_EVENTS = "text/event-stream"
_EVENT: Json = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
}
_BODY = ("invalid_json", "unsupported_media_type", "validation_failed", "body_too_large", "request_timeout")


class Document:
    """One OpenAPI document in the making; `statuses` maps every code to its HTTP status."""

    def __init__(self, routes: Sequence[Route], statuses: Mapping[str, int], *, secured: bool) -> None:
        self._statuses = statuses
        self._secured = secured
        self._routes = [(route, route.operations()) for route in routes]
        declared = [each for _, operations in self._routes for each in operations.values()]
        asked = [model for each in declared for model in (each.body, each.query) if model is not None]
        told = [model for each in declared for model in each.replies.values() if isinstance(model, type)]
        models: list[tuple[Any, Any]] = [(model, "validation") for model in [*asked, ProblemDocument]]
        models += [(model, "serialization") for model in told]
        self._refs, found = models_json_schema(
            list(dict.fromkeys(models)), ref_template="#/components/schemas/{model}"
        )
        self._schemas: Json = found["$defs"]

    def build(self, **info: str) -> Json:
        """The whole document."""
        paths = {
            route.path: {
                method.lower(): self._operation(route, method, each) for method, each in operations.items()
            }
            for route, operations in self._routes
        }
        components: Json = {"schemas": self._schemas}
        if self._secured:
            components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}

    def _operation(self, route: Route, method: str, declared: Operation) -> Json:
        slug = re.sub(r"\W+", "_", route.path.removeprefix("/api")).strip("_")
        found: Json = {
            "operationId": f"{method.lower()}_{slug}",
            "summary": declared.summary,
            "description": declared.description,
            "tags": [declared.tag],
            "parameters": self._parameters(route, declared),
            "responses": self._responses(declared),
        }
        content: Json = {}
        if declared.body is not None:
            content["application/json"] = {"schema": self._ref(declared.body)}
        if declared.form is not None:
            content["multipart/form-data"] = {"schema": {"type": "object", "properties": dict(declared.form)}}
        if content:
            found["requestBody"] = {"required": True, "content": content}
        if self._secured and not declared.public:
            found["security"] = [{"key": []}]
        return found

    def _parameters(self, route: Route, declared: Operation) -> list[Json]:
        text = {"type": "string"}
        found = [
            _parameter("path", name, text, declared.path.get(name, ""), required=True) for name in route.names
        ]
        if declared.query is not None:
            schema = self._schemas[self._ref(declared.query)["$ref"].rpartition("/")[2]]
            needed = schema.get("required", [])
            for name, field in schema["properties"].items():
                found.append(
                    _parameter("query", name, field, field.get("description", ""), required=name in needed)
                )
        return found

    def _responses(self, declared: Operation) -> Json:
        found = {
            str(status): self._reply(model) for status, model in (declared.replies or {204: None}).items()
        }
        if declared.streams:
            found["200"]["content"][_EVENTS] = {"schema": _EVENT}
        codes = [*_ANSWERS, *declared.errors]
        codes += _BODY if declared.body is not None or declared.form is not None else ()
        codes += ["validation_failed"] if declared.query is not None else []
        codes += [] if declared.public else ["unauthenticated", "forbidden"]
        grouped: defaultdict[int, dict[str, None]] = defaultdict(dict)
        for code in codes:
            grouped[self._statuses[code]][code] = None
        schema = {"schema": self._ref(ProblemDocument)}
        for status, names in sorted(grouped.items()):
            about = ", ".join(f"`{name}`" for name in names)
            problem = {"description": about, "content": {"application/problem+json": schema}}
            found.setdefault(str(status), problem)
        return found

    def _reply(self, model: type[BaseModel] | str | None) -> Json:
        if model is None:
            return {"description": "Done."}
        if isinstance(model, str):
            schema: Json = {"type": "string"} if model.startswith("text/") else {}
            schema = _EVENT if model == _EVENTS else schema
            return {"description": "Success.", "content": {model: {"schema": schema}}}
        return {
            "description": "Success.",
            "content": {"application/json": {"schema": self._refs[model, "serialization"]}},
        }

    def _ref(self, model: type[BaseModel]) -> Json:
        return self._refs[model, "validation"]


def _parameter(place: str, name: str, schema: Json, description: str, *, required: bool) -> Json:
    return {"name": name, "in": place, "required": required, "description": description, "schema": schema}
