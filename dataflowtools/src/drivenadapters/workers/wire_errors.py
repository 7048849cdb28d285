"""How errors of the service's tree cross from a worker: as code, message, field and extra members."""

from typing import Any

from dataflowtools.src.errors import DataflowError, WorkerCrashed


def describe(error: DataflowError) -> dict[str, Any]:
    """Write an error of the tree as a message."""
    return {
        "type": "error",
        "code": error.code,
        "message": error.message,
        "field": error.field,
        "extra": dict(getattr(error, "extra", {})),
    }


def restore(message: dict[str, Any]) -> DataflowError:
    """Make the error again that a worker described; an unknown code is a crash."""
    kind = _by_code(DataflowError, str(message.get("code")))
    if kind is None:
        return WorkerCrashed("The program that read this input failed.")
    error = kind.__new__(kind)
    field = message.get("field")
    DataflowError.__init__(error, str(message.get("message")), field=None if field is None else str(field))
    extra = message.get("extra")
    if isinstance(extra, dict) and extra:
        error.extra = extra  # type: ignore[attr-defined]  # the kit reads it where an error has one
    return error


def _by_code(kind: type[DataflowError], code: str) -> type[DataflowError] | None:
    if kind.__dict__.get("code") == code:
        return kind
    for child in kind.__subclasses__():
        found = _by_code(child, code)
        if found is not None:
            return found
    return None
