"""Steps that the table engine does: a table of one format becomes a table of another."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from dataflowtools.src.logics.data_analysis.output import Output
from dataflowtools.src.logics.data_analysis.ports.table_engine import TableEngine
from dataflowtools.src.logics.data_analysis.reading import ReadTable
from dataflowtools.src.logics.file.converting.formats import FORMATS
from dataflowtools.src.logics.file.converting.graph import Hop
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.converting.ports.converter import Converted, Converter
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument

_NAME = "tables"
_BOOKS = ("xlsx", "xls", "xlsb", "ods")
_TABLES = ("csv", "tsv", "json", "ndjson", "parquet", "arrow")
_WRITTEN = {
    "csv": "csv", "tsv": "tsv", "xlsx": "xlsx", "json": "json", "ndjson": "ndjson", "parquet": "parquet",
    "arrow": "arrow", "md": "markdown", "html": "html",
}  # fmt: skip
_MARKUP_COST = 2.5  # of books, the reader writes every sheet


class TableConverter(Converter):
    """Reads a table and writes it without changing it; texts never become formulas."""

    def __init__(
        self,
        *,
        engine: TableEngine,
        read: Callable[[TakenDocument], AsyncIterator[bytes]],
        take: Callable[[AsyncIterator[bytes]], AbstractAsyncContextManager[TakenDocument]],
    ) -> None:
        self._engine = engine
        self._read = read
        self._take = take

    def hops(self) -> Sequence[Hop]:
        """List the pairs of tables."""
        return [
            _hop(source, target)
            for source in (*_BOOKS, *_TABLES)
            for target in _WRITTEN
            if _has(source, target)
        ]

    @asynccontextmanager
    async def convert(
        self, tenant: str, hop: Hop, source: TakenDocument, options: ConvertOptions
    ) -> AsyncIterator[Converted]:
        """Read, and write."""
        del tenant
        read: dict[str, Any] = {"format": _format(hop.source), "encoding": options.encoding}
        read |= {"delimiter": options.delimiter, "missing": [""]}  # a text NA is a text
        if hop.source in _BOOKS:
            read |= {"sheet": options.sheet}
        output = Output(format=_WRITTEN[hop.target], escape_formulas=options.escape_formulas)  # type: ignore[arg-type]  # one of the table above
        request = {"steps": [], "output": output.model_dump(mode="json"), "dry_run": False, "preview_rows": 0}
        wanted = ReadTable.model_validate(read).model_dump(mode="json")
        name = f"table.{FORMATS[hop.source].ending}"
        async with (
            self._engine.hold("data", name, wanted, self._read(source)) as table,
            self._engine.compute("transform", [table], request) as done,
            self._take(_chunks(done.output)) as held,
        ):
            yield Converted(document=held, format=hop.target, warnings=_warnings(done.facts["warnings"]))


async def _chunks(output: AsyncIterator[bytes] | None) -> AsyncIterator[bytes]:
    if output is not None:
        async for chunk in output:
            yield chunk


def _has(source: str, target: str) -> bool:
    return source != target and not (source in _BOOKS and target == "xlsx")


def _hop(source: str, target: str) -> Hop:
    losses: tuple[str, ...] = ("formulas", "styles", "pictures", "other_sheets") if source in _BOOKS else ()
    if target in ("csv", "tsv", "json", "ndjson", "md", "html") and source in ("parquet", "arrow"):
        losses += ("types",)
    cost = _MARKUP_COST if target in ("md", "html") else 1.0
    known = frozenset({"sheet"}) if source in _BOOKS else frozenset[str]()
    return Hop(source=source, target=target, converter=_NAME, cost=cost, losses=losses, knows=known)


def _format(source: str) -> str | None:
    return None if source in ("csv", "json") else source


def _warnings(found: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"code": str(one.get("code", "table")), "message": str(one.get("message", ""))} for one in found]
