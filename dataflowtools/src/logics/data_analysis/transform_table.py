"""A table through a pipeline of steps, and the result as records, as content, or as a stored file."""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.common.stored_file import IncomingFile, Owner, StoredFile
from dataflowtools.src.errors import WorkerResultTooLarge
from dataflowtools.src.logics.data_analysis.gather_tables import GatherTables
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.output import ENDINGS, TEXTS, Output
from dataflowtools.src.logics.data_analysis.ports.table_engine import Computed, TableEngine
from dataflowtools.src.logics.data_analysis.tables import TableSource
from dataflowtools.src.logics.file.upload_files import UploadFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformation:
    """What to do with which tables; the first one is the one that the steps change."""

    tables: Mapping[str, TableSource]
    steps: Sequence[Mapping[str, Any]]
    output: Output
    dry_run: bool = False
    preview_rows: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformed:
    """The report of the steps, and the result in the form that was asked for."""

    report: Mapping[str, Any]
    records: bytes | None = None
    file: StoredFile | None = None


class TransformTable:
    """Runs pipelines; nothing is stored when a step fails."""

    def __init__(
        self, *, gather: GatherTables, engine: TableEngine, upload_files: UploadFiles, limits: AnalysisLimits
    ) -> None:
        self._gather = gather
        self._engine = engine
        self._upload_files = upload_files
        self._limits = limits

    async def __call__(self, owner: Owner, ask: Transformation) -> Transformed:
        """Apply the steps; raises the errors of analysis, documents, files and workers."""
        request = {
            "steps": list(ask.steps),
            "output": ask.output.model_dump(mode="json"),
            "dry_run": ask.dry_run,
            "preview_rows": ask.preview_rows,
        }
        async with (
            self._gather(owner.tenant, ask.tables) as tables,
            self._engine.compute("transform", tables, request) as done,
        ):
            return await self._delivered(owner, ask, done, tables[0].file_name)

    async def _delivered(self, owner: Owner, ask: Transformation, done: Computed, name: str) -> Transformed:
        report = dict(done.facts)
        if ask.dry_run:
            return Transformed(report=report)
        if done.output is None:
            return Transformed(report=report, records=done.parts[0])
        if ask.output.inline:
            return Transformed(report=report | await self._content(ask.output, done))
        stored = await self._upload_files(owner, _one(_name(ask.output, name), done.output))
        return Transformed(report=report, file=stored[0])

    async def _content(self, output: Output, done: Computed) -> dict[str, Any]:
        if done.output_bytes > self._limits.inline_bytes:
            raise WorkerResultTooLarge(
                f"The result has {done.output_bytes} bytes; {self._limits.inline_bytes} come with a reply. "
                "Let it be stored."
            )
        content = b"".join([chunk async for chunk in done.output]) if done.output is not None else b""
        if output.format in TEXTS:
            return {"content": content.decode()}
        return {"content_base64": base64.b64encode(content).decode()}


async def _one(name: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[IncomingFile]:
    yield IncomingFile(name=name, chunks=chunks)


def _name(output: Output, source: str) -> str:
    ending = ENDINGS[output.format]
    stem = (output.name or source).rpartition(".")[0] or output.name or source
    if output.name.lower().endswith("." + ending):
        return output.name
    return f"{output.name or stem}.{ending}"
