"""The whole HTTP surface on one page: every subject's package lists its own routes in routes.py."""

from dataclasses import dataclass

from dataflowtools.src.driveradapters.data_analysis.routes import AnalysisUses, analysis_routes
from dataflowtools.src.driveradapters.file.batch_routes import BatchUses, batch_routes
from dataflowtools.src.driveradapters.file.converting_routes import ConvertingUses, converting_routes
from dataflowtools.src.driveradapters.file.document_routes import DocumentUses, document_routes
from dataflowtools.src.driveradapters.file.routes import FileUses, file_by_id_routes, file_routes
from dataflowtools.src.driveradapters.file.writing_routes import WritingUses, writing_routes
from dataflowtools.src.driveradapters.ocr.routes import SeeingUses, ocr_routes
from dataflowtools.src.driveradapters.py_pkg.routes import PackageUses, package_routes
from dataflowtools.src.driveradapters.tag.routes import TagUses, tag_routes
from executor.core.engine import ExecutionEngine
from executor.http.routes import execution_routes
from servicekit.http import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """The use cases that the HTTP surface drives, one bundle a subject."""

    files: FileUses
    documents: DocumentUses
    converting: ConvertingUses
    batches: BatchUses
    writing: WritingUses
    seeing: SeeingUses
    tags: TagUses
    analysis: AnalysisUses
    packages: PackageUses


def all_routes(uses: Uses, engine: ExecutionEngine) -> list[Route]:
    """List every route of the service."""
    return [
        *file_routes(uses.files),
        *document_routes(uses.documents),
        *converting_routes(uses.converting),
        *batch_routes(uses.batches, engine),
        *writing_routes(uses.writing),
        *ocr_routes(uses.seeing),
        *tag_routes(uses.tags),
        *analysis_routes(uses.analysis),
        *package_routes(uses.packages),
        *execution_routes(engine),
        *file_by_id_routes(uses.files),  # last: it matches any name below /api/file
    ]
