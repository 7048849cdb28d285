"""Source files that arrive as multipart/form-data, with the other fields of their form."""

from dataclasses import replace
from typing import TypeVar

from pydantic import Field, Json, TypeAdapter, ValidationError
from tornado.httputil import HTTPFile, HTTPInputError, parse_multipart_form_data

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.code.wire import (
    MAX_FILES,
    EnvironmentId,
    ModuleName,
    ToolId,
)
from coderunner.src.driveradapters.runner.wire import FilePath, SecuritySettingsBody
from coderunner.src.logics.code.code_rules import SourceFile
from servicekit.http import ApiHandler, Body, Problem, parse_query

Form = TypeVar("Form", bound=Body)
_PATH: TypeAdapter[str] = TypeAdapter(FilePath)


class DependenciesForm(Body):
    """What a form may say beside its files."""

    environment_id: EnvironmentId | None = None


class ParseForm(DependenciesForm):
    """The same when a module is parsed."""

    module_name: ModuleName | None = None
    include_ast: bool = False
    tool_id: ToolId | None = None


class ValidateForm(DependenciesForm):
    """The same when a program is validated; the settings are JSON text."""

    security_level: SecurityLevel | None = None
    security_settings: Json[SecuritySettingsBody] = Field(default_factory=SecuritySettingsBody)


class UploadingHandler(ApiHandler):
    """Takes JSON, or files as a form sends them."""

    @property
    def is_upload(self) -> bool:
        """Whether the request is a form."""
        return self.request.headers.get("Content-Type", "").lower().startswith("multipart/form-data")

    def form(self) -> tuple[dict[str, list[bytes]], dict[str, list[HTTPFile]]] | None:
        """Fields and files of a multipart request; None when the request is no form."""
        if not self.is_upload:
            return None
        parts = (part.strip() for part in self.request.headers.get("Content-Type", "").split(";"))
        found = (part.partition("=")[2] for part in parts if part.lower().startswith("boundary="))
        fields: dict[str, list[bytes]] = {}
        files: dict[str, list[HTTPFile]] = {}
        try:
            parse_multipart_form_data(next(found, "").encode(), bytes(self._body), fields, files)
        except HTTPInputError as error:
            raise Problem(400, "bad_request", f"the form cannot be read: {error}") from None
        return fields, files

    def parse_form(self, model: type[Form]) -> tuple[Form, list[SourceFile]]:
        """The fields and the files of a form; several files keep the folders that their names tell."""
        fields, files = self.form() or ({}, {})
        found = [upload for field in files.values() for upload in field]
        if not found or len(found) > MAX_FILES:
            raise Problem(422, "validation_failed", f"an upload needs 1 to {MAX_FILES} files")
        sources = [
            SourceFile(_path_of(upload, index), upload.body, f"/{index}")
            for index, upload in enumerate(found)
        ]
        if len(sources) == 1:
            sources = [replace(sources[0], name=sources[0].name.rpartition("/")[2])]
        return parse_query(fields, model), sources


def _path_of(upload: HTTPFile, index: int) -> str:
    try:
        return _PATH.validate_python(upload.filename.removeprefix("./") or "main")
    except ValidationError as error:
        message = error.errors(include_url=False, include_input=False)[0]["msg"]
        fault = {"pointer": f"/{index}", "code": "file_name", "message": message}
        raise Problem(
            422, "validation_failed", f"the name of file {index} {message}", errors=[fault]
        ) from None
