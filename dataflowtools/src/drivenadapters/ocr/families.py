"""The kinds of workers that see: one for pictures and codes, one for PP-OCR, one that may start Tesseract."""

from dataflowtools.src.drivenadapters.workers.families import MEBIBYTE, WorkerFamily

_WORKER = "dataflowtools.src.drivenadapters.ocr.worker"
_CONVERTING = "dataflowtools.src.drivenadapters.converting.worker"


def seeing_families(*, picture_workers: int, ocr_workers: int) -> list[WorkerFamily]:
    """List the families, each with so many workers."""
    return [
        WorkerFamily(
            name="pictures",
            jobs={
                "pictures.inspect": f"{_WORKER}.page_jobs:inspect",
                "pictures.page": f"{_WORKER}.page_jobs:read_page",
                "pictures.upright": f"{_WORKER}.upright:make_upright",
                "pictures.mask": f"{_WORKER}.edit_jobs:mask",
                "pictures.redact": f"{_WORKER}.edit_jobs:redact",
                "pictures.patterns": f"{_WORKER}.pattern_jobs:find_patterns",
                "pictures.compress": f"{_WORKER}.edit_jobs:compress",
                "pictures.convert": f"{_CONVERTING}.picture_jobs:convert",
                "pictures.draw_pages": f"{_CONVERTING}.page_jobs:draw",
                "codes.read": f"{_WORKER}.code_jobs:read_codes",
                "codes.draw": f"{_WORKER}.code_writing:draw_code",
            },
            warm_up=(f"{_WORKER}.second_opinion:warm_up", f"{_CONVERTING}.picture_jobs:warm_up"),
            size=picture_workers,
            memory_bytes=1536 * MEBIBYTE,
        ),
        WorkerFamily(
            name="rapidocr",
            jobs={
                "rapidocr.recognise": f"{_WORKER}.rapid_jobs:recognise",
                "rapidocr.turn": f"{_WORKER}.rapid_jobs:guess_turn",
            },
            warm_up=(f"{_WORKER}.rapid_jobs:warm_up",),
            size=ocr_workers,
            queue_timeout_s=120,
            memory_bytes=1536 * MEBIBYTE,
            growth_bytes=700 * MEBIBYTE,
        ),
        WorkerFamily(
            name="tesseract",
            jobs={
                "tesseract.languages": f"{_WORKER}.tesseract_jobs:languages",
                "tesseract.orientation": f"{_WORKER}.tesseract_jobs:orientation",
                "tesseract.recognise": f"{_WORKER}.tesseract_jobs:recognise",
            },
            warm_up=(f"{_WORKER}.tesseract_jobs",),
            size=ocr_workers,
            queue_timeout_s=120,
            memory_bytes=1024 * MEBIBYTE,
            may_execute=True,
        ),
    ]
