"""Sheets into csv and tsv, cell by cell as they are; what is too long to be held at once passes the table engine."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from dataflowtools.src.drivenadapters.converting.worker_converters import WorkerSteps
from dataflowtools.src.logics.file.converting.graph import Hop
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.converting.ports.converter import Converted, Converter
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument

_BOOKS = ("xlsx", "xls", "xlsb", "ods")
_TEXTS = ("csv", "tsv")
_LOSSES = ("formulas", "styles", "pictures", "other_sheets")
_COST = 0.9  # before the table engine, which takes a row for the header


class CellConverter(Converter):
    """Writes every cell of a sheet."""

    def __init__(self, steps: WorkerSteps, long_tables: Converter) -> None:
        self._steps = steps
        self._long_tables = long_tables

    def hops(self) -> Sequence[Hop]:
        """List the pairs."""
        known = frozenset({"sheet"})
        return [
            Hop(source=source, target=target, converter="cells", cost=_COST, losses=_LOSSES, knows=known)
            for source in _BOOKS
            for target in _TEXTS
        ]

    @asynccontextmanager
    async def convert(
        self, tenant: str, hop: Hop, source: TakenDocument, options: ConvertOptions
    ) -> AsyncIterator[Converted]:
        """Have the cells written, or the table engine where there are too many."""
        arguments = {
            "source": hop.source, "target": hop.target, "sheet": options.sheet,
            "escape_formulas": options.escape_formulas,
        }  # fmt: skip
        async with self._steps.run("documents.cells", source, arguments) as (found, made):
            if not found["too_long"]:
                yield Converted(document=made, format=hop.target, warnings=found["warnings"])
                return
        async with self._long_tables.convert(tenant, hop, source, options) as converted:
            yield converted
