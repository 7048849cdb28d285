"""Seeing: the engines, the pages and the use cases."""

import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.ocr.external_text_engine import ExternalTextEngine
from dataflowtools.src.drivenadapters.ocr.held_files import HeldFiles
from dataflowtools.src.drivenadapters.ocr.page_text_recogniser import PageTextRecogniser
from dataflowtools.src.drivenadapters.ocr.rapid_text_engine import RapidOrientationFinder, RapidTextEngine
from dataflowtools.src.drivenadapters.ocr.tesseract_text_engine import (
    TesseractOrientationFinder,
    TesseractTextEngine,
)
from dataflowtools.src.drivenadapters.ocr.worker_codes import WorkerCodeReader, WorkerCodeWriter
from dataflowtools.src.drivenadapters.ocr.worker_page_editor import WorkerPageEditor
from dataflowtools.src.drivenadapters.ocr.worker_page_source import PictureLimits, WorkerPageSource
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.driveradapters.ocr.routes import SeeingUses
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore
from dataflowtools.src.logics.ocr.circuit_breaker import CircuitBreaker
from dataflowtools.src.logics.ocr.draw_code import DrawCode
from dataflowtools.src.logics.ocr.extract_text import ExtractText
from dataflowtools.src.logics.ocr.find_orientation import FindOrientation
from dataflowtools.src.logics.ocr.options import SeeingLimits
from dataflowtools.src.logics.ocr.read_codes import ReadCodes
from dataflowtools.src.logics.ocr.read_page import ReadPage
from dataflowtools.src.logics.ocr.redact_page import RedactPage
from dataflowtools.src.logics.ocr.route_engines import RouteEngines
from servicekit.health import Health

_FORM_ROOM_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeing:
    """What sees, for HTTP and for the reading of documents."""

    uses: SeeingUses
    recogniser: PageTextRecogniser


def open_seeing(
    settings: Settings,
    resources: AsyncExitStack,
    health: Health,
    *,
    workers: LimitedWorkers,
    store: FileStore,
    catalogue: FileCatalogue,
) -> Seeing:
    """Build the use cases of seeing."""
    held = HeldFiles(settings.data_dir / "held", max_bytes=settings.ocr_max_bytes)
    picture_limits = PictureLimits(max_pixels=settings.ocr_max_pixels, max_frames=settings.ocr_max_pages)
    source = WorkerPageSource(workers, held, picture_limits)
    editor = WorkerPageEditor(workers)
    limits = SeeingLimits(pages=settings.ocr_max_pages)
    tesseract = TesseractTextEngine(workers, timeout_s=settings.ocr_timeout_s)
    read_page = ReadPage(
        source=source, editor=editor,
        orientation=FindOrientation(
            by_letters=TesseractOrientationFinder(workers, tesseract),
            by_reading=RapidOrientationFinder(workers, timeout_s=settings.ocr_timeout_s),
        ),
        engines=_engines(settings, resources, health, workers, tesseract),
    )  # fmt: skip
    uses = SeeingUses(
        extract_text=ExtractText(
            source=source, editor=editor, read_page=read_page,
            redact_page=RedactPage(editor=editor), limits=limits,
        ),
        read_codes=ReadCodes(
            source=source, reader=WorkerCodeReader(workers, picture_limits), limits=limits
        ),
        draw_code=DrawCode(writer=WorkerCodeWriter(workers)),
        open_file=OpenFile(store=store, catalogue=catalogue),
        max_body_bytes=settings.ocr_max_bytes + _FORM_ROOM_BYTES,
    )  # fmt: skip
    return Seeing(uses=uses, recogniser=PageTextRecogniser(read_page, max_pages=settings.ocr_max_pages))


def _engines(
    settings: Settings,
    resources: AsyncExitStack,
    health: Health,
    workers: LimitedWorkers,
    tesseract: TesseractTextEngine,
) -> RouteEngines:
    external, breaker = None, None
    if settings.ocr_service_url:
        external = ExternalTextEngine(settings.ocr_service_url, timeout_s=settings.ocr_service_timeout_s)
        resources.callback(external.close)
        breaker = CircuitBreaker(clock=time.monotonic)

    async def report() -> Mapping[str, Any]:
        """Tell which engines there are; none of them makes the service unready, for PP-OCR is always there."""
        state = "none" if breaker is None else breaker.state
        return {"rapidocr": "installed", "tesseract": tesseract.state, "external": state}

    health.probe("ocr", report)
    rapid = RapidTextEngine(workers, timeout_s=settings.ocr_timeout_s)
    return RouteEngines(rapid=rapid, tesseract=tesseract, external=external, breaker=breaker)
