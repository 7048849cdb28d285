"""Executions of kind `parse`: a stored document, read and rendered."""

from dataflowtools.src.driveradapters.execution.body_handler import BodyHandler, json_outcome, refuse_password
from dataflowtools.src.driveradapters.file.parse_models import ParseRequest
from dataflowtools.src.logics.file.documents.parse_document import ParseDocument
from executor.common.executions import Outcome
from executor.ports.handler import Run


class ParseStored(BodyHandler[ParseRequest]):
    """The request is the JSON body of POST /api/file/parse; the output is its reply."""

    body = ParseRequest

    def __init__(self, parse_document: ParseDocument, *, inline_bytes: int) -> None:
        self._parse_document = parse_document
        self._inline_bytes = inline_bytes

    def check(self, asked: ParseRequest) -> None:
        """Look at the choices; the document is looked at when it is read."""
        refuse_password(asked.password, "/api/file/parse")
        asked.options()

    async def work(self, asked: ParseRequest, run: Run) -> Outcome:
        """Read it, or give what an earlier reading gave; pages that are recognised are told one by one."""
        parsed = await self._parse_document.stored(
            run.context.tenant_id,
            asked.file_id,
            asked.options(),
            on_progress=lambda done, pages: run.progress(
                done / pages, f"{done} of {pages} pages recognised", page=done, pages=pages
            ),
        )
        run.metric("result_bytes", len(parsed.body), "bytes")
        return json_outcome(parsed.body, self._inline_bytes)
