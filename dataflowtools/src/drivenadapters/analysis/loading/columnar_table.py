"""Tables in Parquet and Arrow files, their types brought to the few that the service knows."""

import io
from collections.abc import Callable
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from dataflowtools.src.drivenadapters.analysis.loading.names import name_warnings, unique_names
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable, check_columns, check_size
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits

_AS_TEXT = (pl.Categorical, pl.Enum, pl.Null, pl.Time)
_WIDE = (pl.Int128, pl.UInt128, pl.UInt64)
_ARROW_FILE = b"ARROW1"
_WHOLE = (pl.Int8, pl.Int16, pl.Int32, pl.Int128, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.UInt128)


def load_columnar(file: BinaryIO, kind: str, size_bytes: int, limits: AnalysisLimits) -> LoadedTable:
    """Read a columnar file; a large Parquet file stays on disk. Raises CorruptFile or TableTooLarge."""
    file.seek(0)
    try:
        if kind == "parquet" and size_bytes > limits.stream_bytes:
            return LoadedTable(lazy=plain(pl.scan_parquet(file)))
        frame, changed = _read(file, kind)
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError, ValueError) as exc:
        raise CorruptFile(f"The {kind} file cannot be read: {str(exc).splitlines()[0][:200]}") from exc
    check_columns(frame.width, limits)
    check_size(frame, limits)
    table = LoadedTable.held(plain(frame.lazy()).collect())
    table.warnings = name_warnings(changed)
    return table


def _read(file: BinaryIO, kind: str) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    if kind == "parquet":
        given = pq.ParquetFile(file).schema_arrow.names
        file.seek(0)
        content = b""
    else:
        content = file.read()
        given = _arrow(content).schema.names
    names, changed = unique_names(given)
    if len(set(given)) < len(given):  # Polars holds no two columns of one name, Arrow does
        table = pq.ParquetFile(file).read() if kind == "parquet" else _arrow(content).read_all()
        return pl.DataFrame(table.rename_columns(names)), changed
    frame = pl.read_parquet(file) if kind == "parquet" else _frame(content)
    frame.columns = names
    return frame, changed


def _arrow(content: bytes) -> Any:
    return (pa.ipc.open_file if content.startswith(_ARROW_FILE) else pa.ipc.open_stream)(content)


def _frame(content: bytes) -> pl.DataFrame:
    reader = pl.read_ipc if content.startswith(_ARROW_FILE) else pl.read_ipc_stream
    return reader(io.BytesIO(content))


def plain(lazy: pl.LazyFrame) -> pl.LazyFrame:
    """Cast what has a plainer form: moments lose their zone in UTC, integers beyond 64 bits become text."""
    schema = lazy.collect_schema()
    wide = [name for name, dtype in schema.items() if _may_exceed(dtype)]
    beyond = lazy.select(_exceeds(name) for name in wide).collect(engine="streaming").row(0) if wide else ()
    texts = {name for name, exceeds in zip(wide, beyond, strict=True) if exceeds}
    return lazy.select(
        (pl.col(name).cast(pl.String) if name in texts else _plain(dtype)(pl.col(name))).alias(name)
        for name, dtype in schema.items()
    )


def _may_exceed(dtype: pl.DataType) -> bool:
    return isinstance(dtype, _WIDE) or (isinstance(dtype, pl.Decimal) and dtype.scale == 0)


def _exceeds(name: str) -> pl.Expr:
    column = pl.col(name)
    return (column.is_not_null() & column.cast(pl.Int64, strict=False).is_null()).any()


def _plain(dtype: pl.DataType) -> Callable[[pl.Expr], pl.Expr]:
    if isinstance(dtype, _WHOLE) or (isinstance(dtype, pl.Decimal) and dtype.scale == 0):
        return lambda column: column.cast(pl.Int64)
    if dtype.is_decimal() or dtype.is_float():
        return lambda column: _finite(column.cast(pl.Float64))
    if isinstance(dtype, pl.Datetime):
        return lambda column: _moment(column, dtype)
    if isinstance(dtype, _AS_TEXT):
        return lambda column: column.cast(pl.String)
    return (
        (lambda column: column.bin.encode("base64"))
        if isinstance(dtype, pl.Binary)
        else lambda column: column
    )


def _moment(column: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    if dtype.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(pl.Datetime("us"))


def _finite(column: pl.Expr) -> pl.Expr:
    return pl.when(column.is_finite()).then(column)
