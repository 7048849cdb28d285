"""The steps that workers do with LibreOffice, pandoc and the pictures' libraries."""

import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from dataflowtools.src.drivenadapters.converting.held_documents import HeldDocuments
from dataflowtools.src.drivenadapters.converting.installed import Installed
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.logics.file.converting.graph import Hop
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.converting.ports.converter import Converted, Converter, DocumentInspector
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument

_FILTERS: Mapping[str, Mapping[str, str]] = {
    "writer": {
        "pdf": "writer_pdf_Export", "docx": "MS Word 2007 XML", "doc": "MS Word 97", "odt": "writer8",
        "rtf": "Rich Text Format",
    },
    "calc": {
        "pdf": "calc_pdf_Export", "xlsx": "Calc MS Excel 2007 XML", "xls": "MS Excel 97", "ods": "calc8",
    },
    "impress": {
        "pdf": "impress_pdf_Export", "pptx": "Impress MS PowerPoint 2007 XML", "ppt": "MS PowerPoint 97",
        "odp": "impress8",
    },
}  # fmt: skip
_SOURCES: Mapping[str, Sequence[str]] = {
    "writer": ("docx", "doc", "odt", "fodt", "rtf"),
    "calc": ("xlsx", "xls", "xlsb", "ods", "fods"),
    "impress": ("pptx", "ppt", "odp", "fodp"),
}
_PANDOC_SOURCES = ("md", "html", "rst", "tex", "docx", "odt", "epub", "ipynb")
_PANDOC_TARGETS = ("docx", "odt", "epub", "html", "md", "rst", "tex", "pptx")
_PICTURES = ("png", "jpeg", "webp", "tiff", "bmp", "gif", "heic", "avif")
_DRAWN = ("png", "jpeg", "webp", "tiff")
_LESS = {
    "doc": ("newer_features",),
    "rtf": ("newer_features",),
    "xls": ("newer_features", "rows_beyond_65536"),
}
_OLD_COST = 1.2  # so that nothing passes through an old format where it need not
_PDF_A_2 = 2
_OF_PDF: Mapping[str, frozenset[str]] = {
    "writer": frozenset({"pages", "pdf_a"}), "impress": frozenset({"pages", "pdf_a"}),
    "calc": frozenset({"pages", "pdf_a", "one_page_sheets"}),
}  # fmt: skip
# A table that ends a Word file is lost on the direct way to doc, and kept by way of odt.
_DETOURS = {("docx", "doc"): 2.5}


class WorkerSteps:
    """Runs one job with a document going in and one coming out."""

    def __init__(
        self, workers: LimitedWorkers, held: HeldDocuments, *, timeout_s: float, memory_bytes: int
    ) -> None:
        self._workers = workers
        self._held = held
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes

    @asynccontextmanager
    async def run(
        self, job: str, source: TakenDocument, arguments: Mapping[str, Any]
    ) -> AsyncIterator[tuple[dict[str, Any], TakenDocument]]:
        """Give what the job returned and the document that it wrote."""
        async with self._held.room() as output:
            descriptor = os.dup(source.handle.fileno())
            try:
                result = await self._workers.run(
                    job, arguments, files=[descriptor, output.fileno()],
                    timeout_s=self._timeout_s, memory_bytes=self._memory_bytes,
                )  # fmt: skip
            finally:
                os.close(descriptor)
            yield result.value, await self._held.written(output)


class WorkerInspector(DocumentInspector):
    """Looks in a worker."""

    def __init__(self, steps: WorkerSteps) -> None:
        self._steps = steps

    @asynccontextmanager
    async def inspect(
        self, document: TakenDocument, name: str, password: str | None
    ) -> AsyncIterator[Converted]:
        """Give the document itself, or what its password opened."""
        arguments = {"name": name, "password": password}
        async with self._steps.run("documents.inspect", document, arguments) as (found, opened):
            plain = opened if found["opened"] else document
            yield Converted(document=plain, format=found["format"], warnings=found["warnings"])


