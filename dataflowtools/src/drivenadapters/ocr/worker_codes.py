"""Codes read and drawn in limited workers."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from dataflowtools.src.drivenadapters.ocr.passing import opened_again
from dataflowtools.src.drivenadapters.ocr.worker_page_source import PictureLimits
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.logics.ocr.ports.codes import CodeOrder, CodeReader, CodeWriter, PageCodes, RawCode
from dataflowtools.src.logics.ocr.ports.page_source import HeldFile

_DRAW_TIMEOUT_S = 10.0
_DRAW_MEMORY_BYTES = 512 << 20


class WorkerCodeReader(CodeReader):
    """zxing-cpp, with ZBar's second opinion, behind the wall of a worker."""

    def __init__(self, workers: LimitedWorkers, limits: PictureLimits) -> None:
        self._workers = workers
        self._limits = limits

    async def read(
        self,
        file: HeldFile,
        number: int,
        *,
        dpi: int,
        password: str | None,
        formats: Sequence[str],
        retries: bool,
    ) -> PageCodes:
        limits = self._limits
        arguments = {
            "number": number, "dpi": dpi, "password": password, "formats": list(formats), "retries": retries,
            "max_pixels": limits.max_pixels, "working_pixels": limits.working_pixels,
        }  # fmt: skip
        with opened_again(file.handle) as descriptor:
            result = await self._workers.run(
                "codes.read", arguments, files=[descriptor],
                timeout_s=limits.timeout_s, memory_bytes=limits.memory_bytes,
            )  # fmt: skip
        value = result.value
        return PageCodes(
            width=value["width"], height=value["height"], dpi=value["dpi"],
            codes=[_code(found) for found in value["codes"]],
            warnings=value["warnings"], second_opinion=value["second_opinion"],
        )  # fmt: skip


def _code(found: Mapping[str, Any]) -> RawCode:
    same = ("text", "format", "family", "content", "identifier", "level", "orientation", "extra", "reader")
    facts = {name: found[name] for name in same}
    polygon = [(float(x), float(y)) for x, y in found["polygon"]]
    return RawCode(data=base64.b64decode(found["bytes"]), polygon=polygon, **facts)


class WorkerCodeWriter(CodeWriter):
    """zxing-cpp's encoders, behind the wall of a worker."""

    def __init__(self, workers: LimitedWorkers) -> None:
        self._workers = workers

    async def draw(self, order: CodeOrder) -> bytes:
        arguments = {
            "format": order.format, "text": order.text, "output": order.output, "scale": order.scale,
            "bytes": None if order.data is None else base64.b64encode(order.data).decode(),
            "level": order.level, "gs1": order.gs1, "human_readable": order.human_readable,
            "quiet_zone": order.quiet_zone,
        }  # fmt: skip
        result = await self._workers.run(
            "codes.draw", arguments, timeout_s=_DRAW_TIMEOUT_S, memory_bytes=_DRAW_MEMORY_BYTES
        )
        return result.blobs[0]
