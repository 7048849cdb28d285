"""Pages decoded in limited workers."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from dataflowtools.src.drivenadapters.ocr.held_files import HeldFiles
from dataflowtools.src.drivenadapters.ocr.passing import opened_again
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.logics.ocr.ports.page_source import FileFacts, HeldFile, PagePicture, PageSource


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """What decoding one page may cost."""

    max_pixels: int
    working_pixels: int = 20_000_000
    max_frames: int = 100
    timeout_s: float = 60.0
    memory_bytes: int = 1400 << 20


class WorkerPageSource(PageSource):
    """Pillow, pillow-heif and PDFium behind the wall of a worker."""

    def __init__(self, workers: LimitedWorkers, held: HeldFiles, limits: PictureLimits) -> None:
        self._workers = workers
        self._held = held
        self._limits = limits

    def take(self, chunks: AsyncIterator[bytes]) -> AbstractAsyncContextManager[HeldFile]:
        return self._held.take(chunks)

    async def inspect(self, file: HeldFile, *, password: str | None = None) -> FileFacts:
        limits = self._limits
        arguments = {"max_pixels": limits.max_pixels, "max_frames": limits.max_frames, "password": password}
        with opened_again(file.handle) as descriptor:
            result = await self._workers.run(
                "pictures.inspect", arguments, files=[descriptor],
                timeout_s=limits.timeout_s, memory_bytes=limits.memory_bytes,
            )  # fmt: skip
        return FileFacts(**result.value)

    async def read(
        self, file: HeldFile, number: int, *, dpi: int, password: str | None = None, texts: bool = True
    ) -> PagePicture:
        limits = self._limits
        arguments = {
            "number": number, "dpi": dpi, "password": password, "texts": texts,
            "max_pixels": limits.max_pixels, "working_pixels": limits.working_pixels,
        }  # fmt: skip
        with opened_again(file.handle) as descriptor:
            result = await self._workers.run(
                "pictures.page", arguments, files=[descriptor],
                timeout_s=limits.timeout_s, memory_bytes=limits.memory_bytes,
            )  # fmt: skip
        return PagePicture(png=result.blobs[0], **result.value)
