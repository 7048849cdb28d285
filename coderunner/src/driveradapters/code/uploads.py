"""Source files that arrive as multipart/form-data."""

from tornado.httputil import HTTPFile, HTTPInputError, parse_multipart_form_data

from coderunner.src.driveradapters.code.wire import MAX_FILES
from coderunner.src.logics.code.code_rules import SourceFile
from servicekit.http import ApiHandler, Problem


class UploadingHandler(ApiHandler):
    """Takes JSON, or files as a form sends them."""

    def form(self) -> tuple[dict[str, list[bytes]], dict[str, list[HTTPFile]]] | None:
        """Fields and files of a multipart request; None when the request is no form."""
        media_type = self.request.headers.get("Content-Type", "")
        if not media_type.lower().startswith("multipart/form-data"):
            return None
        boundary = next(
            (
                part.partition("=")[2]
                for part in media_type.split(";")
                if part.strip().lower().startswith("boundary=")
            ),
            "",
        )
        fields: dict[str, list[bytes]] = {}
        files: dict[str, list[HTTPFile]] = {}
        try:
            parse_multipart_form_data(boundary.encode(), bytes(self._body), fields, files)
        except HTTPInputError as error:
            raise Problem(400, "bad_request", f"the form cannot be read: {error}") from None
        return fields, files

    def uploads(self) -> list[HTTPFile] | None:
        """The files of a multipart request; None when the request is no upload."""
        form = self.form()
        if form is None:
            return None
        found = [upload for field in form[1].values() for upload in field]
        if not found or len(found) > MAX_FILES:
            raise Problem(422, "validation_failed", f"an upload needs 1 to {MAX_FILES} files")
        return found

    def uploaded_sources(self) -> list[SourceFile] | None:
        """The same as source texts."""
        uploads = self.uploads()
        if uploads is None:
            return None
        return [
            SourceFile(upload.filename.rpartition("/")[2] or "main", upload.body, f"/{index}")
            for index, upload in enumerate(uploads)
        ]
