"""The handlers there are; register more here."""

from dataflowtools.src.drivenadapters.documents.columnar_handler import ColumnarHandler
from dataflowtools.src.drivenadapters.documents.csv_handler import CsvHandler
from dataflowtools.src.drivenadapters.documents.doc_handler import DocHandler
from dataflowtools.src.drivenadapters.documents.docx_handler import DocxHandler
from dataflowtools.src.drivenadapters.documents.image_handler import ImageHandler
from dataflowtools.src.drivenadapters.documents.mail_handler import MailHandler
from dataflowtools.src.drivenadapters.documents.markdown_handler import MarkdownHandler
from dataflowtools.src.drivenadapters.documents.odt_handler import OdtHandler
from dataflowtools.src.drivenadapters.documents.pdf_handler import PdfHandler
from dataflowtools.src.drivenadapters.documents.presentation_handler import PresentationHandler
from dataflowtools.src.drivenadapters.documents.rtf_handler import RtfHandler
from dataflowtools.src.drivenadapters.documents.text_handlers import (
    HtmlHandler,
    JsonHandler,
    TextHandler,
    XmlHandler,
)
from dataflowtools.src.drivenadapters.documents.workbook_handler import WorkbookHandler
from dataflowtools.src.logics.file.documents.handler import HandlerFactory

# These need other programs, which the usual workers may not start.
BY_PROGRAMS = frozenset({"doc", "ppt", "odp"})


def make_factory() -> HandlerFactory:
    """Make the factory with every handler registered."""
    return HandlerFactory(
        (
            ColumnarHandler(),
            CsvHandler(),
            DocHandler(),
            DocxHandler(),
            HtmlHandler(),
            ImageHandler(),
            JsonHandler(),
            MailHandler(),
            MarkdownHandler(),
            OdtHandler(),
            PdfHandler(),
            PresentationHandler(),
            RtfHandler(),
            TextHandler(),
            WorkbookHandler(),
            XmlHandler(),
        )
    )
