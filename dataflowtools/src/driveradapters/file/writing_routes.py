"""The URLs of making, changing and filling documents."""

from dataclasses import dataclass

from dataflowtools.src.driveradapters.file.edit_handler import EditHandler
from dataflowtools.src.driveradapters.file.template_handlers import (
    TemplateFillHandler,
    TemplateSlotsHandler,
    TemplateValidateHandler,
)
from dataflowtools.src.driveradapters.file.write_handler import WriteHandler
from dataflowtools.src.logics.file.templates.fill_template import FillTemplate
from dataflowtools.src.logics.file.writing.edit_document import EditDocument
from dataflowtools.src.logics.file.writing.write_document import WriteDocument
from servicekit.http import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class WritingUses:
    """The use cases behind making documents."""

    write_document: WriteDocument
    edit_document: EditDocument
    fill_template: FillTemplate


def writing_routes(uses: WritingUses) -> list[Route]:
    """List the routes."""
    templates = {"fill_template": uses.fill_template}
    return [
        Route("/api/file/write", WriteHandler, {"write_document": uses.write_document}),
        Route("/api/file/edit", EditHandler, {"edit_document": uses.edit_document}),
        Route("/api/file/template/slots", TemplateSlotsHandler, templates),
        Route("/api/file/template/validate", TemplateValidateHandler, templates),
        Route("/api/file/template/fill", TemplateFillHandler, templates),
    ]
