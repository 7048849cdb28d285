"""Columnar tables (Parquet, Arrow files and streams): one table, read batch by batch."""

import base64
import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO, ClassVar

from dataflowtools.src.drivenadapters.documents.sheet_tables import cell_of
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import Caveat, Cell, Document, Table
from dataflowtools.src.logics.file.documents.options import ReadOptions

_BATCH_ROWS = 4096
_MAX_COLUMNS = 16_384
_PLAIN = (str, int, float, bool, datetime, date, time, timedelta, type(None))


class ColumnarHandler(DocumentHandler):
    """Reads Parquet and Arrow; pyarrow is imported when the first such file comes, for few workers meet one."""

    formats: ClassVar[frozenset[str]] = frozenset({"parquet", "arrow"})
    engine: ClassVar[str] = "pyarrow"

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read names and the first rows."""
        import pyarrow as pa

        source.file.seek(0)
        try:
            return _document(source, options)
        except (pa.ArrowException, OSError, ValueError) as exc:
            first = (str(exc).splitlines() or [""])[0][:200]
            raise CorruptFile(f"The {source.format} file cannot be read: {first}") from exc


def _document(source: Source, options: ReadOptions) -> Document:
    opened = _parquet(source.file) if source.format == "parquet" else _arrow(source.file)
    schema, batches, total = opened
    if len(schema.names) > _MAX_COLUMNS:
        raise CorruptFile(f"The table has {len(schema.names)} columns; {_MAX_COLUMNS} are read.")
    rows: list[list[Cell | None]] = [[Cell(name, header=True) for name in schema.names]]
    values = _rows(batches)
    rows.extend([_cell(value) for value in row] for row in islice(values, options.max_rows))
    more = next(values, None) is not None
    caveats = []
    if more:
        message = f"Only the first {options.max_rows} rows are shown."
        caveats.append(Caveat(code="rows_truncated", message=message))
    columns = [{"name": field.name, "type": str(field.type)} for field in schema]
    metadata: dict[str, Any] = {"columns": len(columns), "column_types": columns}
    counted = total if total is not None else None if more else len(rows) - 1
    if counted is not None:
        metadata["rows"] = counted
    return Document(blocks=[Table(rows=rows)], metadata=metadata, warnings=caveats)


def _parquet(file: BinaryIO) -> tuple[Any, Iterator[Any], int | None]:
    import pyarrow.parquet

    opened = pyarrow.parquet.ParquetFile(file)
    batches = opened.iter_batches(batch_size=_BATCH_ROWS, use_threads=False)
    return opened.schema_arrow, batches, opened.metadata.num_rows


def _arrow(file: BinaryIO) -> tuple[Any, Iterator[Any], int | None]:
    """Open a file with its index, or a stream, which begins with its schema."""
    import pyarrow.ipc

    indexed = file.read(6) == b"ARROW1"
    file.seek(0)
    if indexed:
        opened = pyarrow.ipc.open_file(file)
        batches = (opened.get_batch(number) for number in range(opened.num_record_batches))
        return opened.schema, batches, None
    stream = pyarrow.ipc.open_stream(file)
    return stream.schema, iter(stream), None


def _rows(batches: Iterator[Any]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        batch.validate(full=True)  # what the file says of lengths and places is believed by everything after
        for start in range(0, batch.num_rows, _BATCH_ROWS):
            piece = batch.slice(start, _BATCH_ROWS)
            yield from zip(*(column.to_pylist() for column in piece.columns), strict=True)


def _cell(value: Any) -> Cell:
    if isinstance(value, _PLAIN):
        return cell_of(value)
    if isinstance(value, Decimal):
        return Cell(str(value), value=str(value))
    if isinstance(value, bytes):
        return Cell(base64.b64encode(value).decode())
    return Cell(json.dumps(value, ensure_ascii=False, default=str))
