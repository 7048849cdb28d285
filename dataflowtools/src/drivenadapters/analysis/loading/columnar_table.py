"""Tables in Parquet and Arrow files, their types brought to the few that the service knows."""

import io
from collections.abc import Callable
from typing import BinaryIO

import polars as pl

from dataflowtools.src.drivenadapters.analysis.loading.names import name_warnings, unique_names
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable, check_columns, check_size
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits

_AS_TEXT = (pl.Categorical, pl.Enum, pl.Null, pl.Time)
_WHOLE = (pl.Int8, pl.Int16, pl.Int32, pl.Int128, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)


def load_columnar(file: BinaryIO, kind: str, size_bytes: int, limits: AnalysisLimits) -> LoadedTable:
    """Read a columnar file; a large Parquet file stays on disk. Raises CorruptFile or TableTooLarge."""
    file.seek(0)
    try:
        if kind == "parquet" and size_bytes > limits.stream_bytes:
            lazy = pl.scan_parquet(file)
            return LoadedTable(lazy=lazy.select(plain_types(lazy.collect_schema())))
        frame = _read(file, kind)
    except (pl.exceptions.PolarsError, OSError, ValueError) as exc:
        raise CorruptFile(f"The {kind} file cannot be read: {str(exc).splitlines()[0][:200]}") from exc
    check_columns(frame.width, limits)
    check_size(frame, limits)
    names, changed = unique_names(frame.columns)
    frame.columns = names
    table = LoadedTable.held(frame.select(plain_types(frame.schema)))
    table.warnings = name_warnings(changed)
    return table


def _read(file: BinaryIO, kind: str) -> pl.DataFrame:
    if kind == "parquet":
        return pl.read_parquet(file)
    content = file.read()
    reader = pl.read_ipc if content.startswith(b"ARROW1") else pl.read_ipc_stream
    return reader(io.BytesIO(content))


def plain_types(schema: pl.Schema) -> list[pl.Expr]:
    """Cast what has a plainer form; moments lose their zone in UTC."""
    return [_plain(dtype)(pl.col(name)).alias(name) for name, dtype in schema.items()]


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
