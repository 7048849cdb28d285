"""What can be wrong when documents are made, changed and filled."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataflowtools.src.errors.base import RequestRefused


class InvalidContent(RequestRefused):
    """The content cannot be written to a document of that format."""

    code = "invalid_content"


class InvalidEdit(RequestRefused):
    """An operation cannot be applied to this document."""

    code = "invalid_edit"


class EditConflict(RequestRefused):
    """Somebody else has changed the file since the version that the edit is about."""

    code = "edit_conflict"

    def __init__(self, message: str, *, etag: str) -> None:
        super().__init__(message, field="/if_match")
        self.extra: Mapping[str, Any] = {"etag": etag}


class InvalidTemplate(RequestRefused):
    """A template is not written as Jinja asks, uses what it may not, or does not come to an end."""

    code = "template_error"

    def __init__(self, message: str, *, part: str = "", line: int | None = None, near: str = "") -> None:
        super().__init__(message, field="/file_id")
        self.extra: Mapping[str, Any] = {"part": part, "line": line, "near": near}


class _Listed(RequestRefused):
    """A refusal with one fault a place."""

    def __init__(self, message: str, faults: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(message)
        self.extra: Mapping[str, Any] = {"faults": list(faults)}

    @property
    def errors(self) -> Sequence[dict[str, str]]:
        """List all faults at once."""
        return [
            {"pointer": fault["pointer"], "code": self.code, "message": fault["message"]}
            for fault in self.extra["faults"]
        ]


class MissingFields(_Listed):
    """The data lack fields that the template shows."""

    code = "missing_fields"


class InvalidTemplateData(_Listed):
    """The data are of other types than the template needs."""

    code = "invalid_template_data"