class LibreOfficeConverter(Converter):
    """Office documents among themselves and to PDF."""

    def __init__(self, steps: WorkerSteps, installed: Installed) -> None:
        self._steps = steps
        self._installed = installed

    def hops(self) -> Sequence[Hop]:
        """List the pairs of each part."""
        return list(self._hops())

    def _hops(self) -> Iterator[Hop]:
        for part, sources in _SOURCES.items():
            missing = self._installed.missing_part(part)
            for source in sources:
                for target in _FILTERS[part]:
                    if source != target:
                        yield Hop(
                            source=source, target=target, converter="libreoffice",
                            cost=_DETOURS.get((source, target), _OLD_COST if target in _LESS else 1.0),
                            losses=_LESS.get(target, ()), missing=missing,
                            knows=_OF_PDF[part] if target == "pdf" else frozenset(),
                        )  # fmt: skip

    @asynccontextmanager
    async def convert(
        self, tenant: str, hop: Hop, source: TakenDocument, options: ConvertOptions
    ) -> AsyncIterator[Converted]:
        """Have it opened and stored."""
        del tenant
        part = next(part for part, sources in _SOURCES.items() if hop.source in sources)
        arguments = {
            "source": hop.source, "target": hop.target, "filter": _FILTERS[part][hop.target],
            "options": _pdf_options(options) if hop.target == "pdf" else "",
        }  # fmt: skip
        async with self._steps.run("libreoffice.convert", source, arguments) as (_, made):
            yield Converted(document=made, format=hop.target)


class PandocConverter(Converter):
    """Texts with a structure among themselves; tidy rather than true to the page."""

    def __init__(self, steps: WorkerSteps, installed: Installed) -> None:
        self._steps = steps
        self._missing = installed.missing_pandoc

    def hops(self) -> Sequence[Hop]:
        """List the pairs."""
        return [
            Hop(
                source=source, target=target, converter="pandoc", cost=_pandoc_cost(source, target),
                losses=_pandoc_losses(source, target), missing=self._missing, last=target == "pptx",
            )
            for source in _PANDOC_SOURCES
            for target in _PANDOC_TARGETS
            if source != target
        ]  # fmt: skip

    @asynccontextmanager
    async def convert(
        self, tenant: str, hop: Hop, source: TakenDocument, options: ConvertOptions
    ) -> AsyncIterator[Converted]:
        """Read, look, write."""
        del tenant
        arguments = {"source": hop.source, "target": hop.target, "encoding": options.encoding}
        async with self._steps.run("pandoc.convert", source, arguments) as (found, made):
            yield Converted(document=made, format=hop.target, warnings=found["warnings"])


class PictureConverter(Converter):
    """Pictures among themselves and to PDF, and the pages of a PDF as pictures."""

    def __init__(self, steps: WorkerSteps, *, max_pixels: int) -> None:
        self._steps = steps
        self._max_pixels = max_pixels

    def hops(self) -> Sequence[Hop]:
        """List the pairs."""
        among = [
            Hop(source=source, target=target, converter="pictures", losses=_picture_losses(target))
            for source in _PICTURES
            for target in (*_DRAWN, "pdf")
            if source != target
        ]
        drawn = [
            Hop(
                source="pdf", target=target, converter="pages", cost=1.5, losses=("text",), knows=frozenset({"pages"})
            )
            for target in _DRAWN
        ]  # fmt: skip
        return [*among, *drawn]

    @asynccontextmanager
    async def convert(
        self, tenant: str, hop: Hop, source: TakenDocument, options: ConvertOptions
    ) -> AsyncIterator[Converted]:
        """Decode and encode, or draw."""
        del tenant
        job = "pictures.draw_pages" if hop.source == "pdf" else "pictures.convert"
        arguments = {
            "target": hop.target, "max_pixels": self._max_pixels, "quality": options.quality, "dpi": options.dpi,
            "pages": options.pages, "password": options.password,
        }  # fmt: skip
        async with self._steps.run(job, source, arguments) as (found, made):
            became = found.get("became", hop.target)
            yield Converted(document=made, format=became, warnings=found["warnings"])


def _pdf_options(options: ConvertOptions) -> str:
    chosen: dict[str, dict[str, str]] = {}
    if options.pages:
        chosen["PageRange"] = {"type": "string", "value": options.pages}
    if options.pdf_a:
        chosen["SelectPdfVersion"] = {"type": "long", "value": str(_PDF_A_2)}
    if options.one_page_sheets:
        chosen["SinglePageSheets"] = {"type": "boolean", "value": "true"}
    return json.dumps(chosen) if chosen else ""


def _pandoc_cost(source: str, target: str) -> float:
    """Office documents pass LibreOffice where both know them; Markdown is written by the reader of documents."""
    if source in ("docx", "odt") and target in ("docx", "odt"):
        return 3.0
    return 2.5 if target == "md" and source in ("docx", "odt", "html") else 1.2


def _pandoc_losses(source: str, target: str) -> tuple[str, ...]:
    losses = ["layout"] if source in ("docx", "odt", "html", "epub", "tex") else []
    if target in ("md", "rst", "tex"):
        losses.append("pictures")
    return tuple(losses)


def _picture_losses(target: str) -> tuple[str, ...]:
    losses = ["transparency"]
    if target in ("jpeg", "webp"):
        losses.append("detail")
    return (*losses, "other_frames") if target not in ("tiff", "pdf") else tuple(losses)
