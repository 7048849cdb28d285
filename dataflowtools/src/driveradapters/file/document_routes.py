"""The URLs of reading documents."""

from dataclasses import dataclass

from dataflowtools.src.driveradapters.file.parse_handler import ParseHandler
from dataflowtools.src.logics.file.documents.parse_document import ParseDocument
from servicekit.http import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentUses:
    """The use cases behind the reading of documents."""

    parse_document: ParseDocument
    max_body_bytes: int


def document_routes(uses: DocumentUses) -> list[Route]:
    """List the routes."""
    given = {"parse_document": uses.parse_document, "max_body_bytes": uses.max_body_bytes}
    return [Route("/api/file/parse", ParseHandler, given)]
