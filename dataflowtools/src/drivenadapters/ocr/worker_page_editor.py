"""Pages turned, masked, blackened and packed in limited workers."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataflowtools.src.drivenadapters.ocr.passing import in_memory
from dataflowtools.src.drivenadapters.workers.families import JobResult
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.errors import InvalidPattern, WorkerTimedOut
from dataflowtools.src.logics.ocr.model import Quad, Rect
from dataflowtools.src.logics.ocr.ports.page_editor import PackedPage, PageEditor, UprightPage

_TIMEOUT_S = 60.0
_PATTERN_TIMEOUT_S = 5.0
_MEMORY_BYTES = 1024 << 20


class WorkerPageEditor(PageEditor):
    """OpenCV and Pillow behind the wall of a worker."""

    def __init__(self, workers: LimitedWorkers) -> None:
        self._workers = workers

    async def make_upright(self, png: bytes, *, turn: int, deskew: bool, tables: bool) -> UprightPage:
        result = await self._run("pictures.upright", png, {"turn": turn, "deskew": deskew, "tables": tables})
        return UprightPage(
            png=result.blobs[0] if result.blobs else png,
            skew=result.value["skew"],
            back=result.value["back"],
            grids=[table["cells"] for table in result.value["tables"]],
        )

    async def mask(self, png: bytes, regions: Sequence[Rect]) -> bytes:
        return (await self._run("pictures.mask", png, {"regions": [list(rect) for rect in regions]})).blobs[0]

    async def redact(self, png: bytes, shapes: Sequence[Quad]) -> bytes:
        return (
            await self._run("pictures.redact", png, {"polygons": [list(shape) for shape in shapes]})
        ).blobs[0]

    async def pack(self, png: bytes) -> PackedPage:
        result = await self._run("pictures.compress", png, {})
        return PackedPage(result.blobs[0], **result.value)

    async def find_patterns(
        self, texts: Sequence[str], patterns: Sequence[str]
    ) -> Sequence[Sequence[tuple[int, int]]]:
        try:
            result = await self._workers.run(
                "pictures.patterns", {"texts": list(texts), "patterns": list(patterns)},
                timeout_s=_PATTERN_TIMEOUT_S, memory_bytes=_MEMORY_BYTES,
            )  # fmt: skip
        except WorkerTimedOut as exc:
            raise InvalidPattern("A pattern takes too long on this text.", field="/redact") from exc
        return [[(start, end) for start, end in spans] for spans in result.value["spans"]]

    async def _run(self, job: str, png: bytes, arguments: Mapping[str, Any]) -> JobResult:
        with in_memory(png) as descriptor:
            return await self._workers.run(
                job, arguments, files=[descriptor], timeout_s=_TIMEOUT_S, memory_bytes=_MEMORY_BYTES
            )
